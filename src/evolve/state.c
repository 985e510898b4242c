#include "evolve/state.h"

#include "evolve/vector3.h"

#include <stdlib.h>

int weiss_state_create(const weiss_space *space, weiss_effective *effective, weiss_state **out)
{
    *out = NULL;
    weiss_state *state = NULL;
    int code = WEISS_NEW(space->ctx, state, 1);
    if (code == 0)
        code = WEISS_NEW(space->ctx, state->m, 3 * (size_t)space->mesh->nlocal);
    if ((code = weiss_agree(space->ctx, code)) != 0) {
        weiss_state_destroy(state);
        return code;
    }
    state->ctx = space->ctx;
    state->mesh = space->mesh;
    state->space = space;
    state->effective = effective;
    *out = state;
    return 0;
}

void weiss_state_destroy(weiss_state *state)
{
    if (state == NULL)
        return;
    free(state->m);
    free(state);
}

int weiss_state_normalise(weiss_state *state)
{
    int code = 0;
    for (weiss_lidx i = 0; i < state->mesh->nowned && code == 0; i++) {
        double *m = state->m + 3 * (size_t)i;
        if (weiss_normalise3(m) == 0)
            code = weiss_fail(
                state->ctx, WEISS_ERR_VALUE,
                "node %lld of the mesh at (%g, %g, %g) m has the magnetisation (%g, %g, %g), which gives no "
                "direction: give every node a vector that is not zero",
                (long long)state->mesh->original[i], state->mesh->xyz[3 * (size_t)i],
                state->mesh->xyz[3 * (size_t)i + 1], state->mesh->xyz[3 * (size_t)i + 2], m[0], m[1], m[2]);
    }
    WEISS_TRY(weiss_agree(state->ctx, code));
    return weiss_halo_update(state->mesh, 3, state->m);
}

int weiss_state_report(weiss_state *state, double *energy, double *columns, weiss_report *report)
{
    const weiss_point at = {.time = state->stage_time, .m = state->m};
    double *field = NULL;
    int code = WEISS_NEW(state->ctx, field, 3 * (size_t)state->mesh->nowned);
    WEISS_TRY_OUT(code, weiss_agree(state->ctx, code));
    WEISS_TRY_OUT(code, weiss_effective_evaluate(state->effective, &at, field, energy));
    WEISS_TRY_OUT(code, weiss_effective_column_values(state->effective, &at, columns));
    WEISS_TRY_OUT(code, weiss_space_mean(state->space, state->m, report->mean));
    WEISS_TRY_OUT(code, weiss_state_torque(state, field, &report->max_torque));
    report->time = state->time;
    report->energy = energy;
    report->columns = columns;
    report->energy_total = 0;
    for (int i = 0; i < weiss_effective_count(state->effective); i++)
        report->energy_total += energy[i];
out:
    free(field);
    return code;
}

int weiss_state_torque(const weiss_state *state, const double *field, double *max_torque)
{
    double largest = 0;
    for (size_t i = 0; i < (size_t)state->mesh->nowned; i++) {
        double torque[3];
        weiss_cross3(state->m + 3 * i, field + 3 * i, torque);
        double square = weiss_dot3(torque, torque);
        if (!(square <= largest)) /* a NaN is taken too, and shows */
            largest = square;
    }
    largest = isnan(largest) ? INFINITY : sqrt(largest);
    if (MPI_Allreduce(&largest, max_torque, 1, MPI_DOUBLE, MPI_MAX, weiss_comm(state->ctx)) != MPI_SUCCESS)
        return weiss_fail(state->ctx, WEISS_ERR_MPI,
                          "the largest torque could not be found: MPI_Allreduce failed");
    return 0;
}
