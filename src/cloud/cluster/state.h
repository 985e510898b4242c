/* The state of a cluster on disk: where it is, its lock, and the file that says what runs. */
#ifndef WEISS_CLOUD_CLUSTER_STATE_H
#define WEISS_CLOUD_CLUSTER_STATE_H

#include "cloud/cluster/cluster.h"

/** Directory of all clusters. @return 0, WEISS_ERR_FILE */
int weiss_cluster_home(char path[WEISS_PATH], weiss_fault *fault);
/** Directory of one. @return 0, WEISS_ERR_FILE (too long for names of sockets, or with characters that QEMU or ssh take for
 *  their own) */
int weiss_cluster_place(const char *name, char path[WEISS_PATH], weiss_fault *fault);
/** Makes the directory and locks it, waiting for who has the lock.
 *  @param[out] lock  descriptor that has the lock, closed by the caller
 *  @return 0, WEISS_ERR_FILE, WEISS_STOPPED */
int weiss_cluster_lock(const char *place, const weiss_lab_watch *watch, int *lock, weiss_fault *fault);
/** True when there is a state in @p place. */
bool weiss_cluster_is_up(const char *place);
/** @return 0, WEISS_ERR_FILE */
int weiss_cluster_write(const char *place, const weiss_cluster *cluster, weiss_fault *fault);
/** @return 0, WEISS_ERR_FILE (missing, or not as weiss_cluster_write makes it) */
int weiss_cluster_read(const char *place, const char *name, weiss_cluster *cluster, weiss_fault *fault);

#endif
