/* What the paths of a device share. A path is one file with one table. */
#ifndef WEISS_FABRIC_DEVICE_INTERNAL_H
#define WEISS_FABRIC_DEVICE_INTERNAL_H

#include "fabric/device/device.h"
#include "fabric/device/pci.h"

#include <limits.h>
#include <sys/types.h>

/** Bytes of BAR0 that are mapped. */
#define WEISS_DEVICE_REGISTERS 4096

/** How one path works. Every function returns 0 or a code with a text in the fault. */
typedef struct weiss_device_driver {
    weiss_device_path path;
    const char *label; /**< for messages: "module" */
    size_t event_bytes; /**< that a read() of the wait descriptor takes */
    /** Fills memory, bytes and, where there is a doorbell, registers and vectors. What it made is undone by the caller, with
     *  weiss_device_close, when it fails. */
    int (*open)(weiss_device *device, const weiss_pci *card, weiss_fault *fault);
    /** Sets wait_fd and returns the vector. NULL: no interrupts. */
    int (*listen)(weiss_device *device, weiss_fault *fault);
} weiss_device_driver;

struct weiss_device {
    const weiss_device_driver *driver;
    char name[PATH_MAX + 32];
    void *memory; /**< NULL until mapped */
    size_t bytes;
    volatile uint32_t *registers; /**< BAR0; NULL: no doorbell */
    int vectors;
    int vector; /**< claimed; -1: none */
    int wait_fd; /**< -1: none */
    char pci[WEISS_PCI_ADDRESS]; /**< address of the card; "" for a file */
    struct {
        int container, group, device; /**< -1: not open */
    } vfio;
};

extern const weiss_device_driver weiss_device_file, weiss_device_module, weiss_device_vfio,
    weiss_device_sysfs;

/** Maps the file @p path of at least @p bytes into @p device->memory.
 *  @return 0 or WEISS_ERR_FILE, WEISS_ERR_REGION */
int weiss_device_file_open(weiss_device *device, const char *path, size_t bytes, weiss_fault *fault);

/** Maps @p bytes of @p fd at @p offset, shared, readable and writable. @return NULL on failure, errno says why */
void *weiss_device_map(int fd, size_t bytes, off_t offset);

#endif
