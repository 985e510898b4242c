/* The overlays that are there, read from the interfaces themselves. */
#include "cloud/overlay/overlay-private.h"

#include <netlink/errno.h>
#include <netlink/route/addr.h>
#include <netlink/route/link/vxlan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Finds or appends the overlay that an interface belongs to. NULL: it belongs to none, or memory ran out (*full). */
static weiss_overlay *owner(struct rtnl_link *link, weiss_overlay **list, int *count, bool *full)
{
    static const char prefix[] = WEISS_OVERLAY_ALIAS;
    const char *alias = rtnl_link_get_ifalias(link);
    if (alias == NULL || strncmp(alias, prefix, sizeof prefix - 1) != 0 ||
        weiss_overlay_check_name(alias + sizeof prefix - 1, NULL) != 0)
        return NULL;
    const char *name = alias + sizeof prefix - 1;
    for (int i = 0; i < *count; i++)
        if (strcmp((*list)[i].name, name) == 0)
            return &(*list)[i];
    weiss_overlay *longer = realloc(*list, ((size_t)*count + 1) * sizeof *longer);
    *full = longer == NULL;
    if (longer == NULL)
        return NULL;
    *list = longer;
    weiss_overlay *new = &longer[(*count)++];
    memset(new, 0, sizeof *new);
    snprintf(new->name, sizeof new->name, "%s", name);
    return new;
}

static int read_vxlan(const weiss_netlink *netlink, struct rtnl_link *link, weiss_overlay *overlay)
{
    struct nl_addr *local = NULL;
    weiss_ip peers[WEISS_OVERLAY_PEERS_MAX];
    snprintf(overlay->vxlan, IFNAMSIZ, "%s", rtnl_link_get_name(link));
    overlay->received = rtnl_link_get_stat(link, RTNL_LINK_RX_BYTES);
    overlay->sent = rtnl_link_get_stat(link, RTNL_LINK_TX_BYTES);
    rtnl_link_vxlan_get_id(link, &overlay->vni);
    if (rtnl_link_vxlan_get_local(link, &local) == 0 && local != NULL) {
        nl_addr2str(local, overlay->local, sizeof overlay->local);
        nl_addr_put(local);
    }
    int error = weiss_peers_get(netlink, rtnl_link_get_ifindex(link), peers, &overlay->npeers);
    for (int i = 0; i < overlay->npeers; i++)
        memcpy(overlay->peer[i], peers[i].text, sizeof overlay->peer[i]);
    return error;
}

static int read_address(const weiss_netlink *netlink, int index, weiss_overlay *overlay)
{
    struct nl_cache *cache;
    int error = rtnl_addr_alloc_cache(netlink->socket, &cache);
    if (error != 0)
        return error;
    for (struct nl_object *o = nl_cache_get_first(cache); o != NULL; o = nl_cache_get_next(o)) {
        struct rtnl_addr *address = (struct rtnl_addr *)o;
        if (rtnl_addr_get_ifindex(address) == index && rtnl_addr_get_family(address) == AF_INET)
            nl_addr2str(rtnl_addr_get_local(address), overlay->address, sizeof overlay->address);
    }
    nl_cache_free(cache);
    return 0;
}

/** Reads one interface into its overlay. @return of libnl */
static int read_link(const weiss_netlink *netlink, struct rtnl_link *link, weiss_overlay *overlay)
{
    const char *type = rtnl_link_get_type(link);
    if (type != NULL && strcmp(type, "vxlan") == 0)
        return read_vxlan(netlink, link, overlay);
    if (type != NULL && strcmp(type, "bridge") == 0) {
        snprintf(overlay->bridge, IFNAMSIZ, "%s", rtnl_link_get_name(link));
        overlay->mtu = (int)rtnl_link_get_mtu(link);
        return read_address(netlink, rtnl_link_get_ifindex(link), overlay);
    }
    if (overlay->ntaps < WEISS_OVERLAY_TAPS_MAX) {
        weiss_overlay_tap *tap = &overlay->tap[overlay->ntaps++];
        snprintf(tap->name, IFNAMSIZ, "%s", rtnl_link_get_name(link));
        tap->used = rtnl_link_get_carrier(link) != 0;
    }
    return 0;
}

int weiss_overlay_list(weiss_overlay **list, int *count, weiss_fault *fault)
{
    weiss_netlink netlink = {0};
    struct nl_cache *cache;
    bool full = false;
    *list = NULL;
    *count = 0;
    WEISS_FAULT_TRY(weiss_netlink_open(&netlink, fault));
    int error = rtnl_link_alloc_cache(netlink.socket, AF_UNSPEC, &cache);
    if (error == 0) {
        for (struct nl_object *o = nl_cache_get_first(cache); o != NULL && error == 0 && !full;
             o = nl_cache_get_next(o)) {
            weiss_overlay *overlay = owner((struct rtnl_link *)o, list, count, &full);
            if (overlay != NULL)
                error = read_link(&netlink, (struct rtnl_link *)o, overlay);
        }
        nl_cache_free(cache);
    }
    weiss_netlink_close(&netlink);
    if (error == 0 && !full)
        return 0;
    free(*list);
    *list = NULL;
    *count = 0;
    return weiss_netlink_fault(fault, full ? -NLE_NOMEM : error, "the overlays cannot be listed");
}
