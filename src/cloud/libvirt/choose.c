/* What a cluster is called in libvirt, and which addresses it gets. */
#include "cloud/libvirt/domains.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/** A random UUID (RFC 4122, version 4). */
static int make_uuid(char text[WEISS_UUID], weiss_fault *fault)
{
    uint8_t b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "no random numbers: %s", strerror(errno));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(text, WEISS_UUID, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return 0;
}

/** True when a card of this machine has an address in 10.77.SUBNET.0/24, or that network in a larger one. */
static bool is_taken(const struct ifaddrs *cards, int subnet)
{
    uint32_t wanted = 10U << 24 | 77U << 16 | (uint32_t)subnet << 8;
    for (const struct ifaddrs *c = cards; c != NULL; c = c->ifa_next) {
        if (c->ifa_addr == NULL || c->ifa_netmask == NULL || c->ifa_addr->sa_family != AF_INET)
            continue;
        uint32_t address = ntohl(((const struct sockaddr_in *)c->ifa_addr)->sin_addr.s_addr);
        uint32_t mask = ntohl(((const struct sockaddr_in *)c->ifa_netmask)->sin_addr.s_addr) & 0xffffff00U;
        if (mask != 0 && (address & mask) == (wanted & mask))
            return true;
    }
    return false;
}

/** The cluster's name decides where the search begins, so that a cluster mostly has the same addresses. */
static int choose_subnet(const char *cluster, int *subnet, weiss_fault *fault)
{
    struct ifaddrs *cards = NULL;
    unsigned first = 0;
    if (getifaddrs(&cards) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the network cards cannot be listed: %s",
                               strerror(errno));
    for (const char *c = cluster; *c != '\0'; c++)
        first = 31 * first + (unsigned char)*c;
    *subnet = 0;
    for (unsigned i = 0; i < 254 && *subnet == 0; i++) {
        int tried = (int)((first + i) % 254) + 1;
        if (!is_taken(cards, tried))
            *subnet = tried;
    }
    freeifaddrs(cards);
    return *subnet != 0
               ? 0
               : weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                                 "no network of 10.77.1.0/24 to 10.77.254.0/24 is free on this machine");
}

int weiss_domains_choose(const char *uri, const char *cluster, int vms, weiss_domains *d, weiss_fault *fault)
{
    *d = (weiss_domains){.vms = vms};
    snprintf(d->uri, sizeof d->uri, "%s", uri);
    snprintf(d->cluster, sizeof d->cluster, "%s", cluster);
    for (int i = 0; i < vms; i++)
        WEISS_FAULT_TRY(make_uuid(d->domain[i], fault));
    if (!weiss_domains_has_network(uri))
        return 0;
    WEISS_FAULT_TRY(make_uuid(d->network, fault));
    return choose_subnet(cluster, &d->subnet, fault);
}

const char *weiss_domains_name(const weiss_domains *d, int index, char name[WEISS_DOMAIN_NAME])
{
    if (index < 0)
        snprintf(name, WEISS_DOMAIN_NAME, "weiss-%s", d->cluster);
    else
        snprintf(name, WEISS_DOMAIN_NAME, "weiss-%.40s-vm%d", d->cluster, index + 1);
    return name;
}

const char *weiss_domains_bridge(const weiss_domains *d, char name[WEISS_BRIDGE_NAME])
{
    snprintf(name, WEISS_BRIDGE_NAME, "weissbr%d", d->subnet & 255);
    return name;
}

const char *weiss_domains_address(const weiss_domains *d, int index, char address[16])
{
    if (d->subnet == 0)
        snprintf(address, 16, "127.0.0.1");
    else
        snprintf(address, 16, "10.77.%d.%d", d->subnet & 255, (index + 1) & 255);
    return address;
}
