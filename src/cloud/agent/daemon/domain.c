#include "cloud/agent/daemon/domain.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *weiss_domain_error(void)
{
    const char *text = virGetLastErrorMessage();
    return text != NULL ? text : "no reason was given";
}

/** Says what libvirt refused to do with a domain. The reason is kept first: asking for the name forgets it. */
static int refuse(virDomainPtr domain, const char *what, weiss_fault *fault)
{
    char reason[WEISS_FAULT_TEXT / 2];
    snprintf(reason, sizeof reason, "%s", weiss_domain_error());
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt does not %s the domain %s: %s", what,
                           virDomainGetName(domain), reason);
}

/** Asks for a domain. @return NULL: it is not there (@p state ENDED) or libvirt does not say */
static virDomainPtr find(virConnectPtr connection, const char *uuid, weiss_domain_state *state,
                         weiss_fault *fault)
{
    virDomainPtr domain = virDomainLookupByUUIDString(connection, uuid);
    *state = WEISS_DOMAIN_RUNS;
    if (domain != NULL)
        return domain;
    *state = virGetLastErrorCode() == VIR_ERR_NO_DOMAIN ? WEISS_DOMAIN_ENDED : WEISS_DOMAIN_UNKNOWN;
    weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt does not find the domain %s: %s", uuid,
                    weiss_domain_error());
    return NULL;
}

static void read_view(const char *xml, weiss_domain_view *view)
{
    size_t length = strlen(xml);
    int run = weiss_domain_run(xml, length);
    view->state = run >= 0 ? WEISS_DOMAIN_RUNS : WEISS_DOMAIN_ENDED;
    view->run = run >= 0 ? (uint64_t)run : 0;
    if (run >= 0)
        weiss_instance_read(xml, length, &view->instance, &view->wrong);
}

static void look_at(virDomainPtr domain, weiss_domain_view *view, weiss_fault *fault)
{
    char *xml = virDomainGetXMLDesc(domain, 0);
    memset(view, 0, sizeof *view);
    if (xml != NULL) {
        read_view(xml, view);
        free(xml);
        return;
    }
    view->state = virGetLastErrorCode() == VIR_ERR_NO_DOMAIN ? WEISS_DOMAIN_ENDED : WEISS_DOMAIN_UNKNOWN;
    refuse(domain, "describe", fault);
}

void weiss_domain_look(virConnectPtr connection, const char *uuid, weiss_domain_view *view,
                       weiss_fault *fault)
{
    memset(view, 0, sizeof *view);
    virDomainPtr domain = find(connection, uuid, &view->state, fault);
    if (domain == NULL)
        return;
    look_at(domain, view, fault);
    virDomainFree(domain);
}

const char *weiss_instance_region(const weiss_instance *instance)
{
    for (int i = 0; i < instance->nshmems; i++)
        if (instance->shmem[i].ours)
            return instance->shmem[i].name;
    return "";
}

static bool has_region(const weiss_instance *instance, const char *region)
{
    for (int i = 0; i < instance->nshmems; i++)
        if (strcmp(instance->shmem[i].name, region) == 0)
            return true;
    return false;
}

/** Finds a domain in the run that is meant. @return 0, WEISS_STOPPED (it has ended), WEISS_ERR_SYSTEM */
static int find_run(virConnectPtr connection, const char *uuid, uint64_t run, virDomainPtr *domain,
                    weiss_domain_view *view, weiss_fault *fault)
{
    memset(view, 0, sizeof *view);
    *domain = find(connection, uuid, &view->state, fault);
    if (*domain != NULL)
        look_at(*domain, view, fault);
    if (view->state == WEISS_DOMAIN_RUNS && view->run == run)
        return 0;
    if (*domain != NULL)
        virDomainFree(*domain);
    *domain = NULL;
    if (view->state == WEISS_DOMAIN_UNKNOWN)
        return WEISS_ERR_SYSTEM;
    weiss_fault_set(fault, WEISS_STOPPED, "the domain %s has ended meanwhile", uuid);
    return WEISS_STOPPED;
}

