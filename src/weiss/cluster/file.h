/* The cluster file: what `weiss cluster up` is given. */
#ifndef WEISS_COMMAND_CLUSTER_FILE_H
#define WEISS_COMMAND_CLUSTER_FILE_H

#include "cloud/cluster/cluster.h"

/** Reads and checks a cluster file; says on standard error what is wrong with it.
 *  @return WEISS_EXIT_DONE or WEISS_EXIT_ERROR */
int weiss_cluster_file_read(const char *path, weiss_cluster_plan *plan);

#endif
