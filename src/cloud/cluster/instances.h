/* A cluster whose machines are instances of an OpenStack cloud. */
#ifndef WEISS_CLOUD_CLUSTER_INSTANCES_H
#define WEISS_CLOUD_CLUSTER_INSTANCES_H

#include "cloud/cluster/cluster.h"

/** Starts the machines of a plan, with the lock of @p place held, and writes the state. All is removed after a failure; when even
 *  that fails, or the command is killed, the state stays and says so, and weiss_instances_end removes the rest.
 *  @return 0; WEISS_STOPPED; as weiss_cloud_machines_make */
int weiss_instances_start(const weiss_cluster_plan *plan, const char *place, const char *settings,
                          const weiss_lab_watch *watch, weiss_fault *fault);
/** Prints the requests that would be made. */
int weiss_instances_show(const weiss_cluster_plan *plan, FILE *to, weiss_fault *fault);
/** Removes what a cluster has in its cloud, and ends the connections to its machines. @return as weiss_cloud_ask */
int weiss_instances_end(const weiss_cluster *cluster, const weiss_lab_watch *watch, weiss_fault *fault);

#endif
