/* An overlay made and removed. */
#include "cloud/overlay/overlay.h"

#include "cloud/overlay/overlay-private.h"

#include <arpa/inet.h>
#include <netlink/errno.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/link/vxlan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Largest MTU that a TAP can have. */
#define TAP_MTU 65521

/** An overlay that is being made. */
typedef struct builder {
    weiss_netlink netlink;
    const weiss_overlay_options *options;
    weiss_underlay underlay;
    uint32_t vni;
    int mtu, bridge, vxlan; /**< the latter two: indices of the interfaces */
    int nmade;
    char made[WEISS_OVERLAY_TAPS_MAX + 2][IFNAMSIZ]; /**< interfaces that a failure removes again */
} builder;

/** Decides the MTU of the guests. */
static int choose_mtu(builder *b, weiss_fault *fault)
{
    const weiss_underlay *u = &b->underlay;
    int bytes = u->local.family == AF_INET ? WEISS_OVERLAY_BYTES_IPV4 : WEISS_OVERLAY_BYTES_IPV6;
    int most = u->mtu - bytes < TAP_MTU ? u->mtu - bytes : TAP_MTU;
    if (most < WEISS_OVERLAY_MTU_MIN)
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "the MTU of %s, %d, is too small: VXLAN adds %d bytes, and guests need %d; raise "
            "it to %d or more",
            u->interface, u->mtu, bytes, WEISS_OVERLAY_MTU_MIN, WEISS_OVERLAY_MTU_MIN + bytes);
    b->mtu = b->options->mtu != 0 ? b->options->mtu : most;
    if (b->mtu < WEISS_OVERLAY_MTU_MIN || b->mtu > most)
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "--mtu must be from %d to %d: the MTU of %s is %d, of which VXLAN takes %d "
                               "bytes; found %d",
                               WEISS_OVERLAY_MTU_MIN, most, u->interface, u->mtu, bytes, b->mtu);
    return 0;
}

static int check_options(builder *b, weiss_fault *fault)
{
    const weiss_overlay_options *o = b->options;
    WEISS_FAULT_TRY(weiss_overlay_check_name(o->name, fault));
    b->vni = o->vni != 0 ? o->vni : weiss_overlay_vni(o->name);
    if (b->vni > 0xffffff)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--vni must be from 1 to 16777215; found %u", b->vni);
    if (o->taps < 0 || o->taps > WEISS_OVERLAY_TAPS_MAX)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--taps must be from 0 to %d; found %d",
                               WEISS_OVERLAY_TAPS_MAX, o->taps);
    if (o->address != NULL)
        WEISS_FAULT_TRY(weiss_address_check(o->address, fault));
    WEISS_FAULT_TRY(weiss_underlay_find(o, &b->underlay, fault));
    return choose_mtu(b, fault);
}

/** Looks for one of our interfaces. @param[out] link  put by the caller; NULL: it has to be made */
static int find_own(const builder *b, const char *name, const char *type, struct rtnl_link **link,
                    weiss_fault *fault)
{
    WEISS_FAULT_TRY(weiss_link_find(&b->netlink, name, link, fault));
    const char *found = *link != NULL ? rtnl_link_get_type(*link) : NULL;
    if (*link == NULL ||
        (weiss_link_is_of(*link, b->options->name) && found != NULL && strcmp(found, type) == 0))
        return 0;
    rtnl_link_put(*link);
    *link = NULL;
    return weiss_fault_set(
        fault, WEISS_ERR_SYSTEM,
        "there is an interface %s that is not the overlay %s's (it has not the alias \"" WEISS_OVERLAY_ALIAS
        "%s\"); remove it, or give the overlay another name",
        name, b->options->name, b->options->name);
}

/** Gives an interface its alias, MTU and place, and sets it up. @p master 0: it is the bridge.
 *  @param[out] index  of it */
static int dress(const builder *b, const char *name, int master, int *index, weiss_fault *fault)
{
    char alias[sizeof WEISS_OVERLAY_ALIAS + WEISS_OVERLAY_NAME];
    struct rtnl_link *link, *changes;
    WEISS_FAULT_TRY(weiss_link_find(&b->netlink, name, &link, fault));
    if (link == NULL)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the interface %s was removed by someone else", name);
    *index = rtnl_link_get_ifindex(link);
    int code = weiss_link_setting("ipv6", name, "disable_ipv6", "1", fault), error = 0;
    if (code == 0) {
        snprintf(alias, sizeof alias, WEISS_OVERLAY_ALIAS "%s", b->options->name);
        changes = rtnl_link_alloc();
        if (changes == NULL) {
            error = -NLE_NOMEM;
        } else {
            rtnl_link_set_ifalias(changes, alias);
            rtnl_link_set_mtu(changes, (unsigned)b->mtu);
            rtnl_link_set_flags(changes, IFF_UP);
            if (master != 0)
                rtnl_link_set_master(changes, master);
            else /* its own address, said aloud, stays when ports come and go */
                rtnl_link_set_addr(changes, rtnl_link_get_addr(link));
            error = weiss_link_change(&b->netlink, *index, changes);
            rtnl_link_put(changes);
        }
    }
    rtnl_link_put(link);
    return error == 0 ? code : weiss_netlink_fault(fault, error, "the interface %s cannot be set up", name);
}

