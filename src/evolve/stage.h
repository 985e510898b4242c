/* Stages: what `stages:` may list. One file per stage, one line in evolve/table.c. */
#ifndef WEISS_EVOLVE_STAGE_H
#define WEISS_EVOLVE_STAGE_H

#include "evolve/state.h"

/** How a stage ended. */
typedef enum weiss_outcome {
    WEISS_OUTCOME_COMPLETE, /**< did what it was asked for */
    WEISS_OUTCOME_CONDITION, /**< a stop condition came true */
    WEISS_OUTCOME_NOT_CONVERGED, /**< gave up; `reason` has the numbers */
    WEISS_OUTCOME_STOPPED /**< the observer asked to stop; can be resumed */
} weiss_outcome;

#define WEISS_RESUME_MAX 32

typedef struct weiss_stage_run {
    weiss_state *state; /**< borrowed */
    const weiss_value *config; /**< MAP with the stage's keys; borrowed */
    const weiss_observer *observer; /**< borrowed */
    int index; /**< 0-based, for reports */
    const char *name; /**< "dynamics" */
    int64_t steps_before; /**< steps of earlier stages, for report.steps */
    double resume
        [WEISS_RESUME_MAX]; /**< in: where to go on, nresume 0 for a fresh start; out: where it stands */
    int nresume;
    weiss_outcome outcome; /**< out */
    char reason[256]; /**< out: one sentence with numbers */
    int64_t steps; /**< out: steps or iterations of this stage */
    weiss_statistic_fn statistic; /**< receives the solver's counters at the end; may be NULL */
    void *statistic_self;
} weiss_stage_run;

typedef struct weiss_stage_class {
    const char *name; /**< key in `stages:` */
    const char *help;
    const weiss_key *keys; /**< its own keys; the sections of terms may stand beside them as overrides */
    const char *bare; /**< key that takes a bare value (`relax: 1 A/m`), or NULL */
    /** Checks what the schema cannot (stop conditions), before anything runs. Local, the same on all ranks. NULL: nothing.
     *  @return 0, WEISS_ERR_VALUE (text: place, what was found and expected) */
    int (*check)(weiss_context *ctx, const weiss_value *config);
    /** Runs the stage. state->stage_time starts at 0 unless resumed. Collective. Returns 0 also when it did not converge
     *  (outcome says so), WEISS_STOPPED when the observer asked to stop, < 0 on errors. */
    int (*run)(weiss_stage_run *run);
} weiss_stage_class;

/** All stages, NULL-terminated; in evolve/table.c. */
extern const weiss_stage_class *const weiss_stage_table[];

/** Initial states: what `initial:` may hold. One file per state, one line in evolve/initial/table.c. */
typedef struct weiss_initial_class {
    weiss_key key; /**< alternative in `initial:` */
    /** Sets state->m of owned nodes (any length; the caller normalises). Collective. */
    int (*set)(weiss_state *state, const weiss_value *config, const weiss_problem *problem);
} weiss_initial_class;

extern const weiss_initial_class *const weiss_initial_table[];
const weiss_key *weiss_initial_keys(void);
/** Sets the initial state that the problem asks for. Collective. */
int weiss_initial_set(weiss_state *state, const weiss_problem *problem);

#endif
