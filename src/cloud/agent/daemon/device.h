/* The device of shared memory as libvirt wants it described, and what is read from the XML of a domain beside what makes it an
 * instance. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_DEVICE_H
#define WEISS_CLOUD_AGENT_DAEMON_DEVICE_H

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

typedef struct weiss_shmem_device {
    const char *region; /**< borrowed */
    int64_t bytes;
    const char *socket; /**< of the server: a device with a doorbell; NULL: a plain one; borrowed */
    int vectors; /**< of the doorbell */
    int port; /**< bus behind a root port; -1: libvirt finds a place */
} weiss_shmem_device;

/** XML of a device. @param[out] xml  freed by the caller @return 0, WEISS_ERR_MEMORY, WEISS_ERR_SYSTEM (no libxml2) */
int weiss_shmem_device_xml(const weiss_shmem_device *device, char **xml, weiss_fault *fault);

/** libvirt's number of the run of a domain, from its XML; -1: it does not run, or this is no domain. */
int weiss_domain_run(const char *xml, size_t length);

#endif