/** Makes an interface and remembers it for the case of a failure. Takes @p link over; it may be NULL. */
static int add(builder *b, struct rtnl_link *link, const char *name, const char *what, weiss_fault *fault)
{
    if (link == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    rtnl_link_set_name(link, name);
    rtnl_link_set_mtu(link, (unsigned)b->mtu);
    int error = rtnl_link_add(b->netlink.socket, link, NLM_F_CREATE | NLM_F_EXCL);
    rtnl_link_put(link);
    if (error == -NLE_OPNOTSUPP)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "this kernel has no %s interfaces: load the kernel module %s (modprobe %s)",
                               what, what, what);
    if (error == -NLE_EXIST && strcmp(what, "vxlan") == 0)
        return weiss_fault_set(
            fault, WEISS_ERR_SYSTEM,
            "another VXLAN interface has VNI %u on port %d; choose another with --vni, on all "
            "servers",
            b->vni, WEISS_OVERLAY_PORT);
    if (error != 0)
        return weiss_netlink_fault(fault, error, "the interface %s (%s) cannot be made", name, what);
    snprintf(b->made[b->nmade++], IFNAMSIZ, "%s", name);
    return 0;
}

/** The bridge. The host takes no part in what goes over it, unless it has an address there; it never forwards. */
static int make_bridge(builder *b, weiss_fault *fault)
{
    char name[IFNAMSIZ];
    struct rtnl_link *link;
    weiss_overlay_bridge_name(b->options->name, name);
    WEISS_FAULT_TRY(find_own(b, name, "bridge", &link, fault));
    if (link != NULL)
        rtnl_link_put(link);
    else
        WEISS_FAULT_TRY(add(b, rtnl_link_bridge_alloc(), name, "bridge", fault));
    WEISS_FAULT_TRY(weiss_link_setting("ipv4", name, "forwarding", "0", fault));
    WEISS_FAULT_TRY(weiss_link_setting("ipv4", name, "rp_filter", "1", fault));
    WEISS_FAULT_TRY(
        weiss_link_setting("ipv4", name, "arp_ignore", b->options->address != NULL ? "1" : "8", fault));
    return dress(b, name, 0, &b->bridge, fault);
}

static struct nl_addr *local_address(const builder *b)
{
    return nl_addr_build(b->underlay.local.family, b->underlay.local.bytes, b->underlay.local.length);
}

/** Whether the VXLAN interface that is there is as asked for: what it was made with cannot be changed. */
static int check_vxlan(const builder *b, struct rtnl_link *link, weiss_fault *fault)
{
    struct nl_addr *wanted = local_address(b), *found = NULL;
    uint32_t vni = 0;
    char text[INET6_ADDRSTRLEN] = "none";
    if (wanted == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    rtnl_link_vxlan_get_id(link, &vni);
    bool same = rtnl_link_vxlan_get_local(link, &found) == 0 && nl_addr_cmp(found, wanted) == 0;
    if (found != NULL) {
        nl_addr2str(found, text, sizeof text);
        nl_addr_put(found);
    }
    nl_addr_put(wanted);
    if (same && vni == b->vni)
        return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_SYSTEM,
        "the overlay %s is up with VNI %u from %s, not with VNI %u from %s; take it down first "
        "(weiss overlay down %s)",
        b->options->name, vni, text, b->vni, b->underlay.local.text, b->options->name);
}

static struct rtnl_link *describe_vxlan(const builder *b)
{
    struct rtnl_link *link = rtnl_link_vxlan_alloc();
    struct nl_addr *local = local_address(b);
    if (link == NULL || local == NULL || rtnl_link_vxlan_set_id(link, b->vni) != 0 ||
        rtnl_link_vxlan_set_local(link, local) != 0 ||
        rtnl_link_vxlan_set_port(link, WEISS_OVERLAY_PORT) != 0 ||
        rtnl_link_vxlan_enable_learning(link) != 0) {
        if (link != NULL)
            rtnl_link_put(link);
        link = NULL;
    }
    if (local != NULL)
        nl_addr_put(local);
    return link;
}