/** Says why libvirt refuses a device, and what can be done where that is known. */
static int refused(const weiss_instance *instance, const weiss_shmem_device *device, weiss_fault *fault)
{
    const char *text = weiss_domain_error(), *advice = "";
    if (strstr(text, "No more available PCI slots") != NULL || strstr(text, "already occupied") != NULL ||
        strstr(text, "in use") != NULL)
        advice = "; give the domain more root ports (Nova: num_pcie_ports = 16 in nova.conf)";
    else if (strstr(text, "Permission denied") != NULL)
        advice = "; QEMU may not open the region: look at [share] user and group, and at the rules of "
                 "AppArmor or SELinux";
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt refuses to attach %s to %s: %s%s",
                           device->region, instance->domain, text, advice);
}

/** Attaches to a domain whose view is known. */
static int attach(virDomainPtr domain, const weiss_domain_view *view, const weiss_shmem_device *device,
                  weiss_fault *fault)
{
    weiss_shmem_device placed = *device;
    const weiss_instance *instance = &view->instance;
    char *xml;
    if (view->wrong.code != 0)
        return weiss_fault_set(fault, view->wrong.code, "%s", view->wrong.text);
    if (instance->machine == WEISS_MACHINE_Q35 && instance->port < 0)
        return weiss_fault_set(
            fault, WEISS_ERR_VALUE,
            "the domain %s has no free PCIe root port for the device; give it more of them "
            "(Nova: num_pcie_ports = 16 in nova.conf) and start it again",
            instance->domain);
    placed.port = instance->machine == WEISS_MACHINE_Q35 ? instance->port : -1;
    WEISS_FAULT_TRY(weiss_shmem_device_xml(&placed, &xml, fault));
    int code = virDomainAttachDeviceFlags(domain, xml, VIR_DOMAIN_AFFECT_LIVE);
    free(xml);
    return code == 0 ? 0 : refused(instance, device, fault);
}

int weiss_domain_attach(virConnectPtr connection, const char *uuid, uint64_t run,
                        const weiss_shmem_device *device, weiss_fault *fault)
{
    virDomainPtr domain;
    weiss_domain_view view;
    WEISS_FAULT_TRY(find_run(connection, uuid, run, &domain, &view, fault));
    int code = 0;
    if (!has_region(&view.instance, device->region)) {
        code = attach(domain, &view, device, fault);
        if (code == 0)
            look_at(domain, &view, fault);
        if (code == 0 && (view.state != WEISS_DOMAIN_RUNS || view.run != run))
            code = weiss_fault_set(fault, WEISS_STOPPED, "the domain %s has ended meanwhile", uuid);
        else if (code == 0 && !has_region(&view.instance, device->region))
            code =
                weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                                "libvirt said that it attached %s to %s, but the domain has no such device",
                                device->region, view.instance.domain);
    }
    virDomainFree(domain);
    return code;
}

/** The device as the domain has it; NULL: it has none. */
static const weiss_shmem *find_shmem(const weiss_instance *instance, const char *region)
{
    for (int i = 0; i < instance->nshmems; i++)
        if (strcmp(instance->shmem[i].name, region) == 0)
            return &instance->shmem[i];
    return NULL;
}

static int ask_detach(virDomainPtr domain, const weiss_shmem *shmem, weiss_fault *fault)
{
    if (shmem->alias[0] == '\0')
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the device %s of %s has no alias", shmem->name,
                               virDomainGetName(domain));
    if (virDomainDetachDeviceAlias(domain, shmem->alias, VIR_DOMAIN_AFFECT_LIVE) == 0)
        return 0;
    if (virGetLastErrorCode() == VIR_ERR_DEVICE_MISSING)
        return 0;
    /* QEMU says so of a device that was asked for before: the guest is still to answer. */
    if (strstr(weiss_domain_error(), "already in the process of unplug") != NULL)
        return 0;
    return refuse(domain, "detach the shared memory of", fault);
}

int weiss_domain_detach(virConnectPtr connection, const char *uuid, uint64_t run, const char *region,
                        weiss_fault *fault)
{
    virDomainPtr domain;
    weiss_domain_view view;
    WEISS_FAULT_TRY(find_run(connection, uuid, run, &domain, &view, fault));
    const weiss_shmem *shmem = find_shmem(&view.instance, region);
    int code = shmem != NULL ? ask_detach(domain, shmem, fault) : 0;
    if (code == 0 && shmem != NULL) {
        look_at(domain, &view, fault);
        bool gone = view.state == WEISS_DOMAIN_RUNS && find_shmem(&view.instance, region) == NULL;
        code = gone ? 0 : view.state == WEISS_DOMAIN_RUNS ? WEISS_RETRY : WEISS_STOPPED;
    }
    virDomainFree(domain);
    return code;
}
