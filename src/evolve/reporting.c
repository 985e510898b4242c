#include "evolve/reporting.h"

#include <math.h>
#include <stdlib.h>

int weiss_reporting_create(weiss_stage_run *run, weiss_reporting *out)
{
    const weiss_effective *effective = run->state->effective;
    *out = (weiss_reporting){.run = run};
    int code;
    WEISS_TRY_OUT(code, WEISS_NEW(run->state->ctx, out->energy, weiss_effective_count(effective)));
    WEISS_TRY_OUT(code, WEISS_NEW(run->state->ctx, out->columns, weiss_effective_column_count(effective)));
out:
    return weiss_agree(run->state->ctx, code);
}

void weiss_reporting_destroy(weiss_reporting *reporting)
{
    free(reporting->energy);
    free(reporting->columns);
}

static void fill_place(weiss_reporting *r, double fraction)
{
    r->report.stage = r->run->index;
    r->report.stage_name = r->run->name;
    r->report.time = r->run->state->time;
    r->report.steps = r->run->steps_before + r->run->steps;
    r->report.fraction = fraction;
}

int weiss_reporting_measure(weiss_reporting *r, double fraction)
{
    fill_place(r, fraction);
    return weiss_state_report(r->run->state, r->energy, r->columns, &r->report);
}

int weiss_reporting_show(weiss_reporting *r, double fraction, bool row, bool snapshot)
{
    const weiss_observer *observer = r->run->observer;
    int code = 0;
    WEISS_TRY(weiss_reporting_measure(r, fraction));
    if (row) {
        r->rows++;
        if (observer != NULL && observer->row != NULL)
            code = observer->row(observer->self, r->run->state, &r->report);
    }
    if ((code == 0 || code == WEISS_STOPPED) && snapshot && observer != NULL && observer->snapshot != NULL) {
        int snapshot_code = observer->snapshot(observer->self, r->run->state, &r->report);
        code = snapshot_code != 0 ? snapshot_code : code;
    }
    return code;
}

int weiss_reporting_step(weiss_reporting *r, double fraction, const double *mean, double max_torque,
                         double energy_total)
{
    const weiss_observer *observer = r->run->observer;
    r->run->resume[WEISS_RESUME_STEPS] = (double)r->run->steps;
    if (observer == NULL || observer->step == NULL)
        return 0;
    fill_place(r, fraction);
    for (int k = 0; k < 3; k++)
        r->report.mean[k] = mean != NULL ? mean[k] : NAN;
    r->report.energy_total = energy_total;
    r->report.energy = NULL;
    r->report.columns = NULL;
    r->report.max_torque = max_torque;
    return observer->step(observer->self, r->run->state, &r->report, r->run->resume, r->run->nresume);
}
