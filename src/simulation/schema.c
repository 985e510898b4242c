#include "simulation/schema.h"

#include "evolve/stage.h"
#include "field/term.h"
#include "mesh/source.h"
#include "output/output.h"

#include <stdlib.h>

static int count_keys(const weiss_key *keys)
{
    int n = 0;
    while (keys != NULL && keys[n].name != NULL)
        n++;
    return n;
}

/** Appends the keys of @p from to @p to, which has room for them. */
static void append(weiss_key *to, int *n, const weiss_key *from)
{
    for (; from != NULL && from->name != NULL; from++)
        to[(*n)++] = *from;
}

static int collect_material(weiss_schema *schema, weiss_context *ctx)
{
    int n = 0, filled = 0;
    for (int t = 0; weiss_term_table[t] != NULL; t++)
        n += count_keys(weiss_term_table[t]->material_keys);
    WEISS_TRY(WEISS_NEW(ctx, schema->material, n + 1));
    for (int t = 0; weiss_term_table[t] != NULL; t++)
        append(schema->material, &filled, weiss_term_table[t]->material_keys);
    return 0;
}

static int collect_sections(weiss_schema *schema, weiss_context *ctx)
{
    int n = 0;
    while (weiss_term_table[n] != NULL)
        n++;
    WEISS_TRY(WEISS_NEW(ctx, schema->sections, n + 2));
    n = 0;
    for (int t = 0; weiss_term_table[t] != NULL; t++)
        if (weiss_term_table[t]->section != NULL)
            schema->sections[n++] = *weiss_term_table[t]->section;
    schema->sections[n++] = (weiss_key){.name = "output",
                                        .kind = WEISS_KIND_MAP,
                                        .fallback = "{}",
                                        .members = weiss_output_keys(),
                                        .help = "What is written to the directory of results"};
    return 0;
}

/** Members of one stage: its own keys, then the sections of those terms that can change while the run goes on. An
 *  override has no default: what a stage does not name stays as the problem says. */
static int collect_stage(weiss_context *ctx, const weiss_stage_class *class, weiss_key **out)
{
    int n = count_keys(class->keys), filled = 0;
    for (int t = 0; weiss_term_table[t] != NULL; t++)
        n++;
    WEISS_TRY(weiss_alloc(ctx, out, (size_t)n + 1, sizeof **out));
    append(*out, &filled, class->keys);
    for (int t = 0; weiss_term_table[t] != NULL; t++) {
        const weiss_term_class *term = weiss_term_table[t];
        if (term->section == NULL || term->configure == NULL)
            continue;
        weiss_key *key = &(*out)[filled++];
        *key = *term->section;
        key->fallback = NULL;
        key->required = false;
    }
    return 0;
}

static int collect_stages(weiss_schema *schema, weiss_context *ctx)
{
    int n = 0;
    while (weiss_stage_table[n] != NULL)
        n++;
    WEISS_TRY(WEISS_NEW(ctx, schema->stages, n + 1));
    WEISS_TRY(WEISS_NEW(ctx, schema->stage_members, n));
    schema->nstages = n;
    for (int s = 0; s < n; s++) {
        const weiss_stage_class *class = weiss_stage_table[s];
        WEISS_TRY(collect_stage(ctx, class, &schema->stage_members[s]));
        schema->stages[s] = (weiss_key){.name = class->name,
                                        .kind = WEISS_KIND_MAP,
                                        .alternative = true,
                                        .members = schema->stage_members[s],
                                        .bare = class->bare,
                                        .help = class->help};
    }
    return 0;
}

int weiss_schema_assemble(weiss_context *ctx, weiss_schema **out)
{
    int code;
    weiss_schema *schema = NULL;
    *out = NULL;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, schema, 1));
    WEISS_TRY_OUT(code, collect_material(schema, ctx));
    WEISS_TRY_OUT(code, collect_sections(schema, ctx));
    WEISS_TRY_OUT(code, collect_stages(schema, ctx));
    schema->parts = (weiss_schema_parts){.mesh = weiss_mesh_keys(),
                                         .material = schema->material,
                                         .sections = schema->sections,
                                         .initial = weiss_initial_keys(),
                                         .stages = schema->stages};
    *out = schema;
    return 0;
out:
    weiss_schema_destroy(schema);
    return code;
}

void weiss_schema_destroy(weiss_schema *schema)
{
    if (schema == NULL)
        return;
    for (int s = 0; s < schema->nstages; s++)
        free(schema->stage_members[s]);
    free(schema->stage_members);
    free(schema->stages);
    free(schema->sections);
    free(schema->material);
    free(schema);
}
