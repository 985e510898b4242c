#include "cloud/libvirt/connection.h"

#include "cloud/files.h"
#include "cloud/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int clash(const weiss_domains *d, const char *what, const char *name, const char *uuid,
                 weiss_fault *fault)
{
    return weiss_fault_set(
        fault, WEISS_ERR_USAGE,
        "libvirt at %s has a %s \"%s\" already (%s), which is not of this cluster and stays "
        "as it is: choose another name for the cluster, or remove it by hand",
        d->uri, what, name, uuid);
}

/** The name of a machine is free. */
static int check_domain(const weiss_domains *d, const weiss_connection *c, int index, weiss_fault *fault)
{
    char name[WEISS_DOMAIN_NAME], uuid[VIR_UUID_STRING_BUFLEN] = "";
    virDomainPtr domain = c->lib.virDomainLookupByName(c->connection, weiss_domains_name(d, index, name));
    if (domain == NULL)
        return 0;
    c->lib.virDomainGetUUIDString(domain, uuid);
    c->lib.virDomainFree(domain);
    return clash(d, "domain", name, uuid, fault);
}

/** The name of the network is free. */
static int check_network(const weiss_domains *d, const weiss_connection *c, weiss_fault *fault)
{
    char name[WEISS_DOMAIN_NAME], uuid[VIR_UUID_STRING_BUFLEN] = "";
    if (d->network[0] == '\0')
        return 0;
    virNetworkPtr network = c->lib.virNetworkLookupByName(c->connection, weiss_domains_name(d, -1, name));
    if (network == NULL && c->lib.virGetLastErrorCode() != VIR_ERR_NO_NETWORK)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "libvirt at %s has no networks (%s): install its driver for networks", d->uri,
                               weiss_libvirt_error(c));
    if (network == NULL)
        return 0;
    c->lib.virNetworkGetUUIDString(network, uuid);
    c->lib.virNetworkFree(network);
    return clash(d, "network", name, uuid, fault);
}

/** Without dnsmasq's program libvirtd (9.0) crashes when it is started again while a network is there, and so at each start. */
static int check_dnsmasq(const weiss_domains *d, weiss_fault *fault)
{
    char path[WEISS_PATH];
    if (d->network[0] == '\0' || weiss_process_find("dnsmasq", path, sizeof path))
        return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_SYSTEM,
        "dnsmasq, without which libvirtd does not bear a restart while it has a network, is not "
        "installed: install the package dnsmasq-base");
}

int weiss_domains_examine(const weiss_domains *d, weiss_fault *fault)
{
    weiss_connection c;
    if (!weiss_domains_has_network(d->uri) && geteuid() == 0)
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "%s is for users other than root; root has qemu:///system", d->uri);
    WEISS_FAULT_TRY(weiss_libvirt_connect(d->uri, &c, fault));
    int code = check_dnsmasq(d, fault);
    if (code == 0)
        code = check_network(d, &c, fault);
    for (int i = 0; code == 0 && i < d->vms; i++)
        code = check_domain(d, &c, i, fault);
    weiss_libvirt_close(&c);
    return code;
}

int weiss_domains_start_network(const weiss_domains *d, const char *xml, weiss_fault *fault)
{
    weiss_connection c;
    WEISS_FAULT_TRY(weiss_libvirt_connect(d->uri, &c, fault));
    virNetworkPtr network = c.lib.virNetworkCreateXML(c.connection, xml);
    int code = 0;
    if (network == NULL)
        code = weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt at %s does not make the network: %s", d->uri,
                               weiss_libvirt_error(&c));
    else
        c.lib.virNetworkFree(network);
    weiss_libvirt_close(&c);
    return code;
}

/** True when a process is QEMU with that UUID on its command line. */
static bool has_uuid(const char *pid, const char *uuid)
{
    static const char option[] = "-uuid";
    char path[300], words[1 << 16];
    snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    long length = weiss_read_text(path, words, sizeof words);
    for (long at = 0; at < length; at += (long)strlen(words + at) + 1)
        if (strcmp(words + at, option) == 0 && at + (long)sizeof option < length)
            return strcmp(words + at + sizeof option, uuid) == 0;
    return false;
}

static pid_t find_process(const char *uuid)
{
    struct dirent *entry;
    pid_t pid = 0;
    DIR *directory = opendir("/proc");
    while (directory != NULL && pid == 0 && (entry = readdir(directory)) != NULL)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && has_uuid(entry->d_name, uuid))
            pid = (pid_t)atoi(entry->d_name);
    if (directory != NULL)
        closedir(directory);
    return pid;
}

int weiss_domains_start(const weiss_domains *d, int index, const char *xml, pid_t *pid, weiss_fault *fault)
{
    weiss_connection c;
    int code = 0;
    *pid = 0;
    WEISS_FAULT_TRY(weiss_libvirt_connect(d->uri, &c, fault));
    virDomainPtr domain = c.lib.virDomainCreateXML(c.connection, xml, VIR_DOMAIN_START_VALIDATE);
    if (domain == NULL)
        code = weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt at %s does not start vm%d: %s", d->uri,
                               index + 1, weiss_libvirt_error(&c));
    else
        *pid = find_process(d->domain[index]);
    if (domain != NULL)
        c.lib.virDomainFree(domain);
    weiss_libvirt_close(&c);
    if (code == 0 && *pid == 0)
        code = weiss_fault_set(
            fault, WEISS_ERR_SYSTEM,
            "libvirt at %s has started vm%d, but its QEMU is no process that is seen from here", d->uri,
            index + 1);
    return code;
}

static int remove_domain(const weiss_connection *c, const char *uuid, weiss_fault *fault)
{
    virDomainPtr domain = c->lib.virDomainLookupByUUIDString(c->connection, uuid);
    if (domain == NULL)
        return 0;
    bool done = c->lib.virDomainDestroy(domain) == 0 || c->lib.virGetLastErrorCode() == VIR_ERR_NO_DOMAIN ||
                c->lib.virDomainIsActive(domain) == 0;
    c->lib.virDomainFree(domain);
    return done ? 0
                : weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt does not end the domain %s: %s", uuid,
                                  weiss_libvirt_error(c));
}

static int remove_network(const weiss_connection *c, const char *uuid, weiss_fault *fault)
{
    virNetworkPtr network = uuid[0] != '\0' ? c->lib.virNetworkLookupByUUIDString(c->connection, uuid) : NULL;
    if (network == NULL)
        return 0;
    bool done = c->lib.virNetworkDestroy(network) == 0;
    c->lib.virNetworkFree(network);
    return done ? 0
                : weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt does not end the network %s: %s", uuid,
                                  weiss_libvirt_error(c));
}

int weiss_domains_remove(const weiss_domains *d, weiss_fault *fault)
{
    weiss_connection c;
    WEISS_FAULT_TRY(weiss_libvirt_connect(d->uri, &c, fault));
    int code = 0;
    for (int i = 0; i < d->vms; i++) {
        int one = remove_domain(&c, d->domain[i], code == 0 ? fault : NULL);
        code = code == 0 ? one : code;
    }
    int last = remove_network(&c, d->network, code == 0 ? fault : NULL);
    weiss_libvirt_close(&c);
    return code == 0 ? last : code;
}
