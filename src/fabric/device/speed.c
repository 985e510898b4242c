/* How fast the mapping of a region is. An uncached one works, but some ten to a hundred times slower. */
#include "fabric/device/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENOUGH 2e-3 /* s of copying after which a measurement ends */
#define LEAST_ROUNDS 4 /* the first finds pages that the hypervisor has not touched yet */
#define ROUNDS 50 /* at most */
#define UNCACHED 1000.0 /* MB/s */
#define MUCH 4.0 /* times slower than memory */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/** The best rate of several copies, MB/s. */
static double copy_rate(void *to, const void *from, size_t bytes)
{
    double best = 1e30, total = 0;
    for (int i = 0; i < ROUNDS && (i < LEAST_ROUNDS || total < ENOUGH); i++) {
        double start = now();
        memcpy(to, from, bytes);
        __asm__ volatile("" : : "r"(to) : "memory"); /* the copy is wanted, whoever reads it */
        double time = now() - start;
        total += time;
        best = time < best ? time : best;
    }
    return 1e-6 * (double)bytes / (best > 1e-9 ? best : 1e-9);
}

int weiss_device_measure(const weiss_device *device, size_t offset, size_t bytes, weiss_device_speed *speed,
                         weiss_fault *fault)
{
    if (bytes == 0 || offset > device->bytes || bytes > device->bytes - offset)
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "%s: %zu bytes at %zu are not inside the region of %zu", device->name, bytes,
                               offset, device->bytes);
    char *memory = (char *)device->memory + offset;
    char *kept = malloc(bytes), *other = malloc(bytes);
    int code = 0;
    if (kept == NULL || other == NULL) {
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for 2 x %zu bytes to measure with",
                               bytes);
    } else {
        memset(other, 1, bytes);
        memcpy(kept, memory, bytes);
        speed->read = copy_rate(other, memory, bytes);
        speed->write = copy_rate(memory, kept, bytes);
        speed->memory = copy_rate(other, kept, bytes);
    }
    free(kept);
    free(other);
    return code;
}

bool weiss_device_slow(const weiss_device *device, const weiss_device_speed *speed, char *text, size_t size)
{
    double least = speed->read < speed->write ? speed->read : speed->write;
    if (least >= UNCACHED || MUCH * least >= speed->memory)
        return false;
    snprintf(
        text, size,
        "%s is mapped uncached: it is read at %.0f and written at %.0f MB/s, this machine's memory at %.0f; "
        "%s",
        device->name, speed->read, speed->write, speed->memory,
        device->driver->path == WEISS_DEVICE_MODULE
            ? "the hypervisor honours neither the module's mapping nor a cached one; see docs/guest-driver.md"
            : "use the kernel module weiss_ivshmem, see docs/guest-driver.md");
    return true;
}
