#include "fabric/device/device.h"

#include "base/text.h"
#include "fabric/device/internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Registers, in words of 32 bits. */
#define REGISTER_PEER 2
#define REGISTER_DOORBELL 3

/** From the best to the worst. */
static const weiss_device_driver *const drivers[] = {&weiss_device_module, &weiss_device_vfio,
                                                     &weiss_device_sysfs};
enum { DRIVERS = sizeof drivers / sizeof *drivers };

static void reset(weiss_device *device)
{
    memset(device, 0, sizeof *device);
    device->vector = device->wait_fd = -1;
    device->vfio.container = device->vfio.group = device->vfio.device = -1;
}

/** Gives back all that a device holds; it can then be filled anew. */
static void release(weiss_device *device)
{
    const int descriptor[] = {device->wait_fd, device->vfio.device, device->vfio.group,
                              device->vfio.container};
    if (device->memory != NULL)
        munmap(device->memory, device->bytes);
    if (device->registers != NULL)
        munmap((void *)device->registers, WEISS_DEVICE_REGISTERS);
    for (size_t i = 0; i < sizeof descriptor / sizeof *descriptor; i++)
        if (descriptor[i] >= 0)
            close(descriptor[i]);
    reset(device);
}

/** Opens a card by the best path that works. */
static int open_card(weiss_device *device, const char *address, weiss_fault *fault)
{
    weiss_pci card;
    weiss_fault why[DRIVERS] = {0};
    int code = weiss_pci_find(WEISS_PCI_SYSFS, address, &card, fault);
    if (code != 0)
        return code;
    for (int i = 0; i < DRIVERS; i++) {
        device->driver = drivers[i];
        memcpy(device->pci, card.address, sizeof device->pci);
        snprintf(device->name, sizeof device->name, "%s by %s", card.address, drivers[i]->label);
        if (drivers[i]->open(device, &card, &why[i]) == 0)
            return 0;
        release(device);
    }
    return weiss_fault_set(
        fault, WEISS_ERR_REGION,
        "the ivshmem device %s cannot be used. By kernel module: %.260s. By VFIO: %.260s. By sysfs: %.260s",
        card.address, why[0].text, why[1].text, why[2].text);
}

static int open_any(weiss_device *device, const char *name, size_t bytes, weiss_fault *fault)
{
    char address[WEISS_PCI_ADDRESS], shown[WEISS_TEXT_SHOWN];
    if (name == NULL || strcmp(name, "auto") == 0)
        return open_card(device, NULL, fault);
    if (strchr(name, '/') != NULL)
        return weiss_device_file_open(device, name, bytes, fault);
    if (weiss_pci_parse(name, address))
        return open_card(device, address, fault);
    return weiss_fault_set(
        fault, WEISS_ERR_REGION,
        "\"%s\" names no region; expected \"auto\", a PCI address such as 0000:00:05.0, or a file such as "
        "/dev/shm/weiss",
        weiss_text_show(name, shown));
}

int weiss_device_open(const char *name, size_t bytes, weiss_device **out, weiss_fault *fault)
{
    weiss_device *device = malloc(sizeof *device);
    *out = NULL;
    if (device == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for a device");
    reset(device);
    int code = open_any(device, name, bytes, fault);
    if (code == 0)
        *out = device;
    else
        weiss_device_close(device);
    return code;
}

void weiss_device_close(weiss_device *device)
{
    if (device == NULL)
        return;
    release(device);
    free(device);
}

bool weiss_device_present(void)
{
    weiss_pci card;
    return weiss_pci_find(WEISS_PCI_SYSFS, NULL, &card, NULL) == 0;
}

void *weiss_device_memory(const weiss_device *device)
{
    return device->memory;
}

size_t weiss_device_bytes(const weiss_device *device)
{
    return device->bytes;
}

weiss_device_path weiss_device_how(const weiss_device *device)
{
    return device->driver->path;
}

const char *weiss_device_name(const weiss_device *device)
{
    return device->name;
}

int weiss_device_peer(const weiss_device *device)
{
    int32_t peer = device->registers != NULL ? (int32_t)device->registers[REGISTER_PEER] : -1;
    return peer >= 0 ? peer : -1;
}

int weiss_device_vectors(const weiss_device *device)
{
    return device->vectors;
}

int weiss_device_listen(weiss_device *device, weiss_fault *fault)
{
    if (device->vector >= 0)
        return device->vector;
    if (device->vectors == 0 || device->driver->listen == NULL)
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "%s has no interrupts for this process; only spinning can wait on it",
                               device->name);
    int vector = device->driver->listen(device, fault);
    if (vector >= 0)
        device->vector = vector;
    return vector;
}

int weiss_device_wait_fd(const weiss_device *device)
{
    return device->wait_fd;
}

void weiss_device_drain(weiss_device *device)
{
    uint64_t events;
    if (device->wait_fd >= 0) /* one read takes all; it does not block, and there may be nothing */
        while (read(device->wait_fd, &events, device->driver->event_bytes) < 0 && errno == EINTR)
            ;
}

void weiss_device_ring(weiss_device *device, uint32_t peer, uint32_t vector)
{
    if (device->registers == NULL || peer > UINT16_MAX || vector > UINT16_MAX)
        return;
    atomic_thread_fence(memory_order_release); /* what the ring announces is written before */
    device->registers[REGISTER_DOORBELL] = peer << 16 | vector;
}
