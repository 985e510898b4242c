/* The network between the servers: its addresses, routes and MTU. */
#include "base/text.h"
#include "cloud/overlay/overlay-private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

void weiss_ip_set(weiss_ip *ip, int family, const void *bytes)
{
    memset(ip, 0, sizeof *ip);
    ip->family = family;
    ip->length = family == AF_INET ? 4 : 16;
    memcpy(ip->bytes, bytes, ip->length);
    inet_ntop(family, ip->bytes, ip->text, sizeof ip->text);
}

bool weiss_ip_parse(const char *text, weiss_ip *out)
{
    unsigned char bytes[16];
    int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, bytes) != 1)
        return false;
    weiss_ip_set(out, family, bytes);
    return true;
}

bool weiss_ip_same(const weiss_ip *a, const weiss_ip *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, a->length) == 0;
}

static socklen_t socket_address(const weiss_ip *ip, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    out->ss_family = (sa_family_t)ip->family;
    if (ip->family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        memcpy(&in->sin_addr, ip->bytes, 4);
        in->sin_port = htons(WEISS_OVERLAY_PORT);
        return sizeof *in;
    }
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)out;
    memcpy(&in->sin6_addr, ip->bytes, 16);
    in->sin6_port = htons(WEISS_OVERLAY_PORT);
    return sizeof *in;
}

/** Finds the interface that has the local address, and its MTU. */
static int find_interface(weiss_underlay *u, weiss_fault *fault)
{
    struct ifaddrs *list;
    struct ifreq request = {0};
    if (getifaddrs(&list) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the addresses of this machine cannot be read: %s",
                               strerror(errno));
    for (struct ifaddrs *a = list; a != NULL && request.ifr_name[0] == '\0'; a = a->ifa_next) {
        if (a->ifa_addr == NULL || a->ifa_addr->sa_family != u->local.family)
            continue;
        const void *bytes = u->local.family == AF_INET
                                ? (const void *)&((struct sockaddr_in *)a->ifa_addr)->sin_addr
                                : (const void *)&((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr;
        if (memcmp(bytes, u->local.bytes, u->local.length) == 0)
            snprintf(request.ifr_name, sizeof request.ifr_name, "%s", a->ifa_name);
    }
    freeifaddrs(list);
    if (request.ifr_name[0] == '\0')
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "--local %s is no address of this machine (`ip address` lists them)",
                               u->local.text);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error = fd < 0 || ioctl(fd, SIOCGIFMTU, &request) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (error != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the MTU of %s cannot be read: %s", request.ifr_name,
                               strerror(error));
    memcpy(u->interface, request.ifr_name, sizeof u->interface);
    u->mtu = request.ifr_mtu;
    return 0;
}

/** Asks the kernel for the route to a peer, without a packet being sent, and for its MTU. */
static int check_route(weiss_underlay *u, const weiss_ip *peer, weiss_fault *fault)
{
    struct sockaddr_storage from, to;
    socklen_t from_size = socket_address(&u->local, &from), to_size = socket_address(peer, &to);
    int mtu = 0, fd = socket(peer->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof mtu;
    bool four = peer->family == AF_INET;
    if (four)
        ((struct sockaddr_in *)&from)->sin_port = 0;
    else
        ((struct sockaddr_in6 *)&from)->sin6_port = 0;
    int error = fd < 0 || bind(fd, (struct sockaddr *)&from, from_size) != 0 ||
                        connect(fd, (struct sockaddr *)&to, to_size) != 0
                    ? errno
                    : 0;
    if (error == 0 &&
        getsockopt(fd, four ? IPPROTO_IP : IPPROTO_IPV6, four ? IP_MTU : IPV6_MTU, &mtu, &size) == 0 &&
        mtu > 0 && mtu < u->mtu)
        u->mtu = mtu;
    if (fd >= 0)
        close(fd);
    if (error != 0)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--peer %s cannot be reached from %s: %s", peer->text,
                               u->local.text, strerror(error));
    return 0;
}

/** Reads one address of another server. */
static int add_peer(weiss_underlay *u, const char *text, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_ip *peer = &u->peer[u->npeers];
    if (!weiss_ip_parse(text, peer))
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--peer needs an IP address; found \"%s\"",
                               weiss_text_show(text, shown));
    if (peer->family != u->local.family)
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--peer %s and --local %s are not of one kind of IP",
                               peer->text, u->local.text);
    if (weiss_ip_same(peer, &u->local))
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "--peer %s is this server itself (--local); name the others", peer->text);
    for (int i = 0; i < u->npeers; i++)
        if (weiss_ip_same(peer, &u->peer[i]))
            return weiss_fault_set(fault, WEISS_ERR_USAGE, "--peer %s is given twice", peer->text);
    u->npeers++;
    return check_route(u, peer, fault);
}

int weiss_underlay_find(const weiss_overlay_options *options, weiss_underlay *out, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    memset(out, 0, sizeof *out);
    if (options->local == NULL || !weiss_ip_parse(options->local, &out->local))
        return weiss_fault_set(fault, WEISS_ERR_USAGE, "--local needs this server's IP address; found \"%s\"",
                               weiss_text_show(options->local != NULL ? options->local : "", shown));
    int code = find_interface(out, fault);
    for (int i = 0; code == 0 && options->peer[i] != NULL; i++)
        code = add_peer(out, options->peer[i], fault);
    return code;
}
