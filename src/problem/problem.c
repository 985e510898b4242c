#include "problem/problem.h"

#include "base/file.h"
#include "base/text.h"
#include "problem/compose.h"

#include <stdlib.h>
#include <string.h>

/* Splits "dir/bar.yaml" into "dir" and "bar". */
static int take_names(weiss_problem *p, const char *path)
{
    const char *slash = strrchr(path, '/'), *file = slash != NULL ? slash + 1 : path;
    p->path = strdup(path);
    p->directory = slash == NULL   ? strdup(".")
                   : slash == path ? strdup("/")
                                   : strndup(path, (size_t)(slash - path));
    p->name = strdup(file);
    if (p->path == NULL || p->directory == NULL || p->name == NULL)
        return weiss_fail(p->ctx, WEISS_ERR_MEMORY, "out of memory while reading %s", path);
    char *dot = strrchr(p->name, '.');
    if (dot != NULL && dot != p->name)
        *dot = '\0';
    return 0;
}

static int take_materials(weiss_problem *p)
{
    const weiss_value *materials = weiss_value_get(p->root, "materials");
    if (materials->count == 0)
        return weiss_fail_at(p->ctx, materials, "expected at least one material, found none");
    WEISS_TRY(WEISS_NEW(p->ctx, p->materials, materials->count));
    for (size_t i = 0; i < materials->count; i++) {
        const weiss_value *values = materials->items[i];
        if (strcmp(values->name, "none") == 0)
            return weiss_fail_at(p->ctx, values,
                                 "expected another name: `none` stands for regions that are not magnetic");
        p->materials[p->nmaterials++] = (weiss_material){.name = values->name,
                                                         .Ms = weiss_value_number(values, "Ms"),
                                                         .alpha = weiss_value_number(values, "alpha"),
                                                         .gamma = weiss_value_number(values, "gamma"),
                                                         .values = values};
    }
    return 0;
}

static int fail_unknown_material(const weiss_problem *p, const weiss_value *rule)
{
    char shown[WEISS_TEXT_SHOWN], best[WEISS_TEXT_SHOWN] = "";
    weiss_nearest nearest = weiss_nearest_start(rule->text);
    for (int i = 0; i < p->nmaterials; i++)
        weiss_nearest_consider(&nearest, p->materials[i].name);
    if (nearest.best != NULL)
        weiss_text_show(nearest.best, best);
    return weiss_fail_at(p->ctx, rule, "expected the name of a material or `none`, found \"%s\"%s%s%s",
                         weiss_text_show(rule->text, shown), best[0] != '\0' ? ", did you mean \"" : "", best,
                         best[0] != '\0' ? "\"?" : "");
}

static int find_material(const weiss_problem *p, const weiss_value *rule, int *material)
{
    *material = -1;
    if (strcmp(rule->text, "none") == 0)
        return 0;
    for (int i = 0; i < p->nmaterials; i++)
        if (strcmp(p->materials[i].name, rule->text) == 0) {
            *material = i;
            return 0;
        }
    return fail_unknown_material(p, rule);
}

static int take_regions(weiss_problem *p)
{
    const weiss_value *regions = weiss_value_get(p->root, "regions");
    if (regions == NULL)
        return 0;
    WEISS_TRY(WEISS_NEW(p->ctx, p->regions, regions->count));
    for (size_t i = 0; i < regions->count; i++) {
        const weiss_value *rule = regions->items[i];
        int material;
        WEISS_TRY(find_material(p, rule, &material));
        p->regions[p->nregions++] =
            (weiss_region_rule){.region = rule->name, .material = material, .value = rule};
    }
    return 0;
}

