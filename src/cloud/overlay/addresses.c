/* The host's own address in the overlay, when one is asked for. */
#include "base/text.h"
#include "cloud/overlay/overlay-private.h"

#include <arpa/inet.h>
#include <netlink/errno.h>
#include <netlink/route/addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int weiss_address_check(const char *address, weiss_fault *fault)
{
    char text[INET_ADDRSTRLEN + 3], shown[WEISS_TEXT_SHOWN];
    struct in_addr in;
    char *slash = NULL, *end = NULL;
    long bits = 0;
    if (strlen(address) < sizeof text) {
        strcpy(text, address);
        slash = strchr(text, '/');
    }
    if (slash != NULL) {
        *slash++ = '\0';
        bits = strtol(slash, &end, 10);
    }
    if (slash != NULL && *slash >= '0' && *slash <= '9' && *end == '\0' && bits >= 1 && bits <= 30 &&
        inet_pton(AF_INET, text, &in) == 1)
        return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_USAGE,
        "--address needs an IPv4 address and the length of its network, such as 10.77.0.254/24; "
        "found \"%s\"",
        weiss_text_show(address, shown));
}

/** Takes addresses away from an interface, all but @p kept. @param[out] there  @p kept is there already */
static int remove_others(const weiss_netlink *netlink, int index, struct nl_addr *kept, bool *there)
{
    struct nl_cache *cache;
    int error = rtnl_addr_alloc_cache(netlink->socket, &cache);
    if (error != 0)
        return error;
    for (struct nl_object *o = nl_cache_get_first(cache); o != NULL && error == 0; o = nl_cache_get_next(o)) {
        struct rtnl_addr *address = (struct rtnl_addr *)o;
        if (rtnl_addr_get_ifindex(address) != index || rtnl_addr_get_family(address) != AF_INET)
            continue;
        if (kept != NULL && nl_addr_cmp(rtnl_addr_get_local(address), kept) == 0)
            *there = true;
        else
            error = rtnl_addr_delete(netlink->socket, address, 0);
    }
    nl_cache_free(cache);
    return error;
}

int weiss_address_set(const weiss_netlink *netlink, int index, const char *address, weiss_fault *fault)
{
    struct nl_addr *local = NULL;
    struct rtnl_addr *new = NULL;
    bool there = false;
    int error = address != NULL ? nl_addr_parse(address, AF_INET, &local) : 0;
    if (error == 0)
        error = remove_others(netlink, index, local, &there);
    if (error == 0 && local != NULL && !there) {
        new = rtnl_addr_alloc();
        error = new == NULL ? -NLE_NOMEM : rtnl_addr_set_local(new, local);
        if (error == 0) {
            rtnl_addr_set_ifindex(new, index);
            error = rtnl_addr_add(netlink->socket, new, 0);
        }
    }
    if (new != NULL)
        rtnl_addr_put(new);
    if (local != NULL)
        nl_addr_put(local);
    return error == 0 ? 0
                      : weiss_netlink_fault(fault, error, "the address %s cannot be set",
                                            address != NULL ? address : "of the bridge");
}
