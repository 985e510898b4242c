/* Machines of a cluster that libvirt runs. The domains and their network are transient: libvirt forgets them when they end.
 * They are told from others by UUIDs, which are chosen before they are made, so that what has the same name but belongs to
 * somebody else is never touched. No type of libvirt is seen here: absent.c stands in where Weiss is built without it. */
#ifndef WEISS_CLOUD_LIBVIRT_DOMAINS_H
#define WEISS_CLOUD_LIBVIRT_DOMAINS_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WEISS_LIBVIRT_URI 256
#define WEISS_LIBVIRT_VMS 4
#define WEISS_UUID 37

#define WEISS_BRIDGE_NAME 16
#define WEISS_DOMAIN_NAME 64 /**< of a domain, and of a network */

/** What a cluster has in libvirt. */
typedef struct weiss_domains {
    char uri[WEISS_LIBVIRT_URI]; /**< "": nothing */
    char cluster[WEISS_DOMAIN_NAME - 16]; /**< its name, part of those of its domains */
    int vms;
    char network[WEISS_UUID]; /**< UUID; "": libvirt has no network of it */
    int subnet; /**< with a network: third number of its addresses, 10.77.SUBNET.0/24 */
    char domain[WEISS_LIBVIRT_VMS][WEISS_UUID]; /**< UUIDs */
} weiss_domains;

/** Checks that @p uri is one of libvirt's with QEMU on this machine: qemu:///system, qemu:///session, or qemu+unix with the name
 *  of a socket. Connects to nobody.
 *  @return 0, WEISS_ERR_USAGE, WEISS_ERR_SYSTEM (this weiss was built without libvirt) */
int weiss_domains_check_uri(const char *uri, weiss_fault *fault);
/** True when machines there get a network of libvirt; else (session) they have QEMU's own, without privileges. */
bool weiss_domains_has_network(const char *uri);

/** Fills @p domains: new UUIDs, and a subnet that no card of this machine has.
 *  @return 0, WEISS_ERR_SYSTEM */
int weiss_domains_choose(const char *uri, const char *cluster, int vms, weiss_domains *domains,
                         weiss_fault *fault);
/** Checks that libvirt answers, can do what is needed, and that the names are free.
 *  @return 0, WEISS_ERR_SYSTEM, WEISS_ERR_USAGE (a name belongs to somebody else) */
int weiss_domains_examine(const weiss_domains *domains, weiss_fault *fault);

/** XML of the network. @param[out] xml  freed by the caller @return 0, WEISS_ERR_MEMORY */
int weiss_domains_network_xml(const weiss_domains *domains, char **xml, weiss_fault *fault);
/** Starts the network. @return 0, WEISS_ERR_SYSTEM */
int weiss_domains_start_network(const weiss_domains *domains, const char *xml, weiss_fault *fault);
/** Starts a machine. @param index  from 0 @param[out] pid  of its QEMU @return 0, WEISS_ERR_SYSTEM */
int weiss_domains_start(const weiss_domains *domains, int index, const char *xml, pid_t *pid,
                        weiss_fault *fault);
/** Ends the machines and the network. What is not there any more is passed over.
 *  @return 0, WEISS_ERR_SYSTEM */
int weiss_domains_remove(const weiss_domains *domains, weiss_fault *fault);

/** Name of a domain, or with index -1 of the network. @return @p name */
const char *weiss_domains_name(const weiss_domains *domains, int index, char name[WEISS_DOMAIN_NAME]);
/** Name of the network's bridge. @return @p name */
const char *weiss_domains_bridge(const weiss_domains *domains, char name[WEISS_BRIDGE_NAME]);
/** Address of a machine; "127.0.0.1" when it has no network of libvirt. */
const char *weiss_domains_address(const weiss_domains *domains, int index, char address[16]);

#endif
