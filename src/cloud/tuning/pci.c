#include "cloud/tuning/pci.h"

#include <stdio.h>
#include <string.h>

bool weiss_tuning_ivshmem_device(const weiss_tuning_machine *machine, char *file, size_t size, char *address,
                                 size_t address_size)
{
    glob_t devices;
    bool found = false;
    weiss_tuning_glob(machine, "/sys/bus/pci/devices/*", &devices);
    for (size_t i = 0; i < devices.gl_pathc && !found; i++) {
        char vendor[16], device[16];
        const char *path = weiss_tuning_bare(machine, devices.gl_pathv[i]);
        weiss_tuning_read(machine, vendor, sizeof vendor, "%s/vendor", path);
        weiss_tuning_read(machine, device, sizeof device, "%s/device", path);
        found = strcmp(vendor, "0x1af4") == 0 && strcmp(device, "0x1110") == 0;
        if (found) {
            snprintf(file, size, "%s", path);
            snprintf(address, address_size, "%s", strrchr(path, '/') + 1);
        }
    }
    globfree(&devices);
    return found;
}

long long weiss_tuning_ivshmem_bytes(const weiss_tuning_machine *machine, const char *file)
{
    char text[2048];
    unsigned long long start = 0, end = 0;
    weiss_tuning_read(machine, text, sizeof text, "%s/resource", file);
    /* A line for each BAR: its first byte, its last byte, flags. */
    if (sscanf(text, "%*s %*s %*s %*s %*s %*s %llx %llx", &start, &end) != 2 || end <= start)
        return 0;
    return (long long)(end - start + 1);
}
