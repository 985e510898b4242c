/* Running the stages of a problem in sequence, with outputs, checkpoints and restart. */
#ifndef WEISS_SIMULATION_RUN_H
#define WEISS_SIMULATION_RUN_H

#include "simulation/simulation.h"

#include <signal.h>

/** Who is told how the run goes on, to show it to people. Called on rank 0 only. Any may be NULL. */
typedef struct weiss_monitor {
    void *self;
    void (*stage_begin)(void *self, const weiss_stage_run *stage, int nstages);
    void (*step)(void *self, const weiss_report *report); /**< energy may be NULL, the torque NAN */
    void (*row)(void *self, const weiss_report *report);
    void (*stage_end)(void *self, const weiss_stage_run *stage, double seconds);
} weiss_monitor;

typedef struct weiss_run_options {
    const char *directory; /**< where results go; exists */
    bool restart; /**< go on from the checkpoint in directory */
    bool changed; /**< restart: also when the problem file has changed since */
    const volatile sig_atomic_t
        *stop; /**< the run saves and stops when it is not 0 on any rank; NULL: never */
    const weiss_monitor *monitor; /**< NULL: nobody looks on */
    bool
        profiled; /**< tell a profiler by MPI_Pcontrol(0) when the stages are done, before the results are drawn */
} weiss_run_options;

typedef struct weiss_run_result {
    weiss_outcome outcome; /**< of the last stage that ran; COMPLETE also for a run without stages left */
    bool was_complete; /**< restart: nothing was left to do */
    double resumed_at; /**< restart: simulated time at the checkpoint, s; NAN for a new run */
} weiss_run_result;

/** Name of the checkpoint in a directory of results. */
#define WEISS_CHECKPOINT_NAME "checkpoint.h5"

/** Runs all stages of a built simulation and writes the results to options->directory. A stage that does not converge
 *  ends the run: what follows would start from a state that nobody asked for. At every end but an error the state is
 *  saved, and a restart goes on with it. Collective.
 *  @return 0 (result tells how it ended), WEISS_STOPPED, < 0 on errors */
int weiss_simulation_run(weiss_simulation *simulation, const weiss_run_options *options,
                         weiss_run_result *result);

#endif
