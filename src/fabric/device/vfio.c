/* VFIO: BAR2 and interrupts through vfio-pci, behind an IOMMU that the hypervisor emulates. The kernel lets one process at
 * a time open the device. */
#include "fabric/device/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define KERNEL_DRIVER "vfio-pci"
#define COMMAND 4 /* offset in the configuration space */
#define COMMAND_MEMORY 2
#define COMMAND_MASTER 4

/** Number of the device's IOMMU group; -1 without an IOMMU. */
static int group_number(const weiss_pci *card)
{
    char path[PATH_MAX], target[PATH_MAX];
    ssize_t length =
        readlink(weiss_pci_path(card, "iommu_group", path, sizeof path), target, sizeof target - 1);
    if (length < 0)
        return -1;
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    return slash != NULL ? atoi(slash + 1) : -1;
}

static int open_group(const weiss_pci *card, int number, weiss_fault *fault)
{
    char path[64];
    snprintf(path, sizeof path, "/dev/vfio/%d", number);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    if (errno == EBUSY)
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "another process has opened %s, and vfio-pci admits one at a time; run one rank in this "
            "machine, or use the kernel module (docs/guest-driver.md), which admits any number",
            path);
    if (errno == EACCES || errno == EPERM)
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "%s may not be opened by user %u; give it to the user with chown", path,
                               (unsigned)geteuid());
    return weiss_fault_set(fault, WEISS_ERR_REGION, "%s of %s cannot be opened: %s", path, card->address,
                           strerror(errno));
}

/** Puts the group into a container and opens the device. */
static int open_device(weiss_device *device, const weiss_pci *card, weiss_fault *fault)
{
    struct vfio_group_status status = {.argsz = sizeof status};
    int number = group_number(card);
    if (number < 0)
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "the virtual machine has no IOMMU; start it with -device intel-iommu,intremap=on and its kernel "
            "with intel_iommu=on");
    device->vfio.container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
    if (device->vfio.container < 0)
        return weiss_fault_set(fault, WEISS_ERR_REGION, "/dev/vfio/vfio cannot be opened: %s",
                               strerror(errno));
    int group = open_group(card, number, fault);
    if (group < 0)
        return group;
    device->vfio.group = group;
    if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) != 0 || !(status.flags & VFIO_GROUP_FLAGS_VIABLE))
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "the IOMMU group %d has other devices that are not bound to vfio-pci; bind them too, or put the "
            "ivshmem device on a port of its own",
            number);
    if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &device->vfio.container) != 0 ||
        ioctl(device->vfio.container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU) != 0)
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "the IOMMU cannot be set up (is vfio_iommu_type1 loaded?): %s",
                               strerror(errno));
    device->vfio.device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, card->address);
    if (device->vfio.device < 0)
        return weiss_fault_set(fault, WEISS_ERR_REGION, "vfio-pci does not hand out the device: %s",
                               strerror(errno));
    return 0;
}

/** Interrupts of the device are writes to memory, which it may only do as a bus master. */
static int enable(int fd, weiss_fault *fault)
{
    struct vfio_region_info info = {.argsz = sizeof info, .index = VFIO_PCI_CONFIG_REGION_INDEX};
    uint16_t command;
    if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info) == 0) {
        off_t offset = (off_t)info.offset + COMMAND;
        if (pread(fd, &command, sizeof command, offset) == (ssize_t)sizeof command) {
            command |= COMMAND_MEMORY | COMMAND_MASTER;
            if (pwrite(fd, &command, sizeof command, offset) == (ssize_t)sizeof command)
                return 0;
        }
    }
    return weiss_fault_set(fault, WEISS_ERR_REGION, "the device cannot be enabled: %s", strerror(errno));
}

/** Maps a BAR, of which vfio-pci says that it may be mapped. @return NULL on failure */
static void *map_bar(int fd, unsigned bar, size_t *bytes)
{
    struct vfio_region_info info = {.argsz = sizeof info, .index = bar};
    if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info) != 0)
        return NULL;
    if (info.size == 0 || !(info.flags & VFIO_REGION_INFO_FLAG_MMAP)) {
        errno = ENODEV;
        return NULL;
    }
    *bytes = info.size;
    return weiss_device_map(fd, info.size, (off_t)info.offset);
}

static int open_vfio(weiss_device *device, const weiss_pci *card, weiss_fault *fault)
{
    struct vfio_irq_info irq = {.argsz = sizeof irq, .index = VFIO_PCI_MSIX_IRQ_INDEX};
    size_t registers_bytes;
    if (strcmp(card->driver, KERNEL_DRIVER) != 0)
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "the device is not bound to vfio-pci (%s drives it); docs/guest-driver.md says how",
            card->driver[0] != '\0' ? card->driver : "no driver");
    int code = open_device(device, card, fault);
    if (code == 0)
        code = enable(device->vfio.device, fault);
    if (code != 0)
        return code;
    device->memory = map_bar(device->vfio.device, VFIO_PCI_BAR2_REGION_INDEX, &device->bytes);
    if (device->memory == NULL)
        return weiss_fault_set(fault, WEISS_ERR_REGION, "the region cannot be mapped: %s", strerror(errno));
    if (!card->doorbell)
        return 0;
    device->registers = map_bar(device->vfio.device, VFIO_PCI_BAR0_REGION_INDEX, &registers_bytes);
    if (device->registers != NULL && ioctl(device->vfio.device, VFIO_DEVICE_GET_IRQ_INFO, &irq) == 0)
        device->vectors = (int)irq.count;
    return 0;
}

/** The only process has the first vector. */
static int listen_vfio(weiss_device *device, weiss_fault *fault)
{
    struct {
        struct vfio_irq_set set;
        int32_t fd;
    } request = {.set = {.argsz = sizeof request,
                         .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
                         .index = VFIO_PCI_MSIX_IRQ_INDEX,
                         .start = 0,
                         .count = 1}};
    device->wait_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (device->wait_fd < 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "no event descriptor: %s", strerror(errno));
    request.fd = device->wait_fd;
    if (ioctl(device->vfio.device, VFIO_DEVICE_SET_IRQS, &request) == 0)
        return 0;
    int code = weiss_fault_set(fault, WEISS_ERR_REGION, "the interrupt of %s cannot be set up: %s",
                               device->name, strerror(errno));
    close(device->wait_fd);
    device->wait_fd = -1;
    return code;
}

const weiss_device_driver weiss_device_vfio = {
    .path = WEISS_DEVICE_VFIO,
    .label = "vfio",
    .event_bytes = sizeof(uint64_t),
    .open = open_vfio,
    .listen = listen_vfio,
};
