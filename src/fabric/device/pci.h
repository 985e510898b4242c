/* The ivshmem devices of this machine, as sysfs tells of them. */
#ifndef WEISS_FABRIC_DEVICE_PCI_H
#define WEISS_FABRIC_DEVICE_PCI_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEISS_PCI_ADDRESS 16 /**< room for "0000:00:05.0" and its NUL */
#define WEISS_PCI_SYSFS "/sys" /**< where sysfs is; tests have their own */

/** One device. */
typedef struct weiss_pci {
    const char *sysfs; /**< borrowed */
    char address[WEISS_PCI_ADDRESS];
    char driver[64]; /**< that the device is bound to; "" for none */
    uint64_t region_bytes; /**< of BAR2; 0: it has none */
    bool doorbell; /**< it can ring and be rung: ivshmem-doorbell; false: ivshmem-plain */
} weiss_pci;

/** Reads "00:05.0" or "0000:00:05.0" into the long form. @return false when @p text is no PCI address */
bool weiss_pci_parse(const char *text, char address[WEISS_PCI_ADDRESS]);

/** Finds the device at @p address, or the one with the lowest address when that is NULL.
 *  @return 0, WEISS_ERR_REGION (none; not an ivshmem device) */
int weiss_pci_find(const char *sysfs, const char *address, weiss_pci *out, weiss_fault *fault);

/** Path of the file @p name of a device in sysfs. @return @p out */
const char *weiss_pci_path(const weiss_pci *card, const char *name, char *out, size_t size);

#endif
