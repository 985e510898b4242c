/* Interfaces by netlink: find, change, delete, and what the kernel's refusals mean. */
#include "cloud/overlay/overlay-private.h"

#include <errno.h>
#include <fcntl.h>
#include <netlink/errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int weiss_netlink_open(weiss_netlink *netlink, weiss_fault *fault)
{
    netlink->socket = nl_socket_alloc();
    if (netlink->socket == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    int error = nl_connect(netlink->socket, NETLINK_ROUTE);
    if (error == 0)
        return 0;
    weiss_netlink_close(netlink);
    return weiss_netlink_fault(fault, error, "netlink cannot be used");
}

void weiss_netlink_close(weiss_netlink *netlink)
{
    if (netlink->socket != NULL)
        nl_socket_free(netlink->socket);
    netlink->socket = NULL;
}

int weiss_netlink_fault(weiss_fault *fault, int error, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (error == -NLE_PERM)
        return weiss_fault_set(
            fault, WEISS_ERR_SYSTEM,
            "%s: not permitted; this needs root, or CAP_NET_ADMIN in this network namespace", what);
    return weiss_fault_set(fault, error == -NLE_NOMEM ? WEISS_ERR_MEMORY : WEISS_ERR_SYSTEM, "%s: %s", what,
                           nl_geterror(error));
}

int weiss_link_find(const weiss_netlink *netlink, const char *name, struct rtnl_link **link,
                    weiss_fault *fault)
{
    *link = NULL;
    int error = rtnl_link_get_kernel(netlink->socket, 0, name, link);
    if (error == 0 || error == -NLE_OBJ_NOTFOUND || error == -NLE_NODEV)
        return 0;
    return weiss_netlink_fault(fault, error, "%s cannot be looked up", name);
}

bool weiss_link_is_of(struct rtnl_link *link, const char *name)
{
    static const char prefix[] = WEISS_OVERLAY_ALIAS;
    const char *alias = rtnl_link_get_ifalias(link);
    return alias != NULL && strncmp(alias, prefix, sizeof prefix - 1) == 0 &&
           strcmp(alias + sizeof prefix - 1, name) == 0;
}

int weiss_link_change(const weiss_netlink *netlink, int index, struct rtnl_link *changes)
{
    struct rtnl_link *link = rtnl_link_alloc();
    if (link == NULL)
        return -NLE_NOMEM;
    rtnl_link_set_ifindex(link, index);
    int error = rtnl_link_change(netlink->socket, link, changes, 0);
    rtnl_link_put(link);
    return error;
}

int weiss_link_delete(const weiss_netlink *netlink, int index)
{
    struct rtnl_link *link = rtnl_link_alloc();
    if (link == NULL)
        return -NLE_NOMEM;
    rtnl_link_set_ifindex(link, index);
    int error = rtnl_link_delete(netlink->socket, link);
    rtnl_link_put(link);
    return error == -NLE_NODEV || error == -NLE_OBJ_NOTFOUND ? 0 : error;
}

int weiss_link_setting(const char *protocol, const char *link, const char *setting, const char *value,
                       weiss_fault *fault)
{
    char path[128];
    snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", protocol, link, setting);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    size_t length = strlen(value);
    int error = fd < 0 || write(fd, value, length) != (ssize_t)length ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (error == 0)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s cannot be set to %s: %s", path, value,
                           strerror(error));
}
