#include "problem/compose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const weiss_key own_material_keys[] = {
    {.name = "Ms",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_MAGNETISATION,
     .required = true,
     .positive = true,
     .help = "Saturation magnetisation",
     .example = "800 kA/m"},
    {.name = "alpha",
     .kind = WEISS_KIND_NUMBER,
     .fallback = "0.5",
     .min = 0,
     .max = INFINITY,
     .help = "Gilbert damping"},
    {.name = "gamma",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_GYROMAGNETIC,
     .fallback = "2.211e5 m/(A s)",
     .positive = true,
     .help = "Gyromagnetic ratio times mu0"},
    {.name = NULL},
};

static size_t table_length(const weiss_key *table)
{
    size_t n = 0;
    while (table != NULL && table[n].name != NULL)
        n++;
    return n;
}

/* One table from two, either of which may be NULL. */
static int join(weiss_context *ctx, const weiss_key *first, const weiss_key *second, weiss_key **out)
{
    size_t n = 0;
    WEISS_TRY(weiss_alloc(ctx, out, table_length(first) + table_length(second) + 1, sizeof **out));
    for (; first != NULL && first->name != NULL; first++)
        (*out)[n++] = *first;
    for (; second != NULL && second->name != NULL; second++)
        (*out)[n++] = *second;
    return 0;
}

static void make_alternatives(weiss_key *table)
{
    for (; table->name != NULL; table++)
        table->alternative = true;
}

static int join_top(weiss_context *ctx, const weiss_schema_parts *parts, weiss_composed *c)
{
    const weiss_key own[] = {
        {.name = "title",
         .kind = WEISS_KIND_TEXT,
         .help = "Shown in reports and pictures",
         .example = "Permalloy bar"},
        {.name = "mesh",
         .kind = WEISS_KIND_MAP,
         .required = true,
         .members = parts->mesh,
         .help = "The body: a shape to be meshed, or a file with a mesh"},
        {.name = "materials",
         .kind = WEISS_KIND_NAMED,
         .required = true,
         .members = c->material_element,
         .help = "Materials, each under a name of your choice"},
        {.name = "regions",
         .kind = WEISS_KIND_NAMED,
         .members = c->region_element,
         .help =
             "Which material each region of the mesh is made of, `none` for one that is not magnetic. "
             "A region is a physical name of the mesh, its number, or `default` for all that are not named. "
             "A problem with one material needs no regions"},
        {.name = "initial",
         .kind = WEISS_KIND_MAP,
         .required = true,
         .members = c->initial,
         .help = "The magnetisation at the start"},
        {.name = NULL},
    };
    const weiss_key last[] = {
        {.name = "stages",
         .kind = WEISS_KIND_LIST,
         .fallback = "[]",
         .members = c->stage_element,
         .help =
             "What is done, one stage after the other; without stages only the initial state is evaluated. "
             "A stage that needs no settings may be given by its name alone"},
        {.name = NULL},
    };
    weiss_key *first = NULL;
    WEISS_TRY(join(ctx, own, parts->sections, &first));
    int code = join(ctx, first, last, &c->top);
    free(first);
    return code;
}

int weiss_compose(weiss_context *ctx, const weiss_schema_parts *parts, weiss_composed *c)
{
    int code;
    *c = (weiss_composed){0};
    WEISS_TRY_OUT(code, join(ctx, own_material_keys, parts->material, &c->material));
    WEISS_TRY_OUT(code, join(ctx, parts->initial, NULL, &c->initial));
    WEISS_TRY_OUT(code, join(ctx, parts->stages, NULL, &c->stages));
    make_alternatives(c->initial);
    make_alternatives(c->stages);
    c->material_element[0] = (weiss_key){.name = "permalloy", .kind = WEISS_KIND_MAP, .members = c->material};
    c->region_element[0] = (weiss_key){.name = "default", .kind = WEISS_KIND_TEXT, .example = "permalloy"};
    c->stage_element[0] = (weiss_key){.name = "stage", .kind = WEISS_KIND_MAP, .members = c->stages};
    WEISS_TRY_OUT(code, join_top(ctx, parts, c));
out:
    if (code != 0)
        weiss_composed_free(c);
    return code;
}

void weiss_composed_free(weiss_composed *c)
{
    free(c->top);
    free(c->material);
    free(c->initial);
    free(c->stages);
    *c = (weiss_composed){0};
}
