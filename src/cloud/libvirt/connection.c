#include "cloud/libvirt/connection.h"

#include <libvirt/virterror.h>
#include <string.h>

/** Oldest version that knows `<cpu mode='maximum'>`. */
#define OLDEST 7001000

static void keep_quiet(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

const char *weiss_libvirt_error(void)
{
    const char *text = virGetLastErrorMessage();
    return text != NULL ? text : "no reason was given";
}

/** Says why there is no connection. */
static int unreachable(const char *uri, weiss_fault *fault)
{
    const char *text = weiss_libvirt_error();
    int code = virGetLastErrorCode();
    bool session = !weiss_domains_has_network(uri);
    if (code == VIR_ERR_AUTH_FAILED || code == VIR_ERR_AUTH_UNAVAILABLE || code == VIR_ERR_AUTH_CANCELLED ||
        strstr(text, "Permission denied") != NULL)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "libvirt at %s does not let this user in (%s): become a member of the group "
                               "libvirt, or write uri: qemu:///session",
                               uri, text);
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt at %s cannot be reached (%s): %s", uri, text,
                           session
                               ? "install the packages libvirt-daemon and libvirt-daemon-driver-qemu"
                               : "install the package libvirt-daemon-system and start it (systemctl start "
                                 "libvirtd)");
}

int weiss_libvirt_connect(const char *uri, virConnectPtr *connection, weiss_fault *fault)
{
    unsigned long version = 0;
    virSetErrorFunc(NULL, keep_quiet);
    *connection = virConnectOpen(uri);
    if (*connection == NULL)
        return unreachable(uri, fault);
    if (virConnectGetLibVersion(*connection, &version) == 0 && version >= OLDEST)
        return 0;
    virConnectClose(*connection);
    *connection = NULL;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt at %s is older than 7.1, which is needed", uri);
}
