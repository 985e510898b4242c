/* Stage `evaluate`: energies and fields of the present state; nothing changes. */
#include "evolve/reporting.h"

static int run_evaluate(weiss_stage_run *run)
{
    weiss_reporting reporting;
    int code = weiss_reporting_create(run, &reporting);
    if (code == 0)
        code = weiss_reporting_show(&reporting, 1, true, true);
    if (code == 0) {
        run->outcome = WEISS_OUTCOME_COMPLETE;
        snprintf(run->reason, sizeof run->reason, "total energy %.6g J, largest torque %.4g A/m",
                 reporting.report.energy_total, reporting.report.max_torque);
    } else if (code == WEISS_STOPPED) {
        run->outcome = WEISS_OUTCOME_STOPPED;
    }
    weiss_reporting_destroy(&reporting);
    return code;
}

static const weiss_key keys[] = {{.name = NULL}};

const weiss_stage_class weiss_stage_evaluate = {
    .name = "evaluate",
    .help = "Writes one row of energies, and the fields, of the state as it is",
    .keys = keys,
    .run = run_evaluate,
};
