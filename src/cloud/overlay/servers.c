#include "cloud/overlay/servers.h"

#include "cloud/overlay/wire.h"
#include "cloud/process.h"

#include <errno.h>
#include <fcntl.h>
#include <netlink/errno.h>
#include <netlink/route/link/veth.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIRE "wire"

struct weiss_servers {
    int home; /**< the namespace that we came from */
    int space[WEISS_SERVERS]; /**< those of the servers; -1 without */
    int end[WEISS_SERVERS]; /**< TAPs of a wire with a relay; -1 without */
    pid_t relay;
    int mtu; /**< of the guests */
};

static int open_own_space(weiss_fault *fault)
{
    int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the network namespace cannot be opened: %s",
                        strerror(errno));
    return fd;
}

int weiss_servers_enter(const weiss_servers *servers, int server, weiss_fault *fault)
{
    if (setns(server < 0 ? servers->home : servers->space[server], CLONE_NEWNET) == 0)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "a network namespace cannot be entered: %s",
                           strerror(errno));
}

/** Makes a namespace and leaves the caller in it. */
static int make_space(weiss_servers *s, int server, weiss_fault *fault)
{
    if (unshare(CLONE_NEWNET) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "a network namespace cannot be made: %s; several servers need root",
                               strerror(errno));
    s->space[server] = open_own_space(fault);
    return s->space[server] < 0 ? fault->code : 0;
}

/** Makes the wire of a pair of interfaces. The caller is in the second server. */
static int lay_veth(const weiss_servers *s, weiss_fault *fault)
{
    weiss_netlink netlink;
    WEISS_FAULT_TRY(weiss_netlink_open(&netlink, fault));
    struct rtnl_link *link = rtnl_link_veth_alloc();
    int error = -NLE_NOMEM;
    if (link != NULL) {
        struct rtnl_link *peer = rtnl_link_veth_get_peer(link);
        rtnl_link_set_name(link, WIRE);
        rtnl_link_set_name(peer, WIRE);
        rtnl_link_set_ns_fd(peer, s->space[0]);
        error = rtnl_link_add(netlink.socket, link, NLM_F_CREATE | NLM_F_EXCL);
        rtnl_link_put(peer);
        rtnl_link_put(link);
    }
    weiss_netlink_close(&netlink);
    return error == 0 ? 0 : weiss_netlink_fault(fault, error, "a pair of interfaces (veth) cannot be made");
}

/** Makes one end of a wire with a relay. The caller is in that server. */
static int lay_end(weiss_servers *s, int server, weiss_fault *fault)
{
    return weiss_tap_open(WIRE, WEISS_TAP_FRAMES, &s->end[server], fault);
}

/** Gives the end of the wire its address, MTU and rate. The caller is in that server. */
static int set_end(int server, const weiss_wire *wire, weiss_fault *fault)
{
    char address[32];
    struct rtnl_link *link, *changes = rtnl_link_alloc();
    weiss_netlink netlink;
    if (changes == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    int code = weiss_netlink_open(&netlink, fault), error = 0;
    if (code == 0)
        code = weiss_link_find(&netlink, WIRE, &link, fault);
    if (code == 0 && link == NULL)
        code = weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the wire between the servers is gone");
    if (code == 0) {
        int index = rtnl_link_get_ifindex(link);
        rtnl_link_put(link);
        rtnl_link_set_flags(changes, IFF_UP);
        rtnl_link_set_mtu(changes, (unsigned)wire->mtu);
        error = weiss_link_change(&netlink, index, changes);
        if (error == 0 && wire->rate > 0)
            error = weiss_wire_shape(&netlink, index, wire->rate, wire->mtu);
        snprintf(address, sizeof address, "192.0.2.%d/24", server + 1);
        code = error == 0
                   ? weiss_address_set(&netlink, index, address, fault)
                   : weiss_netlink_fault(fault, error, "the wire between the servers cannot be set up");
    }
    rtnl_link_put(changes);
    weiss_netlink_close(&netlink);
    return code;
}

/** The overlay of one server. The caller is in it. */
static int raise_overlay(weiss_servers *s, int server, int taps, weiss_fault *fault)
{
    char own[24], other[24];
    snprintf(own, sizeof own, "192.0.2.%d", server + 1);
    snprintf(other, sizeof other, "192.0.2.%d", 2 - server);
    const weiss_overlay_options options = {
        .name = WEISS_SERVERS_OVERLAY, .local = own, .peer = {other}, .taps = taps, .owner = getuid()};
    return weiss_overlay_up(&options, &s->mtu, fault);
}

/** Makes namespaces and what joins them. Leaves the caller in one of them. */
static int build(weiss_servers *s, const weiss_wire *wire, int taps, bool outlives, weiss_fault *fault)
{
    for (int i = 0; i < WEISS_SERVERS; i++) {
        WEISS_FAULT_TRY(make_space(s, i, fault));
        if (wire->delay > 0)
            WEISS_FAULT_TRY(lay_end(s, i, fault));
    }
    if (wire->delay == 0)
        WEISS_FAULT_TRY(lay_veth(s, fault));
    else
        WEISS_FAULT_TRY(weiss_wire_relay(s->end, wire->delay, outlives, &s->relay, fault));
    for (int i = 0; i < WEISS_SERVERS; i++) {
        WEISS_FAULT_TRY(weiss_servers_enter(s, i, fault));
        WEISS_FAULT_TRY(set_end(i, wire, fault));
        WEISS_FAULT_TRY(raise_overlay(s, i, taps, fault));
    }
    return 0;
}

int weiss_servers_start(const weiss_wire *wire, int taps, bool outlives, weiss_servers **servers, weiss_fault *fault)
{
    weiss_servers *s = calloc(1, sizeof *s);
    *servers = NULL;
    if (s == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (int i = 0; i < WEISS_SERVERS; i++)
        s->space[i] = s->end[i] = -1;
    s->home = open_own_space(fault);
    int code = s->home < 0 ? fault->code : build(s, wire, taps, outlives, fault);
    if (s->home >= 0) {
        int back = weiss_servers_enter(s, -1, fault);
        code = code != 0 ? code : back;
    }
    if (code == 0)
        *servers = s;
    else
        weiss_servers_stop(s);
    return code;
}

static void close_one(int fd)
{
    if (fd >= 0)
        close(fd);
}

void weiss_servers_stop(weiss_servers *servers)
{
    if (servers == NULL)
        return;
    if (servers->relay > 0)
        weiss_process_end(servers->relay);
    for (int i = 0; i < WEISS_SERVERS; i++) {
        close_one(servers->end[i]);
        close_one(servers->space[i]);
    }
    close_one(servers->home);
    free(servers);
}

int weiss_servers_open_tap(const weiss_servers *servers, int server, int number, int *fd, weiss_fault *fault)
{
    WEISS_FAULT_TRY(weiss_servers_enter(servers, server, fault));
    int code = weiss_overlay_open_tap(WEISS_SERVERS_OVERLAY, number, false, fd, fault);
    int back = weiss_servers_enter(servers, -1, fault);
    return code != 0 ? code : back;
}

int weiss_servers_mtu(const weiss_servers *servers)
{
    return servers->mtu;
}

int weiss_servers_namespace(const weiss_servers *servers, int server)
{
    return servers->space[server];
}

pid_t weiss_servers_relay(const weiss_servers *servers)
{
    return servers->relay;
}
