/* What the files of the overlay share: a netlink session, the network below. */
#ifndef WEISS_CLOUD_OVERLAY_PRIVATE_H
#define WEISS_CLOUD_OVERLAY_PRIVATE_H

#include "cloud/overlay/overlay.h"

#include <netlink/netlink.h>
#include <netlink/route/link.h>

#define WEISS_OVERLAY_ALIAS "weiss overlay "

/** An IP address, its text, and its length as netlink wants it. */
typedef struct weiss_ip {
    int family; /**< AF_INET or AF_INET6 */
    unsigned char bytes[16];
    unsigned length; /**< 4 or 16 */
    char text[INET6_ADDRSTRLEN]; /**< in its usual form */
} weiss_ip;

/** @return true when @p text is an IPv4 or IPv6 address */
bool weiss_ip_parse(const char *text, weiss_ip *out);
void weiss_ip_set(weiss_ip *ip, int family, const void *bytes);
bool weiss_ip_same(const weiss_ip *a, const weiss_ip *b);

/** The network between the servers, as options ask for it, checked. */
typedef struct weiss_underlay {
    weiss_ip local, peer[WEISS_OVERLAY_PEERS_MAX];
    int npeers;
    char interface[IFNAMSIZ]; /**< that has the local address */
    int mtu; /**< of packets to the other servers */
} weiss_underlay;

/** Reads the addresses and checks that the local one is this machine's and the others have a route.
 *  @return 0, WEISS_ERR_USAGE, WEISS_ERR_SYSTEM */
int weiss_underlay_find(const weiss_overlay_options *options, weiss_underlay *out, weiss_fault *fault);

/** A netlink session. */
typedef struct weiss_netlink {
    struct nl_sock *socket;
} weiss_netlink;

int weiss_netlink_open(weiss_netlink *netlink, weiss_fault *fault);
void weiss_netlink_close(weiss_netlink *netlink);
/** Stores what netlink's error @p error (as libnl returns it) means for what was being done. @return the code */
int weiss_netlink_fault(weiss_fault *fault, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Looks for an interface. @param[out] link  put by the caller; NULL when there is none. @return 0, WEISS_ERR_SYSTEM */
int weiss_link_find(const weiss_netlink *netlink, const char *name, struct rtnl_link **link,
                    weiss_fault *fault);
/** True when the interface has the alias of the overlay @p name. */
bool weiss_link_is_of(struct rtnl_link *link, const char *name);
/** Applies @p changes to the interface @p index. @return of libnl */
int weiss_link_change(const weiss_netlink *netlink, int index, struct rtnl_link *changes);
int weiss_link_delete(const weiss_netlink *netlink, int index);
/** Writes a setting of the interface under /proc/sys/net: "ipv4" or "ipv6", its name, its value. A kernel without that
 *  protocol has nothing to set. @return 0, WEISS_ERR_SYSTEM */
int weiss_link_setting(const char *protocol, const char *link, const char *setting, const char *value,
                       weiss_fault *fault);

/** Makes the entries for all of the VXLAN interface @p index those of @p peers. @return 0, WEISS_ERR_SYSTEM */
int weiss_peers_set(const weiss_netlink *netlink, int index, const weiss_ip *peers, int npeers,
                    weiss_fault *fault);
/** Reads them. At most WEISS_OVERLAY_PEERS_MAX are stored. @return of libnl */
int weiss_peers_get(const weiss_netlink *netlink, int index, weiss_ip *peers, int *npeers);

typedef enum weiss_tap_kind {
    WEISS_TAP_FRAMES, /**< bare frames */
    WEISS_TAP_MACHINE, /**< with the header of virtio, as QEMU wants it */
    WEISS_TAP_QUEUES /**< the same, several queues */
} weiss_tap_kind;

/** Opens a TAP by its name, or makes one that goes when it is closed. @return 0, WEISS_ERR_SYSTEM */
int weiss_tap_open(const char *tap, weiss_tap_kind kind, int *fd, weiss_fault *fault);
/** Makes a TAP that stays. @return 0, WEISS_ERR_SYSTEM */
int weiss_tap_make(const char *tap, uid_t owner, bool multiqueue, weiss_fault *fault);

/** Puts an address on the interface @p index and takes others away; @p address NULL: none stays.
 *  @return 0, WEISS_ERR_USAGE (it is not an address), WEISS_ERR_SYSTEM */
int weiss_address_set(const weiss_netlink *netlink, int index, const char *address, weiss_fault *fault);
/** Checks "10.77.0.254/24". @return 0, WEISS_ERR_USAGE */
int weiss_address_check(const char *address, weiss_fault *fault);

#endif
