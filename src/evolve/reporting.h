/* What a stage tells its observer: rows, snapshots and steps, with room for the energies of a row. */
#ifndef WEISS_EVOLVE_REPORTING_H
#define WEISS_EVOLVE_REPORTING_H

#include "evolve/stage.h"

/** Every stage keeps its number of steps so far in run->resume[WEISS_RESUME_STEPS]; what follows is its own.
 */
#define WEISS_RESUME_STEPS 0

typedef struct weiss_reporting {
    weiss_stage_run *run; /**< borrowed */
    double *energy; /**< one per active term; owned */
    double *columns; /**< further columns; owned */
    weiss_report report; /**< the last one */
    int64_t rows; /**< rows written by this stage in this process */
} weiss_reporting;

/** Collective. */
int weiss_reporting_create(weiss_stage_run *run, weiss_reporting *out);
void weiss_reporting_destroy(weiss_reporting *reporting);

/** Evaluates the field at the present state into reporting->report. Collective. */
int weiss_reporting_measure(weiss_reporting *reporting, double fraction);
/** Measures the present state, then hands it to the observer as a row and/or a snapshot. Collective.
 *  @return 0, WEISS_STOPPED when the observer asks to stop, or an error */
int weiss_reporting_show(weiss_reporting *reporting, double fraction, bool row, bool snapshot);
/** Tells of a step without evaluating anything, and updates the number of steps in run->resume. @p mean may
 * be NULL; @p max_torque and @p energy_total NAN. Collective. */
int weiss_reporting_step(weiss_reporting *reporting, double fraction, const double *mean, double max_torque,
                         double energy_total);

#endif