/* Takes over @p root, also on failure. */
static int build(weiss_context *ctx, const char *path, weiss_value *root, const char *text, size_t length,
                 weiss_problem **out)
{
    weiss_problem *p;
    int code = WEISS_NEW(ctx, p, 1);
    if (code != 0) {
        weiss_value_destroy(root);
        return code;
    }
    p->ctx = ctx;
    p->root = root;
    p->length = length;
    WEISS_TRY_OUT(code, weiss_alloc(ctx, &p->text, length + 1, 1));
    memcpy(p->text, text, length);
    WEISS_TRY_OUT(code, take_names(p, path));
    WEISS_TRY_OUT(code, take_materials(p));
    WEISS_TRY_OUT(code, take_regions(p));
    const weiss_value *title = weiss_value_get(root, "title");
    p->title = title != NULL ? title->text : p->name;
out:
    if (code != 0)
        weiss_problem_destroy(p);
    else
        *out = p;
    return code;
}

int weiss_problem_read(weiss_context *ctx, const char *path, const weiss_schema_parts *parts,
                       weiss_problem **out)
{
    char *text = NULL;
    size_t length;
    *out = NULL;
    int code = weiss_schema_read_text(ctx, path, &text, &length);
    if (code == 0)
        code = weiss_agree(ctx, weiss_problem_parse(ctx, path, text, length, parts, out));
    free(text);
    if (code != 0) {
        weiss_problem_destroy(*out);
        *out = NULL;
    }
    return code;
}

int weiss_problem_parse(weiss_context *ctx, const char *path, const char *text, size_t length,
                        const weiss_schema_parts *parts, weiss_problem **out)
{
    weiss_composed schema;
    weiss_value *root = NULL;
    *out = NULL;
    WEISS_TRY(weiss_compose(ctx, parts, &schema));
    int code = weiss_schema_parse(ctx, path, text, length, schema.top, &root);
    if (code == 0)
        code = build(ctx, path, root, text, length, out);
    weiss_composed_free(&schema);
    return code;
}

int weiss_problem_print_defaults(weiss_context *ctx, const weiss_schema_parts *parts, FILE *to)
{
    weiss_composed schema;
    WEISS_TRY(weiss_compose(ctx, parts, &schema));
    int code = weiss_schema_print(ctx, schema.top, to);
    weiss_composed_free(&schema);
    return code;
}

void weiss_problem_destroy(weiss_problem *p)
{
    if (p == NULL)
        return;
    weiss_value_destroy(p->root);
    free(p->materials);
    free(p->regions);
    free(p->text);
    free(p->path);
    free(p->directory);
    free(p->name);
    free(p);
}

int weiss_problem_path(const weiss_problem *problem, const char *file, char **out)
{
    return weiss_path_join(problem->ctx, problem->directory, file, out);
}

static const weiss_region_rule *find_rule(const weiss_problem *p, const char *region)
{
    for (int i = 0; i < p->nregions; i++)
        if (strcmp(p->regions[i].region, region) == 0)
            return &p->regions[i];
    return NULL;
}

int weiss_problem_region_material(const weiss_problem *p, int tag, const char *name, int *material)
{
    char number[16], shown[WEISS_TEXT_SHOWN];
    snprintf(number, sizeof number, "%d", tag);
    const weiss_region_rule *rule = name[0] != '\0' ? find_rule(p, name) : NULL;
    if (rule == NULL)
        rule = find_rule(p, number);
    if (rule == NULL)
        rule = find_rule(p, "default");
    *material = rule != NULL ? rule->material : 0;
    if (rule != NULL || (p->nregions == 0 && p->nmaterials == 1))
        return 0;
    char rules[256] = "";
    for (int i = 0; i < p->nregions && strlen(rules) < 128; i++) {
        size_t used = strlen(rules);
        snprintf(rules + used, sizeof rules - used, "%s%s", i > 0 ? ", " : "",
                 weiss_text_show(p->regions[i].region, shown));
    }
    const weiss_value *regions = weiss_value_get(p->root, "regions");
    return weiss_fail_at(
        p->ctx, regions != NULL ? regions : p->root,
        "expected a material for region %d%s%s%s of the mesh, found rules for: %s; add \"%s: MATERIAL\" "
        "or \"default: MATERIAL\" to regions",
        tag, name[0] != '\0' ? " (" : "", weiss_text_show(name, shown), name[0] != '\0' ? ")" : "",
        p->nregions > 0 ? rules : "none", name[0] != '\0' ? shown : number);
}
