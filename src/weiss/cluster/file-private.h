/* The parts of the cluster file. */
#ifndef WEISS_COMMAND_CLUSTER_FILE_PRIVATE_H
#define WEISS_COMMAND_CLUSTER_FILE_PRIVATE_H

#include "problem/schema.h"
#include "weiss/cluster/file.h"

/** Place of a word in a list that blanks separate; -1: it is not there. */
int weiss_cluster_file_choice(const char *words, const char *word);

/** Keys of `openstack`. */
extern const weiss_key weiss_cluster_cloud_keys[];
/** Takes over what is asked of a cloud. @param map  of these keys @return 0, WEISS_ERR_VALUE */
int weiss_cluster_file_take_cloud(weiss_context *ctx, const weiss_value *root, const weiss_value *map,
                                  weiss_cluster_plan *plan);

#endif
