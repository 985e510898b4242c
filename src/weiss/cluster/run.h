/* `weiss run --cluster`: the ranks are in the machines of a cluster, the files are here. */
#ifndef WEISS_COMMAND_CLUSTER_RUN_H
#define WEISS_COMMAND_CLUSTER_RUN_H

#include "weiss/bench/bench.h"
#include "weiss/cluster/traffic.h"

#include <stdbool.h>

/** What is taken down of a run that is measured. */
typedef struct weiss_cluster_measure {
    weiss_cluster_traffic traffic;
    weiss_split split;
} weiss_cluster_measure;

typedef struct weiss_cluster_run_options {
    const char *cluster; /**< name of a cluster that is up; "": the only one */
    const char *file; /**< the problem */
    const char *out; /**< directory of results; NULL: NAME.out in the current directory */
    int ranks; /**< 0: one for each processor of the machines */
    bool restart, changed, quiet;
    const weiss_transport *transport; /**< how messages go; NULL: as Open MPI chooses; borrowed */
    weiss_cluster_measure *measure; /**< run with the tracer and show what it
         says only when it fails; filled in when the run is done; NULL: do not measure */
} weiss_cluster_run_options;

/** Copies the problem and the files that it names to the first machine, runs it there and on the others, shows what it says,
 *  and brings the results back, which appear here when they are complete. SIGINT, SIGTERM, SIGHUP and SIGUSR1 make it save its
 *  state and stop. Nothing is left in the machines.
 *  @return an exit code, as of weiss run */
int weiss_cluster_run(const weiss_cluster_run_options *options);

#endif
