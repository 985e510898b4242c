#include "cloud/libvirt/connection.h"

#include <string.h>

/** Oldest version that knows `<cpu mode='maximum'>`. */
#define OLDEST 7001000

static void keep_quiet(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

const char *weiss_libvirt_error(const weiss_connection *c)
{
    const char *text = c->lib.virGetLastErrorMessage();
    return text != NULL ? text : "no reason was given";
}

/** Says why there is no connection. */
static int unreachable(const weiss_connection *c, const char *uri, weiss_fault *fault)
{
    const char *text = weiss_libvirt_error(c);
    int code = c->lib.virGetLastErrorCode();
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

int weiss_libvirt_connect(const char *uri, weiss_connection *c, weiss_fault *fault)
{
    unsigned long version = 0;
    c->connection = NULL;
    WEISS_FAULT_TRY(weiss_libvirt_load(&c->lib, fault));
    c->lib.virSetErrorFunc(NULL, keep_quiet);
    c->connection = c->lib.virConnectOpen(uri);
    if (c->connection == NULL)
        return unreachable(c, uri, fault);
    if (c->lib.virConnectGetLibVersion(c->connection, &version) == 0 && version >= OLDEST)
        return 0;
    weiss_libvirt_close(c);
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt at %s is older than 7.1, which is needed", uri);
}

void weiss_libvirt_close(weiss_connection *c)
{
    c->lib.virConnectClose(c->connection);
    c->connection = NULL;
}