static int make_vxlan(builder *b, weiss_fault *fault)
{
    char name[IFNAMSIZ];
    struct rtnl_link *link;
    weiss_overlay_vxlan_name(b->options->name, name);
    WEISS_FAULT_TRY(find_own(b, name, "vxlan", &link, fault));
    int code = link != NULL ? check_vxlan(b, link, fault) : add(b, describe_vxlan(b), name, "vxlan", fault);
    if (link != NULL)
        rtnl_link_put(link);
    if (code == 0)
        code = dress(b, name, b->bridge, &b->vxlan, fault);
    return code == 0 ? weiss_peers_set(&b->netlink, b->vxlan, b->underlay.peer, b->underlay.npeers, fault)
                     : code;
}

static int make_tap(builder *b, int number, weiss_fault *fault)
{
    char name[IFNAMSIZ];
    struct rtnl_link *link;
    int index;
    weiss_overlay_tap_name(b->options->name, number, name);
    WEISS_FAULT_TRY(find_own(b, name, "tun", &link, fault));
    if (link != NULL) {
        rtnl_link_put(link);
    } else {
        WEISS_FAULT_TRY(weiss_tap_make(name, b->options->owner, b->options->multiqueue, fault));
        snprintf(b->made[b->nmade++], IFNAMSIZ, "%s", name);
    }
    return dress(b, name, b->bridge, &index, fault);
}

/** Removes what this call has made. */
static void undo(builder *b)
{
    while (b->nmade > 0) {
        struct rtnl_link *link;
        if (weiss_link_find(&b->netlink, b->made[--b->nmade], &link, NULL) != 0 || link == NULL)
            continue;
        weiss_link_delete(&b->netlink, rtnl_link_get_ifindex(link));
        rtnl_link_put(link);
    }
}

int weiss_overlay_up(const weiss_overlay_options *options, int *mtu, weiss_fault *fault)
{
    builder *b = calloc(1, sizeof *b);
    if (b == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    b->options = options;
    int code = check_options(b, fault);
    if (code == 0)
        code = weiss_netlink_open(&b->netlink, fault);
    if (code == 0)
        code = make_bridge(b, fault);
    if (code == 0)
        code = make_vxlan(b, fault);
    for (int i = 1; code == 0 && i <= options->taps; i++)
        code = make_tap(b, i, fault);
    if (code == 0)
        code = weiss_address_set(&b->netlink, b->bridge, options->address, fault);
    if (code != 0)
        undo(b);
    else if (mtu != NULL)
        *mtu = b->mtu;
    weiss_netlink_close(&b->netlink);
    free(b);
    return code;
}

/** Removes the interfaces of the overlay that are in @p cache. The bridge goes last. */
static int remove_links(const weiss_netlink *netlink, struct nl_cache *cache, const char *name, int *removed,
                        weiss_fault *fault)
{
    char bridge[IFNAMSIZ];
    weiss_overlay_bridge_name(name, bridge);
    for (int last = 0; last < 2; last++) {
        for (struct nl_object *o = nl_cache_get_first(cache); o != NULL; o = nl_cache_get_next(o)) {
            struct rtnl_link *link = (struct rtnl_link *)o;
            const char *own = rtnl_link_get_name(link);
            if (!weiss_link_is_of(link, name) || (strcmp(own, bridge) == 0) != (last == 1))
                continue;
            int error = weiss_link_delete(netlink, rtnl_link_get_ifindex(link));
            if (error != 0)
                return weiss_netlink_fault(fault, error, "the interface %s cannot be removed", own);
            ++*removed;
        }
    }
    return 0;
}

int weiss_overlay_down(const char *name, int *removed, weiss_fault *fault)
{
    weiss_netlink netlink = {0};
    struct nl_cache *cache;
    int count = 0, code = weiss_overlay_check_name(name, fault);
    if (code == 0)
        code = weiss_netlink_open(&netlink, fault);
    if (code != 0)
        return code;
    int error = rtnl_link_alloc_cache(netlink.socket, AF_UNSPEC, &cache);
    if (error != 0) {
        code = weiss_netlink_fault(fault, error, "the interfaces cannot be listed");
    } else {
        code = remove_links(&netlink, cache, name, &count, fault);
        nl_cache_free(cache);
    }
    weiss_netlink_close(&netlink);
    if (removed != NULL)
        *removed = count;
    return code;
}
