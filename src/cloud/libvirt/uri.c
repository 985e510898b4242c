/* Which libvirt: what the words qemu:///... may be. */
#include "cloud/libvirt/connection.h"

#include <libxml/uri.h>
#include <stdio.h>
#include <string.h>

static int wrong(const char *uri, weiss_fault *fault)
{
    return weiss_fault_set(fault, WEISS_ERR_USAGE,
                           "expected qemu, qemu:///system or qemu:///session, found \"%.200s\"", uri);
}

int weiss_domains_check_uri(const char *uri, weiss_fault *fault)
{
    xmlURI *parts = strlen(uri) < WEISS_LIBVIRT_URI ? xmlParseURI(uri) : NULL;
    if (parts == NULL)
        return wrong(uri, fault);
    bool near = parts->scheme != NULL &&
                (strcmp(parts->scheme, "qemu") == 0 || strcmp(parts->scheme, "qemu+unix") == 0);
    bool far = !near && parts->scheme != NULL && strncmp(parts->scheme, "qemu+", 5) == 0;
    bool here = parts->server == NULL || parts->server[0] == '\0';
    bool known =
        parts->path != NULL && (strcmp(parts->path, "/session") == 0 || strcmp(parts->path, "/system") == 0);
    bool blank = strpbrk(uri, " \"'\\\t\n") != NULL;
    xmlFreeURI(parts);
    if (far || (near && !here))
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "\"%.200s\" is libvirt on another machine, where the image and the shared memory "
            "are not: run weiss there, with qemu:///system",
            uri);
    if (!near || !known || blank)
        return wrong(uri, fault);
    return 0;
}

bool weiss_domains_has_network(const char *uri)
{
    return strstr(uri, "/session") == NULL;
}
