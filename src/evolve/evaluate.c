/* Stage `evaluate`: energies and fields of the present state, nothing changes. */
#include "evolve/stage.h"

#include <stdlib.h>

static int evaluate_run(weiss_stage_run *run)
{
    weiss_state *state = run->state;
    const weiss_observer *observer = run->observer;
    weiss_report report = {.stage = run->index, .stage_name = run->name, .steps = run->steps_before, .fraction = 1};
    double *energy = NULL, *columns = NULL;
    int code = 0;

    WEISS_TRY_OUT(code, WEISS_NEW(state->ctx, energy, weiss_effective_count(state->effective)));
    WEISS_TRY_OUT(code, WEISS_NEW(state->ctx, columns, weiss_effective_column_count(state->effective)));
    WEISS_TRY_OUT(code, weiss_effective_configure(state->effective, run->config));
    WEISS_TRY_OUT(code, weiss_state_report(state, energy, columns, &report));
    if (observer->row != NULL)
        WEISS_TRY_OUT(code, observer->row(observer->self, state, &report));
    if (observer->snapshot != NULL)
        WEISS_TRY_OUT(code, observer->snapshot(observer->self, state, &report));
    run->outcome = WEISS_OUTCOME_COMPLETE;
    snprintf(run->reason, sizeof run->reason, "total energy %.6g J, largest torque %.4g A/m", report.energy_total,
             report.max_torque);
out:
    free(energy);
    free(columns);
    return code;
}

const weiss_stage_class weiss_stage_evaluate = {
    .name = "evaluate",
    .help = "Write one row of energies, and the fields, of the state as it is",
    .keys = NULL,
    .bare = NULL,
    .run = evaluate_run,
};
