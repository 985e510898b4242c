#include "fabric/device/pci.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VENDOR 0x1af4
#define DEVICE 0x1110

bool weiss_pci_parse(const char *text, char address[WEISS_PCI_ADDRESS])
{
    unsigned domain = 0, bus, slot, function;
    int end = -1;
    if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) != 4 || end < 0) {
        domain = 0;
        end = -1;
        if (sscanf(text, "%2x:%2x.%1x%n", &bus, &slot, &function, &end) != 3 || end < 0)
            return false;
    }
    if (text[end] != '\0' || strspn(text, "0123456789abcdefABCDEF:.") != (size_t)end || slot > 31 ||
        function > 7)
        return false;
    snprintf(address, WEISS_PCI_ADDRESS, "%04x:%02x:%02x.%x", domain & 0xffff, bus & 0xff, slot, function);
    return true;
}

const char *weiss_pci_path(const weiss_pci *card, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/bus/pci/devices/%s/%s", card->sysfs, card->address, name);
    return out;
}

/** A file of one number; -1 when it cannot be read. */
static long number(const weiss_pci *card, const char *name)
{
    char path[PATH_MAX];
    long value = -1;
    FILE *file = fopen(weiss_pci_path(card, name, path, sizeof path), "re");
    if (file == NULL)
        return -1;
    if (fscanf(file, "%li", &value) != 1)
        value = -1;
    fclose(file);
    return value;
}

/** Sizes of the first three BARs. */
static void read_bars(const weiss_pci *card, uint64_t size[3])
{
    char path[PATH_MAX];
    FILE *file = fopen(weiss_pci_path(card, "resource", path, sizeof path), "re");
    memset(size, 0, 3 * sizeof *size);
    if (file == NULL)
        return;
    for (int i = 0; i < 3; i++) {
        unsigned long long start, end, flags;
        if (fscanf(file, "%llx %llx %llx", &start, &end, &flags) != 3)
            break;
        size[i] = start != 0 && end > start ? end - start + 1 : 0;
    }
    fclose(file);
}

static void read_driver(weiss_pci *card)
{
    char path[PATH_MAX], target[PATH_MAX];
    ssize_t length = readlink(weiss_pci_path(card, "driver", path, sizeof path), target, sizeof target - 1);
    card->driver[0] = '\0';
    if (length < 0)
        return;
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(card->driver, sizeof card->driver, "%.63s", slash != NULL ? slash + 1 : target);
}

/** @return false when @p address is not an ivshmem device */
static bool examine(const char *sysfs, const char *address, weiss_pci *card)
{
    uint64_t bar[3];
    card->sysfs = sysfs;
    snprintf(card->address, sizeof card->address, "%s", address);
    if (number(card, "vendor") != VENDOR || number(card, "device") != DEVICE)
        return false;
    read_bars(card, bar);
    read_driver(card);
    card->doorbell = bar[0] != 0 && bar[1] != 0; /* BAR1 is the table of MSI-X */
    card->region_bytes = bar[2];
    return true;
}

/** Lowest address of an ivshmem device. */
static bool first_address(const char *sysfs, char address[WEISS_PCI_ADDRESS])
{
    char path[PATH_MAX], this[WEISS_PCI_ADDRESS];
    const struct dirent *entry;
    weiss_pci card;
    bool found = false;
    snprintf(path, sizeof path, "%s/bus/pci/devices", sysfs);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return false;
    while ((entry = readdir(directory)) != NULL) {
        if (!weiss_pci_parse(entry->d_name, this) || !examine(sysfs, this, &card))
            continue;
        if (!found || strcmp(this, address) < 0)
            memcpy(address, this, sizeof this);
        found = true;
    }
    closedir(directory);
    return found;
}

int weiss_pci_find(const char *sysfs, const char *address, weiss_pci *out, weiss_fault *fault)
{
    char lowest[WEISS_PCI_ADDRESS];
    if (address == NULL && first_address(sysfs, lowest))
        address = lowest;
    if (address == NULL)
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "this machine has no ivshmem device (PCI %04x:%04x); give the virtual machine one, or name a "
            "file such as /dev/shm/weiss",
            VENDOR, DEVICE);
    if (!examine(sysfs, address, out))
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "there is no ivshmem device (PCI %04x:%04x) at %s; `lspci -d %04x:%04x` lists those of this "
            "machine",
            VENDOR, DEVICE, address, VENDOR, DEVICE);
    if (out->region_bytes == 0)
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "the ivshmem device at %s has no memory yet: its BAR2 has no address; start the virtual "
            "machine with the device connected to its server",
            out->address);
    return 0;
}
