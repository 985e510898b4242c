/* The file of times that the tracer writes, and where the time of a run went: computing, transfers on each level, waiting. */
#ifndef WEISS_PLAN_TIMES_H
#define WEISS_PLAN_TIMES_H

#include "plan/topology.h"
#include "plan/traffic.h"

/** One rank of a run. Times in s. */
typedef struct weiss_rank_time {
    char host[WEISS_PLAN_NAME];
    double elapsed, compute;
    double transfer; /**< in MPI while data moved; all time in MPI when waiting is NAN */
    double waiting; /**< in MPI, for other ranks; NAN: not known */
    double collectives; /**< collective calls on all ranks */
} weiss_rank_time;

typedef struct weiss_times {
    int nranks;
    weiss_rank_time *rank; /**< nranks; owned */
} weiss_times;

/** Reads a file of times (docs/plan.md): a header and a line for each rank, in their order.
 *  @param file  name for messages
 *  @param[out] times  free with weiss_times_free; empty on failure
 *  @return 0, WEISS_ERR_SYNTAX, WEISS_ERR_MEMORY */
int weiss_times_parse(const char *file, const char *text, weiss_times *times, weiss_fault *fault);
void weiss_times_free(weiss_times *times);

/** Means over the ranks of a run, s. They sum to elapsed. */
typedef struct weiss_split {
    double elapsed, compute;
    double level[WEISS_PLAN_LEVELS]; /**< transfers on each level */
    double waiting; /**< NAN: not known; it is in the levels then */
    double collectives; /**< calls of a rank */
} weiss_split;

/** Splits the times of a run. The transfers of a rank are shared between the levels as the cost model
 *  (plan/cost.h) shares what it sends and receives: messages * latency + bytes / bandwidth of each level.
 *  @param server  of each rank; NULL: all are on one
 *  @param traffic  of the run, settled
 *  @return 0, WEISS_ERR_MEMORY */
int weiss_split_times(const weiss_times *times, const weiss_traffic *traffic, const int *server,
                      const weiss_speed speed[WEISS_PLAN_LEVELS], weiss_split *split, weiss_fault *fault);

#endif
