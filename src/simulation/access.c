/* The public interface: looking at a simulation and setting its state. */
#include "simulation/simulation.h"

#include <stdlib.h>
#include <string.h>

int64_t weiss_simulation_nodes(const weiss_simulation *simulation)
{
    return simulation->mesh->nnodes_global;
}

int32_t weiss_simulation_owned_nodes(const weiss_simulation *simulation)
{
    return simulation->mesh->nowned;
}

static size_t nodal_bytes(const weiss_simulation *simulation)
{
    return 3 * (size_t)simulation->mesh->nowned * sizeof(double);
}

void weiss_simulation_coordinates(const weiss_simulation *simulation, double *xyz)
{
    memcpy(xyz, simulation->mesh->xyz, nodal_bytes(simulation));
}

void weiss_simulation_volumes(const weiss_simulation *simulation, double *volume)
{
    memcpy(volume, simulation->space->volume, nodal_bytes(simulation) / 3);
}

void weiss_simulation_magnetisation(const weiss_simulation *simulation, double *m)
{
    memcpy(m, simulation->state->m, nodal_bytes(simulation));
}

int weiss_simulation_set_magnetisation(weiss_simulation *simulation, const double *m)
{
    weiss_clear_error(simulation->ctx);
    memcpy(simulation->state->m, m, nodal_bytes(simulation));
    return weiss_state_normalise(simulation->state);
}

int weiss_simulation_mean(weiss_simulation *simulation, double mean[3])
{
    weiss_clear_error(simulation->ctx);
    return weiss_space_mean(simulation->space, simulation->state->m, mean);
}

double weiss_simulation_time(const weiss_simulation *simulation)
{
    return simulation->state->time;
}

int weiss_simulation_terms(const weiss_simulation *simulation)
{
    return weiss_effective_count(simulation->effective);
}

const char *weiss_simulation_term(const weiss_simulation *simulation, int term)
{
    return weiss_effective_class(simulation->effective, term)->name;
}

static weiss_point present(const weiss_simulation *simulation)
{
    return (weiss_point){.time = simulation->state->stage_time, .m = simulation->state->m};
}

int weiss_simulation_field(weiss_simulation *simulation, const char *name, double *field)
{
    const weiss_point at = present(simulation);
    double energy;
    weiss_clear_error(simulation->ctx);
    if (name != NULL)
        return weiss_effective_evaluate_term(simulation->effective, name, &at, field, &energy);
    return weiss_effective_evaluate(simulation->effective, &at, field, NULL);
}

int weiss_simulation_energies(weiss_simulation *simulation, double *energy)
{
    const weiss_point at = present(simulation);
    double *field = NULL;
    weiss_context *ctx = simulation->ctx;
    weiss_clear_error(ctx);
    int code = weiss_agree(ctx, WEISS_NEW(ctx, field, 3 * (size_t)simulation->mesh->nowned));
    if (code == 0)
        code = weiss_effective_evaluate(simulation->effective, &at, field, energy);
    free(field);
    return code;
}
