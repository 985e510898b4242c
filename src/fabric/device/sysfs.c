/* SYSFS: BAR2 through the kernel's own files. It needs no driver, but root's rights, maps the region uncached and has no
 * interrupts; others can still be rung.
 *
 * resource2_wc, the write-combined view, is not used: with it the processor may make stores visible in another order than
 * they were written in, and a message could be announced before it is there. */
#include "fabric/device/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COMMAND 4 /* offset in the configuration space */
#define COMMAND_MEMORY 2

/** Does the device answer at the addresses of its BARs? */
static bool decodes(const weiss_pci *card)
{
    char path[PATH_MAX];
    uint8_t command = 0;
    int fd = open(weiss_pci_path(card, "config", path, sizeof path), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool read = pread(fd, &command, 1, COMMAND) == 1;
    close(fd);
    return read && (command & COMMAND_MEMORY);
}

static int enable(const weiss_pci *card, weiss_fault *fault)
{
    char path[PATH_MAX];
    if (decodes(card))
        return 0;
    int fd = open(weiss_pci_path(card, "enable", path, sizeof path), O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, "1", 1) == 1;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (done && decodes(card))
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_REGION, "the device is off and cannot be enabled through %s: %s",
                           path, done ? "it stays off" : strerror(reason));
}

/** Maps a BAR. @return NULL on failure, errno says why */
static void *map_bar(const weiss_pci *card, const char *name, size_t bytes, char *path, size_t size)
{
    int fd = open(weiss_pci_path(card, name, path, size), O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    void *memory = weiss_device_map(fd, bytes, 0);
    int reason = errno;
    close(fd);
    errno = reason;
    return memory;
}

static int open_sysfs(weiss_device *device, const weiss_pci *card, weiss_fault *fault)
{
    char path[PATH_MAX];
    if (enable(card, fault) != 0)
        return fault->code;
    device->bytes = card->region_bytes;
    device->memory = map_bar(card, "resource2", device->bytes, path, sizeof path);
    if (device->memory == NULL)
        return weiss_fault_set(fault, WEISS_ERR_REGION, "%s cannot be mapped: %s%s", path, strerror(errno),
                               errno == EACCES   ? "; it belongs to root"
                               : errno == EINVAL ? "; a driver holds the device"
                                                 : "");
    if (card->doorbell)
        device->registers = map_bar(card, "resource0", WEISS_DEVICE_REGISTERS, path, sizeof path);
    return 0;
}

const weiss_device_driver weiss_device_sysfs = {
    .path = WEISS_DEVICE_SYSFS,
    .label = "sysfs",
    .open = open_sysfs,
};
