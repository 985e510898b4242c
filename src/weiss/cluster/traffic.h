/* What a run in the machines of a cluster says of its messages: how many went over which level, and where its time went. */
#ifndef WEISS_COMMAND_CLUSTER_TRAFFIC_H
#define WEISS_COMMAND_CLUSTER_TRAFFIC_H

#include "cloud/cluster/cluster.h"
#include "plan/cost.h"
#include "plan/times.h"

typedef struct weiss_cluster_traffic {
    int ranks; /**< that told of their messages; 0: nothing is known */
    weiss_plan_share share[WEISS_PLAN_LEVELS]; /**< payload, by Open MPI's monitoring */
    int64_t fabric_messages; /**< that came through shared memory between machines, with their headers */
    int64_t fabric_bytes;
} weiss_cluster_traffic;

/** Reads what the ranks left in DIRECTORY/statistics of each machine that runs.
 *  @param directory  of the run, in the machines
 *  @return 0, WEISS_ERR_SYNTAX, WEISS_ERR_MEMORY, WEISS_ERR_SYSTEM */
int weiss_cluster_traffic_read(const weiss_cluster *cluster, const char *directory,
                               weiss_cluster_traffic *traffic, weiss_fault *fault);
/** Prints it as the end of a run. */
void weiss_cluster_traffic_print(const char *cluster, const weiss_cluster_traffic *traffic);

/** Reads the tracer's files, DIRECTORY/times.csv and traffic.csv in the first machine, and splits the time of the run.
 *  @return 0; WEISS_ERR_FILE (there are none); a code of weiss_tracer_split */
int weiss_cluster_split_read(const weiss_cluster *cluster, const char *directory, bool direct,
                             weiss_split *split, weiss_fault *fault);

#endif
