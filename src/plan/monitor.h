/* What Open MPI's own monitoring (its component pml/monitoring) tells of a job: bytes and messages that each rank handed to
 * the transports, those of the algorithms of collective operations included. A process writes NAME.RANK.prof when it ends. */
#ifndef WEISS_PLAN_MONITOR_H
#define WEISS_PLAN_MONITOR_H

#include "plan/cost.h"

/** The ranks of a job, where they are, and what they said to each other. Zeroed memory is an empty one. */
typedef struct weiss_monitor_job {
    weiss_traffic traffic; /**< not settled; owned */
    int *vm; /**< of each rank, capacity entries; -1: not known; owned */
    int nranks; /**< one above the highest rank that is known */
    int capacity;
} weiss_monitor_job;

/** Takes a line of a file of monitoring. Counts of messages between two ranks are taken, other lines only tell where the
 *  rank was.
 *  @param rank  whose file it is
 *  @param vm    on which machine the file was, 0 is the first
 *  @return 0, WEISS_ERR_SYNTAX (it is none of its lines), WEISS_ERR_MEMORY */
int weiss_monitor_take(weiss_monitor_job *job, int rank, int vm, const char *line, weiss_fault *fault);

/** Sums messages and bytes by level.
 *  @param server  of each machine
 *  @param nvms    machines; ranks that are on none of these, and what is said to ranks that are not known, are left out */
void weiss_monitor_shares(const weiss_monitor_job *job, const int *server, int nvms,
                          weiss_plan_share share[WEISS_PLAN_LEVELS]);

void weiss_monitor_free(weiss_monitor_job *job);

#endif
