/* TAPs: what a virtual machine has in the bridge. */
#include "cloud/overlay/overlay-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int weiss_tap_open(const char *tap, weiss_tap_kind kind, int *out, weiss_fault *fault)
{
    const int flags[] = {IFF_TAP | IFF_NO_PI, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR,
                         IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE};
    struct ifreq request = {.ifr_flags = (short)flags[kind]};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "/dev/net/tun, which makes TAPs, cannot be opened: %s (is the kernel module "
                               "tun loaded?)",
                               strerror(errno));
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", tap);
    *out = fd;
    if (ioctl(fd, TUNSETIFF, &request) == 0)
        return 0;
    int error = errno;
    close(fd);
    *out = -1;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the TAP %s cannot be opened: %s%s", tap, strerror(error),
                           error == EPERM   ? "; this needs root, CAP_NET_ADMIN, or to be its owner"
                           : error == EBUSY ? "; a machine has it"
                                            : "");
}

int weiss_tap_make(const char *tap, uid_t owner, bool multiqueue, weiss_fault *fault)
{
    int fd, code = weiss_tap_open(tap, multiqueue ? WEISS_TAP_QUEUES : WEISS_TAP_MACHINE, &fd, fault);
    if (code != 0)
        return code;
    if (ioctl(fd, TUNSETOWNER, (unsigned long)owner) != 0 || ioctl(fd, TUNSETPERSIST, 1UL) != 0)
        code = weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the TAP %s cannot be given to user %u: %s", tap,
                               (unsigned)owner, strerror(errno));
    close(fd);
    return code;
}

int weiss_overlay_open_tap(const char *name, int number, bool multiqueue, int *fd, weiss_fault *fault)
{
    char tap[IFNAMSIZ];
    weiss_overlay_tap_name(name, number, tap);
    *fd = -1;
    if (if_nametoindex(tap) == 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the overlay %s has no TAP %s", name, tap);
    int code = weiss_tap_open(tap, multiqueue ? WEISS_TAP_QUEUES : WEISS_TAP_MACHINE, fd, fault);
    if (code == 0)
        fcntl(*fd, F_SETFD, 0);
    return code;
}
