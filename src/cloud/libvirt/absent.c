/* In place of libvirt's machines where Weiss was built without libvirt. */
#include "cloud/libvirt/domains.h"
#include "cloud/libvirt/machines.h"

#include <string.h>

static int absent(weiss_fault *fault)
{
    return weiss_fault_set(
        fault, WEISS_ERR_SYSTEM,
        "this weiss was built without libvirt; write uri: qemu, for QEMU as the calling user");
}

int weiss_domains_check_uri(const char *uri, weiss_fault *fault)
{
    if (strncmp(uri, "qemu:", 5) == 0 || strncmp(uri, "qemu+", 5) == 0)
        return absent(fault);
    return weiss_fault_set(fault, WEISS_ERR_USAGE,
                           "expected qemu, qemu:///system or qemu:///session, found \"%.200s\"", uri);
}

bool weiss_domains_has_network(const char *uri)
{
    (void)uri;
    return false;
}

int weiss_domains_choose(const char *uri, const char *cluster, int vms, weiss_domains *domains,
                         weiss_fault *fault)
{
    (void)uri;
    (void)cluster;
    (void)vms;
    *domains = (weiss_domains){.vms = 0};
    return absent(fault);
}

int weiss_domains_examine(const weiss_domains *domains, weiss_fault *fault)
{
    (void)domains;
    return absent(fault);
}

int weiss_domains_remove(const weiss_domains *domains, weiss_fault *fault)
{
    (void)domains;
    return absent(fault);
}

const char *weiss_domains_address(const weiss_domains *domains, int index, char address[16])
{
    (void)domains;
    (void)index;
    address[0] = '\0';
    return address;
}

int weiss_lab_start_domain_network(weiss_lab *lab, weiss_fault *fault)
{
    (void)lab;
    return absent(fault);
}

int weiss_lab_start_domain(weiss_lab *lab, int index, weiss_fault *fault)
{
    (void)lab;
    (void)index;
    return absent(fault);
}
