/* Flavors: sizes of instances, with what Nova itself can do for fast ones (processors, NUMA, huge pages) and how much memory
 * they share. */
#ifndef WEISS_CLOUD_OPENSTACK_FLAVOR_H
#define WEISS_CLOUD_OPENSTACK_FLAVOR_H

#include "cloud/openstack/cloud.h"

typedef struct weiss_flavor {
    const char *name;
    int vcpus;
    int memory; /**< MiB */
    int disk; /**< GiB */
    int region; /**< of the memory that they share, MiB, a power of two; 0: not said in the flavor */
    bool dedicated; /**< a processor of the host for each vCPU (hw:cpu_policy) */
    int numa; /**< NUMA nodes that an instance is spread over (hw:numa_nodes); 0: Nova chooses */
    bool hugepages; /**< its memory is in huge pages of the host (hw:mem_page_size) */
} weiss_flavor;

/** Makes a flavor. One that is there with the same values stays.
 *  @param[out] already  it was there
 *  @return 0; WEISS_ERR_USAGE (it is there with other values: says which); as weiss_cloud_ask */
int weiss_flavor_make(weiss_cloud *cloud, const weiss_flavor *flavor, bool *already, weiss_fault *fault);
/** Removes a flavor. Instances that have it stay as they are. @param[out] there  it was there */
int weiss_flavor_remove(weiss_cloud *cloud, const char *name, bool *there, weiss_fault *fault);

#endif
