#include "simulation/simulation.h"

#include "evolve/stage.h"
#include "mesh/source.h"

#include <stdlib.h>
#include <string.h>

/** Checks of the stages that no schema can express (stop conditions), before anything is made. Local. */
static int check_stages(weiss_context *ctx, const weiss_problem *problem)
{
    const weiss_value *stages = weiss_value_get(problem->root, "stages");
    for (size_t i = 0; stages != NULL && i < stages->count; i++) {
        const weiss_value *stage = weiss_value_alternative(stages->items[i]);
        for (int s = 0; stage != NULL && weiss_stage_table[s] != NULL; s++)
            if (strcmp(weiss_stage_table[s]->name, stage->name) == 0 && weiss_stage_table[s]->check != NULL)
                WEISS_TRY(weiss_stage_table[s]->check(ctx, stage));
    }
    return 0;
}

/** An empty simulation with its schema. Local. @p *out is to be destroyed also on failure. */
static int create(weiss_context *ctx, weiss_simulation **out)
{
    WEISS_TRY(WEISS_NEW(ctx, *out, 1));
    (*out)->ctx = ctx;
    WEISS_TRY(weiss_record_create(ctx, &(*out)->record));
    return weiss_schema_assemble(ctx, &(*out)->schema);
}

/** Notes the time that a phase has taken since @p start. Collective. */
static int note_phase(weiss_simulation *simulation, const char *name, double start)
{
    return weiss_agree(simulation->ctx, weiss_record_phase(simulation->record, name, MPI_Wtime() - start));
}

/** Reads from @p text, or from the file @p name when @p text is NULL. Collective. */
static int begin(weiss_session *session, const char *name, const char *text, weiss_simulation **out)
{
    int code;
    double start = MPI_Wtime();
    weiss_context *ctx = session->ctx;
    weiss_simulation *simulation = NULL;
    *out = NULL;
    weiss_clear_error(ctx);
    WEISS_TRY_OUT(code, weiss_agree(ctx, create(ctx, &simulation)));
    const weiss_schema_parts *parts = &simulation->schema->parts;
    if (text == NULL)
        code = weiss_problem_read(ctx, name, parts, &simulation->problem);
    else
        code = weiss_problem_parse(ctx, name, text, strlen(text), parts, &simulation->problem);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    WEISS_TRY_OUT(code, weiss_agree(ctx, check_stages(ctx, simulation->problem)));
    WEISS_TRY_OUT(code, note_phase(simulation, "problem", start));
    *out = simulation;
    return 0;
out:
    weiss_simulation_destroy(simulation);
    return code;
}

int weiss_simulation_read(weiss_session *session, const char *path, weiss_simulation **out)
{
    return begin(session, path, NULL, out);
}

int weiss_simulation_parse(weiss_session *session, const char *name, const char *text, weiss_simulation **out)
{
    return begin(session, name, text, out);
}

int weiss_simulation_make_mesh(weiss_simulation *simulation)
{
    int code;
    double start = MPI_Wtime();
    weiss_tetmesh *whole = NULL;
    WEISS_TRY_OUT(code, weiss_mesh_obtain(simulation->problem, &whole));
    WEISS_TRY_OUT(code, weiss_mesh_distribute(simulation->ctx, whole, &simulation->mesh));
    WEISS_TRY_OUT(code, note_phase(simulation, "mesh", start));
out:
    weiss_tetmesh_destroy(whole);
    return code;
}

int weiss_simulation_make_state(weiss_simulation *simulation)
{
    double start = MPI_Wtime();
    WEISS_TRY(weiss_space_create(simulation->problem, simulation->mesh, &simulation->space));
    WEISS_TRY(weiss_effective_create(simulation->space, weiss_term_table, &simulation->effective));
    WEISS_TRY(weiss_state_create(simulation->space, simulation->effective, &simulation->state));
    WEISS_TRY(weiss_initial_set(simulation->state, simulation->problem));
    return note_phase(simulation, "terms", start);
}

int weiss_simulation_build(weiss_simulation *simulation)
{
    weiss_clear_error(simulation->ctx);
    WEISS_TRY(weiss_simulation_make_mesh(simulation));
    return weiss_simulation_make_state(simulation);
}

void weiss_simulation_destroy(weiss_simulation *simulation)
{
    if (simulation == NULL)
        return;
    weiss_state_destroy(simulation->state);
    weiss_effective_destroy(simulation->effective);
    weiss_space_destroy(simulation->space);
    weiss_mesh_destroy(simulation->mesh);
    weiss_problem_destroy(simulation->problem);
    weiss_schema_destroy(simulation->schema);
    weiss_record_destroy(simulation->record);
    free(simulation);
}
