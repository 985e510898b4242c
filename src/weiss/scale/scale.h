/* What the files of `weiss scale` share: what is run on how many ranks, and how long it took. */
#ifndef WEISS_COMMAND_SCALE_H
#define WEISS_COMMAND_SCALE_H

#include "plan/times.h"
#include "report/scaling.h"
#include "weiss/bench/bench.h"

/** One number of ranks over one transport. */
typedef struct weiss_scale_cell {
    double *seconds; /**< owned; one per round that succeeded */
    int n;
    weiss_split *split; /**< owned; where the time went, one per round that told */
    int nsplit;
    double evaluations; /**< of the field, in the last run */
} weiss_scale_cell;

/** One run that is to be done. */
typedef struct weiss_scale_run {
    const weiss_transport *transport;
    int ranks;
    const char *file; /**< the problem */
    char out[PATH_MAX]; /**< where its results go; removed after it */
    char region[64]; /**< file of shared memory; of a run on this machine */
} weiss_scale_run;

typedef struct weiss_scale_job {
    const char *file[WEISS_SCALING_POINTS_MAX]; /**< problem of each number of ranks; borrowed */
    int ranks[WEISS_SCALING_POINTS_MAX];
    int nranks;
    const char *cluster; /**< its machines run it; NULL: this machine does; borrowed */
    bool emulated; /**< its machines are: times mean nothing but ratios */
    bool weak; /**< each number of ranks has a problem of its own */
    int rounds;
    weiss_bench_job transports; /**< only its columns and settings are used */
    weiss_scale_cell cell[WEISS_TRANSPORTS_MAX][WEISS_SCALING_POINTS_MAX];
    char directory[PATH_MAX]; /**< for what the runs write; removed at the end */
} weiss_scale_job;

/** Adds to the cell what the run.json in @p out tells: evaluations of the field, and how long it took what runs in parallel: all
 *  but reading the problem and making the mesh, which rank 0 does alone. @return 0, WEISS_ERR_FILE (it does not tell) */
int weiss_scale_read_run(const char *out, weiss_scale_cell *cell, weiss_fault *fault);
/** Makes an empty directory for files of a measurement. @return an exit code; what went wrong was said */
int weiss_scale_make_directory(char path[PATH_MAX]);
/** Removes a directory with all that is in it. */
void weiss_scale_remove_tree(const char *path);
/** Runs once in the machines of job->cluster, and adds what was measured to the cell.
 *  @return an exit code; what went wrong was said */
int weiss_scale_run_in_cluster(const weiss_scale_job *job, const weiss_scale_run *run,
                               weiss_scale_cell *cell);

/** Runs everything, all transports and numbers of ranks in turn in each round, with progress on standard error.
 *  @return an exit code: WEISS_EXIT_DONE, WEISS_EXIT_ERROR (after a message), or that of a signal */
int weiss_scale_measure(weiss_scale_job *job);

/** The measured series of one transport. */
weiss_scaling weiss_scale_series(const weiss_scale_job *job, int column);

void weiss_scale_free(weiss_scale_job *job);

#endif
