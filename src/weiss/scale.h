/* What the files of `weiss scale` share: what is run on how many ranks, and how long it took. */
#ifndef WEISS_COMMAND_SCALE_H
#define WEISS_COMMAND_SCALE_H

#include "report/scaling.h"
#include "weiss/bench.h"

/** One number of ranks over one transport. */
typedef struct weiss_scale_cell {
    double *seconds; /**< owned; one per round that succeeded */
    int n;
} weiss_scale_cell;

typedef struct weiss_scale_job {
    const char *file[WEISS_SCALING_POINTS_MAX]; /**< problem of each number of ranks; borrowed */
    int ranks[WEISS_SCALING_POINTS_MAX];
    int nranks;
    bool weak; /**< each number of ranks has a problem of its own */
    int rounds;
    weiss_bench_job transports; /**< only its columns and settings are used */
    weiss_scale_cell cell[WEISS_TRANSPORTS_MAX][WEISS_SCALING_POINTS_MAX];
    char directory[PATH_MAX]; /**< for what the runs write; removed at the end */
} weiss_scale_job;

/** Runs everything, all transports and numbers of ranks in turn in each round, with progress on standard error.
 *  @return an exit code: WEISS_EXIT_DONE, WEISS_EXIT_ERROR (after a message), or that of a signal */
int weiss_scale_measure(weiss_scale_job *job);

/** The measured series of one transport. */
weiss_scaling weiss_scale_series(const weiss_scale_job *job, int column);

void weiss_scale_free(weiss_scale_job *job);

#endif
