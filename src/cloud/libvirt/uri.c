/* Which libvirt: what the words qemu:///... may be. */
#include "cloud/libvirt/domains.h"

#include <stdio.h>
#include <string.h>

static int wrong(const char *uri, weiss_fault *fault)
{
    return weiss_fault_set(fault, WEISS_ERR_USAGE,
                           "expected qemu, qemu:///system or qemu:///session, found \"%.200s\"", uri);
}

/** Start of what follows the scheme, "HOST/PATH"; NULL when the scheme is none of libvirt's for QEMU. */
static const char *after_scheme(const char *uri, bool *here)
{
    const char *colon = strstr(uri, "://");
    if (colon == NULL || strncmp(uri, "qemu", 4) != 0 || (uri[4] != '+' && uri[4] != ':'))
        return NULL;
    *here = uri[4] == ':' || strncmp(uri, "qemu+unix:", 10) == 0;
    return colon + 3;
}

int weiss_domains_check_uri(const char *uri, weiss_fault *fault)
{
    bool here = false;
    const char *rest = after_scheme(uri, &here);
    if (rest == NULL || strlen(uri) >= WEISS_LIBVIRT_URI || strpbrk(uri, " \"'\\\t\n") != NULL)
        return wrong(uri, fault);
    if (!here || *rest != '/')
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "\"%.200s\" is libvirt on another machine, where the image and the shared memory "
            "are not: run weiss there, with qemu:///system",
            uri);
    size_t length = strcspn(rest, "?");
    bool known = (length == 7 && strncmp(rest, "/system", length) == 0) ||
                 (length == 8 && strncmp(rest, "/session", length) == 0);
    return known ? 0 : wrong(uri, fault);
}

bool weiss_domains_has_network(const char *uri)
{
    return strstr(uri, ":///session") == NULL;
}
