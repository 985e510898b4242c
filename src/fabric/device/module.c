/* MODULE: BAR2 and interrupts through our kernel module, src/fabric/driver. */
#include "fabric/device/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define KERNEL_DRIVER "weiss_ivshmem"
#define UIO_NAME "weiss-ivshmem"
#define UIO_ROOM 32 /* for "uio12" */
#define MAPS 5 /* of a UIO device at most */

/** First line of a file of one of the card's UIO devices. @return false when there is none */
static bool read_line(const weiss_pci *card, const char *uio, const char *name, char *out, size_t size)
{
    char relative[128], path[PATH_MAX];
    snprintf(relative, sizeof relative, "uio/%.31s/%s", uio, name);
    FILE *file = fopen(weiss_pci_path(card, relative, path, sizeof path), "re");
    if (file == NULL)
        return false;
    bool read = fgets(out, (int)size, file) != NULL;
    fclose(file);
    if (read)
        out[strcspn(out, "\n")] = '\0';
    return read;
}

/** Vector of the card's UIO device @p uio; -1 for that of a card without vectors, -2 when it is not one of ours. */
static int vector_of(const weiss_pci *card, const char *uio)
{
    char name[64];
    int vector, end = -1;
    if (!read_line(card, uio, "name", name, sizeof name))
        return -2;
    if (strcmp(name, UIO_NAME) == 0)
        return -1;
    return sscanf(name, UIO_NAME ":%d%n", &vector, &end) == 1 && name[end] == '\0' && vector >= 0 ? vector
                                                                                                  : -2;
}

/** Finds the UIO device of vector @p vector (-2: of any). @return false when there is none */
static bool find_uio(const weiss_pci *card, int vector, char uio[UIO_ROOM], int *vectors)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    bool found = false;
    DIR *directory = opendir(weiss_pci_path(card, "uio", path, sizeof path));
    *vectors = 0;
    if (directory == NULL)
        return false;
    while ((entry = readdir(directory)) != NULL) {
        int this = entry->d_name[0] != '.' ? vector_of(card, entry->d_name) : -2;
        *vectors += this >= 0;
        if (this == -2 || (vector != -2 && this != vector))
            continue;
        snprintf(uio, UIO_ROOM, "%.31s", entry->d_name);
        found = true;
    }
    closedir(directory);
    return found;
}

/** Opens /dev/uioN. @return descriptor or a negative code */
static int open_uio(const char *uio, weiss_fault *fault)
{
    char path[128];
    snprintf(path, sizeof path, "/dev/%s", uio);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        return fd;
    if (errno == EACCES || errno == EPERM)
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "%s may not be opened by user %u; the rule of docs/guest-driver.md gives it to the group weiss: "
            "become a member and log in again",
            path, (unsigned)geteuid());
    return weiss_fault_set(fault, WEISS_ERR_REGION, "%s cannot be opened: %s", path, strerror(errno));
}

/** Maps the map @p wanted of an open UIO device. @return 0, or WEISS_ERR_REGION when it has none or cannot be mapped */
static int map_named(const weiss_pci *card, const char *uio, int fd, const char *wanted, void **memory,
                     size_t *bytes, weiss_fault *fault)
{
    char file[64], text[64];
    for (int i = 0; i < MAPS; i++) {
        snprintf(file, sizeof file, "maps/map%d/name", i);
        if (!read_line(card, uio, file, text, sizeof text) || strcmp(text, wanted) != 0)
            continue;
        snprintf(file, sizeof file, "maps/map%d/size", i);
        if (!read_line(card, uio, file, text, sizeof text))
            break;
        *bytes = strtoull(text, NULL, 0);
        *memory = weiss_device_map(fd, *bytes, (off_t)i * sysconf(_SC_PAGESIZE));
        if (*memory == NULL)
            return weiss_fault_set(fault, WEISS_ERR_REGION, "the %s of /dev/%s cannot be mapped: %s", wanted,
                                   uio, strerror(errno));
        return 0;
    }
    return weiss_fault_set(fault, WEISS_ERR_REGION, "/dev/%s has no map \"%s\"", uio, wanted);
}

static int open_module(weiss_device *device, const weiss_pci *card, weiss_fault *fault)
{
    char uio[UIO_ROOM];
    size_t registers_bytes;
    void *registers = NULL;
    if (strcmp(card->driver, KERNEL_DRIVER) != 0 || !find_uio(card, -2, uio, &device->vectors))
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "the kernel module weiss_ivshmem does not drive the device (%s does); build and load it, see "
            "docs/guest-driver.md",
            card->driver[0] != '\0' ? card->driver : "no driver");
    int fd = open_uio(uio, fault);
    if (fd < 0)
        return fd;
    int code = map_named(card, uio, fd, "region", &device->memory, &device->bytes, fault);
    /* Without registers the region is as good as with them; only the doorbell is missing. */
    if (code == 0 && device->vectors > 0 &&
        map_named(card, uio, fd, "registers", &registers, &registers_bytes, NULL) == 0)
        device->registers = registers;
    if (device->registers == NULL)
        device->vectors = 0;
    close(fd);
    return code;
}

/** Opens vector @p vector of the card and claims it for this process when @p own.
 *  @return descriptor; -1 when another process has claimed it; another negative code */
static int open_vector(const weiss_pci *card, int vector, bool own, bool *taken, weiss_fault *fault)
{
    char uio[UIO_ROOM];
    int vectors;
    *taken = false;
    if (!find_uio(card, vector, uio, &vectors))
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "the interrupt vector %d of %s has gone; was its driver unbound?", vector,
                               card->address);
    int fd = open_uio(uio, fault);
    if (fd < 0 || !own || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    *taken = true;
    return WEISS_ERR_REGION;
}

static int listen_module(weiss_device *device, weiss_fault *fault)
{
    weiss_pci card = {.sysfs = WEISS_PCI_SYSFS};
    bool taken = true;
    int fd = -1, vector = 0;
    memcpy(card.address, device->pci, sizeof card.address);
    for (vector = 0; vector < device->vectors && taken; vector++)
        fd = open_vector(&card, vector, true, &taken, fault);
    vector--;
    if (taken) { /* more processes than vectors: one is shared, and each of its owners wakes at every ring */
        vector = (int)(getpid() % device->vectors);
        fd = open_vector(&card, vector, false, &taken, fault);
    }
    if (fd < 0)
        return fd;
    device->wait_fd = fd;
    return vector;
}

const weiss_device_driver weiss_device_module = {
    .path = WEISS_DEVICE_MODULE,
    .label = "module",
    .event_bytes = sizeof(int32_t),
    .open = open_module,
    .listen = listen_module,
};
