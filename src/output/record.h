/* The record of a run: times of its phases and how its stages ended. The simulation notes them down here while the run
 * goes on; run.json shows them. */
#ifndef WEISS_OUTPUT_RECORD_H
#define WEISS_OUTPUT_RECORD_H

#include "evolve/stage.h"

/** A number with a name: seconds of a phase, a counter of a solver. */
typedef struct weiss_named_number {
    char *name; /**< owned */
    double value;
} weiss_named_number;

/** A growing list of such numbers, in the order in which they first came. */
typedef struct weiss_numbers {
    weiss_named_number *item; /**< owned */
    size_t count, capacity;
} weiss_numbers;

/** One stage of the run. */
typedef struct weiss_stage_record {
    char *name; /**< "dynamics"; owned */
    int index; /**< 0-based place in `stages:` */
    bool ended; /**< false while it runs; the next four are then not known */
    weiss_outcome outcome;
    char *reason; /**< owned; NULL until it ends */
    int64_t steps;
    double seconds; /**< wall clock */
    double time_begin; /**< s, simulated */
    double time_end; /**< s, simulated */
    weiss_numbers counters; /**< what its solver reports */
} weiss_stage_record;

typedef struct weiss_record {
    weiss_context *ctx; /**< borrowed */
    char started[32]; /**< date and time, ISO 8601, UTC */
    double start; /**< MPI_Wtime at creation */
    weiss_numbers phases; /**< wall-clock seconds of "mesh", "assembly", "stages", ... on this rank */
    weiss_stage_record *stages; /**< owned */
    size_t nstages, stage_capacity;
} weiss_record;

/** An empty record that starts now. Local. Free with weiss_record_destroy. @return 0, WEISS_ERR_MEMORY */
int weiss_record_create(weiss_context *ctx, weiss_record **out);
void weiss_record_destroy(weiss_record *record);

/** Adds seconds to a phase; a phase may come more than once. Local. */
int weiss_record_phase(weiss_record *record, const char *name, double seconds);
/** A stage begins. Local; call it on every rank. */
int weiss_record_stage_begin(weiss_record *record, const weiss_stage_run *run);
/** A counter of the stage that runs: a weiss_statistic_fn whose @p self is the record. A counter that comes again takes
 *  the new value. Local. */
void weiss_record_statistic(void *record, const char *name, double value);
/** The stage that runs has ended as @p run says. Local.
 *  @param seconds  wall clock */
int weiss_record_stage_end(weiss_record *record, const weiss_stage_run *run, double seconds);

/** Short word of an outcome: "complete", "condition", "not converged", "stopped". */
const char *weiss_outcome_name(weiss_outcome outcome);

#endif
