/* The overlay: one Ethernet for the virtual machines of a cluster, over any IP network between its servers.
 *
 *   server 1                                        server 2
 *   VM - TAP -+                                          +- TAP - VM
 *             +- bridge - VXLAN ===UDP 4789, any IP=== VXLAN - bridge -+
 *   VM - TAP -+                                          +- TAP - VM
 *
 * A server has a bridge, a VXLAN interface with a static entry for each other server (what is for all goes to each of
 * them: no multicast), and TAPs for its machines. All are made by netlink in the caller's network namespace, which needs
 * CAP_NET_ADMIN there; nothing else of the machine's network is touched, and nothing is written to a disk. The alias
 * "weiss overlay NAME" says which interfaces are ours; only those are ever changed or removed. Nothing is collective. */
#ifndef WEISS_CLOUD_OVERLAY_H
#define WEISS_CLOUD_OVERLAY_H

#include "base/fault.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WEISS_OVERLAY_NAME 40 /**< longest name of a cluster */
#define WEISS_OVERLAY_PEERS_MAX 64 /**< other servers */
#define WEISS_OVERLAY_TAPS_MAX 64
#define WEISS_OVERLAY_PORT 4789
#define WEISS_OVERLAY_MTU_MIN 1280
/** Bytes that VXLAN adds to the guests' packets: Ethernet 14, VXLAN 8, UDP 8, IPv4 20; IPv6 40. */
#define WEISS_OVERLAY_BYTES_IPV4 50
#define WEISS_OVERLAY_BYTES_IPV6 70

typedef struct weiss_overlay_options {
    const char *name; /**< of the cluster: letters a-z, digits, hyphens; begins with a letter */
    uint32_t vni; /**< 1 to 2^24 - 1, the same on all servers; 0: made of the name */
    const char *local; /**< this server's address in the network between the servers */
    const char *peer[WEISS_OVERLAY_PEERS_MAX + 1]; /**< addresses of the others; NULL after the last */
    int mtu; /**< of the guests; 0: the largest that fits */
    const char *address; /**< "10.77.0.254/24", the host's own in the overlay (IPv4); NULL: none */
    int taps; /**< number 1 to this many are made */
    uid_t owner; /**< who may open the TAPs */
    bool multiqueue; /**< TAPs with several queues */
} weiss_overlay_options;

typedef struct weiss_overlay_tap {
    char name[IFNAMSIZ];
    bool used; /**< a machine has it open */
} weiss_overlay_tap;

/** An overlay as it is. */
typedef struct weiss_overlay {
    char name[WEISS_OVERLAY_NAME + 1];
    char bridge[IFNAMSIZ], vxlan[IFNAMSIZ]; /**< names of the interfaces; "" when one is missing */
    uint32_t vni;
    char local[INET6_ADDRSTRLEN];
    char address[INET_ADDRSTRLEN + 3]; /**< of the host in the overlay; "": none */
    int mtu;
    int npeers, ntaps;
    char peer[WEISS_OVERLAY_PEERS_MAX][INET6_ADDRSTRLEN];
    weiss_overlay_tap tap[WEISS_OVERLAY_TAPS_MAX];
    uint64_t received, sent; /**< bytes of the guests that came from and went to other servers */
} weiss_overlay;

/** Makes the overlay of this server, or makes an existing one as it is asked for: missing interfaces are added, the MTU, the
 *  other servers and the host's address are set; TAPs beyond options->taps stay. Interfaces that a failed call made are
 *  removed again.
 *  @param[out] mtu  of the guests; may be NULL
 *  @return 0; WEISS_ERR_USAGE (an option is out of its range, the MTU does not fit, an address is none of this machine's or
 *          has no route); WEISS_ERR_SYSTEM (no right, no VXLAN in the kernel, a name or VNI is taken, it is up with other
 *          settings that cannot be changed); WEISS_ERR_MEMORY */
int weiss_overlay_up(const weiss_overlay_options *options, int *mtu, weiss_fault *fault);

/** Removes all interfaces of the overlay @p name. It is no error when there are none.
 *  @param[out] removed  how many there were; may be NULL
 *  @return 0, WEISS_ERR_USAGE, WEISS_ERR_SYSTEM, WEISS_ERR_MEMORY */
int weiss_overlay_down(const char *name, int *removed, weiss_fault *fault);

/** Lists the overlays of the caller's network namespace. Needs no rights.
 *  @param[out] list   the caller frees it; NULL when there are none
 *  @return 0, WEISS_ERR_SYSTEM, WEISS_ERR_MEMORY */
int weiss_overlay_list(weiss_overlay **list, int *count, weiss_fault *fault);

/** Names of the interfaces: "wb-", "wx-" or "wtN-" and the cluster's name, shortened with a hash when it is long. That of a
 *  TAP (numbers from 1) is for QEMU's ifname. */
void weiss_overlay_bridge_name(const char *name, char out[IFNAMSIZ]);
void weiss_overlay_vxlan_name(const char *name, char out[IFNAMSIZ]);
void weiss_overlay_tap_name(const char *name, int number, char out[IFNAMSIZ]);
/** Opens a queue of a TAP. The descriptor stays usable in every network namespace, is inherited by programs that are
 *  started, and is the caller's. @return 0, WEISS_ERR_SYSTEM */
int weiss_overlay_open_tap(const char *name, int number, bool multiqueue, int *fd, weiss_fault *fault);

/** VNI of a cluster: 24 bits of a hash of its name, never 0. */
uint32_t weiss_overlay_vni(const char *name);
/** Checks the name of a cluster. @return 0, WEISS_ERR_USAGE */
int weiss_overlay_check_name(const char *name, weiss_fault *fault);

#endif
