#include "cloud/lab/private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** What the keeper does at an end that nobody planned. */
static void remove_domains(const void *domains)
{
    weiss_domains_remove(domains, NULL);
}

int weiss_lab_make_directory(weiss_lab *lab, weiss_fault *fault)
{
    const char *base = lab->options.base != NULL ? lab->options.base : getenv("TMPDIR");
    char region[WEISS_LAB_VMS_MAX][WEISS_LAB_REGION_PATH];
    char *trash[WEISS_LAB_VMS_MAX + 2] = {lab->directory};
    if (lab->options.base != NULL)
        trash[0] = (char *)lab->options.base;
    if (lab->options.base == NULL && base != NULL && strlen(base) > 40)
        base = NULL;
    if (base == NULL || base[0] != '/' || strpbrk(base, ",\"%\\ \t\n") != NULL)
        base = "/tmp"; /* it becomes part of names of sockets, of QEMU's options and of ssh's settings */
    snprintf(lab->directory, sizeof lab->directory, "%s/weiss-lab-XXXXXX", base);
    if (mkdtemp(lab->directory) == NULL) {
        int error = errno;
        return weiss_fault_set(fault, WEISS_ERR_FILE, "no directory can be made in %s: %s", base,
                               strerror(error));
    }
    for (int i = 0; i < lab->ngroups; i++) {
        weiss_lab_region_path(lab, i, region[i]);
        trash[i + 1] = region[i];
    }
    const weiss_keeper_duty duty = {.run = remove_domains, .data = &lab->domains};
    int code = weiss_keeper_start(trash, lab->options.base != NULL ? lab->options.hold : -1,
                                  lab->domains.uri[0] != '\0' ? &duty : NULL, &lab->keeper, fault);
    if (code != 0)
        rmdir(lab->directory);
    return code;
}

int weiss_lab_hold_ports(weiss_lab *lab, weiss_fault *fault)
{
    for (int i = 0; i < lab->options.vms; i++) {
        lab->vm[i].port = 22;
        if (lab->domains.network[0] != '\0')
            continue;
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
        lab->vm[i].held = fd;
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
            bind(fd, (struct sockaddr *)&address, size) != 0 ||
            getsockname(fd, (struct sockaddr *)&address, &size) != 0)
            return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "no port on 127.0.0.1 for the machines: %s",
                                   strerror(errno));
        lab->vm[i].port = ntohs(address.sin_port);
    }
    return 0;
}

void weiss_lab_release_ports(weiss_lab *lab)
{
    for (int i = 0; i < lab->options.vms; i++) {
        if (lab->vm[i].held >= 0)
            close(lab->vm[i].held);
        lab->vm[i].held = -1;
    }
}

int weiss_lab_write_list(const weiss_lab *lab, weiss_fault *fault)
{
    char text[1024] = "", path[WEISS_PATH];
    for (int i = 0; i < lab->options.vms; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "vm%d %d %d %s/vm%d.qmp\n", i + 1, (int)lab->vm[i].pid,
                 lab->vm[i].port, lab->directory, i + 1);
    }
    snprintf(path, sizeof path, "%s/vms", lab->directory);
    return weiss_write_text(path, text, fault);
}
