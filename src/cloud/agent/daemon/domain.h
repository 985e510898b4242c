/* What is asked of libvirt about one domain, and done to it. These calls may take long, or for ever: they are for the
 * threads of the pool. Errors of libvirt come as faults with what to do. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_DOMAIN_H
#define WEISS_CLOUD_AGENT_DAEMON_DOMAIN_H

#include "cloud/agent/daemon/device.h"
#include "cloud/agent/instance.h"

#include <libvirt/libvirt.h>

typedef enum weiss_domain_state {
    WEISS_DOMAIN_RUNS,
    WEISS_DOMAIN_ENDED, /**< it is not there, or does not run */
    WEISS_DOMAIN_UNKNOWN /**< libvirt does not say; the fault tells why */
} weiss_domain_state;

/** A domain as it is now. */
typedef struct weiss_domain_view {
    weiss_domain_state state;
    uint64_t run;
    weiss_instance instance; /**< RUNS: as far as it could be read */
    weiss_fault wrong; /**< RUNS: why it cannot be an instance that shares; code 0: it can */
} weiss_domain_view;

/** Reads a domain's XML and what it means. */
void weiss_domain_look(virConnectPtr connection, const char *uuid, weiss_domain_view *view,
                       weiss_fault *fault);
/** Name of the region of ours that an instance has; "": none. Borrowed from it. */
const char *weiss_instance_region(const weiss_instance *instance);

/** Attaches the device to a run of a domain, and looks whether it is there then. One that is there already is fine.
 *  @param device  its port is chosen here, for what the domain is
 *  @return 0; WEISS_STOPPED (that run has ended); WEISS_ERR_VALUE (it cannot have a region: why); WEISS_ERR_SYSTEM */
int weiss_domain_attach(virConnectPtr connection, const char *uuid, uint64_t run,
                        const weiss_shmem_device *device, weiss_fault *fault);
/** Asks a run of a domain to give the device up.
 *  @return 0: it is gone; WEISS_RETRY: asked, the guest has not answered yet; WEISS_STOPPED, WEISS_ERR_SYSTEM */
int weiss_domain_detach(virConnectPtr connection, const char *uuid, uint64_t run, const char *region,
                        weiss_fault *fault);

/** Text of libvirt's last error in this thread; the next call of libvirt, even for the name of a domain, frees it. */
const char *weiss_domain_error(void);

#endif
