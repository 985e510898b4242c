/* FILE: a region that is a file of this machine. */
#include "fabric/device/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAST ((size_t)1 << 20)

const weiss_device_driver weiss_device_file = {.path = WEISS_DEVICE_FILE, .label = "file"};

static bool size_fits(size_t bytes)
{
    return bytes >= LEAST && bytes % (size_t)sysconf(_SC_PAGESIZE) == 0;
}

static int wrong_size(const char *path, size_t bytes, weiss_fault *fault)
{
    return weiss_fault_set(
        fault, WEISS_ERR_REGION,
        "%s: a region of %zu bytes cannot be used; expected at least %zu and a multiple of the page size, "
        "%ld",
        path, bytes, LEAST, sysconf(_SC_PAGESIZE));
}

/** Opens the file, or makes an empty one when @p bytes > 0. @return descriptor or a negative code */
static int open_file(const char *path, size_t bytes, weiss_fault *fault)
{
    const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    /* Without O_CREAT first: in a directory that all may write to, the kernel may refuse it for somebody else's file. */
    int fd = open(path, flags);
    if (fd < 0 && errno == ENOENT && bytes > 0) {
        fd = open(path, flags | O_CREAT, 0600);
    } else if (fd < 0 && errno == ENOENT) {
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "%s: there is no such file, and no size to make it with was given", path);
    }
    if (fd >= 0)
        return fd;
    if (errno == ELOOP)
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "%s is a symbolic link; expected the file of the region itself", path);
    return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be opened: %s", path, strerror(errno));
}

static int check_kind(const char *path, const struct stat *state, weiss_fault *fault)
{
    if (!S_ISREG(state->st_mode))
        return weiss_fault_set(fault, WEISS_ERR_REGION, "%s is not a regular file", path);
    if (state->st_uid != geteuid() && state->st_uid != 0)
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "%s belongs to user %u; expected one of user %u (yours) or root, since its owner can change "
            "the messages in it; choose another name",
            path, (unsigned)state->st_uid, (unsigned)geteuid());
    return 0;
}

/** Gives a new file its size and its pages. Its length is set last: a file with a length is complete. */
static int allocate(int fd, const char *path, size_t bytes, weiss_fault *fault)
{
    int failed;
    do
        failed = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) != 0 || ftruncate(fd, (off_t)bytes) != 0;
    while (failed && errno == EINTR);
    if (!failed)
        return 0;
    int reason = errno;
    unlink(path);
    if (reason == EOPNOTSUPP)
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "%s: this file system cannot reserve memory ahead; put the region into /dev/shm", path);
    if (reason == ENOSPC)
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "%s: the file system has no room for a region of %zu bytes (`df` shows it); free some, or ask "
            "for a smaller region",
            path, bytes);
    return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: a region of %zu bytes cannot be made: %s", path, bytes,
                           strerror(reason));
}

/** The pages of a file that somebody made by setting its length alone. */
static int fill_holes(int fd, const char *path, const struct stat *state, weiss_fault *fault)
{
    if ((uint64_t)state->st_blocks * 512 >= (uint64_t)state->st_size)
        return 0;
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, state->st_size) == 0 || errno != ENOSPC)
        return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_FILE,
        "%s: the file system has no room for all of its %zu bytes, of which only a part is in use so far",
        path, (size_t)state->st_size);
}

/** With the lock held: makes the file complete when it is new.
 *  @return 0, WEISS_RETRY when the file has lost its name since it was opened, or a negative code */
static int prepare(int fd, const char *path, size_t bytes, size_t *size, weiss_fault *fault)
{
    struct stat state;
    if (fstat(fd, &state) != 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: %s", path, strerror(errno));
    if (state.st_nlink == 0)
        return WEISS_RETRY;
    *size = state.st_size > 0 || bytes == 0 ? (size_t)state.st_size : bytes;
    if (!size_fits(*size))
        return wrong_size(path, *size, fault);
    return state.st_size > 0 ? fill_holes(fd, path, &state, fault) : allocate(fd, path, bytes, fault);
}

/** With the file open: waits for the processes that are making it, then makes it complete. As prepare. */
static int take_turn(int fd, const char *path, size_t bytes, size_t *size, weiss_fault *fault)
{
    struct stat state;
    int failed;
    if (fstat(fd, &state) != 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: %s", path, strerror(errno));
    int code = check_kind(path, &state, fault);
    if (code != 0)
        return code;
    do
        failed = flock(fd, LOCK_EX);
    while (failed && errno == EINTR);
    if (failed)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be locked: %s", path, strerror(errno));
    code = prepare(fd, path, bytes, size, fault);
    flock(fd, LOCK_UN);
    return code;
}

/** Opens a complete file. Processes that start at the same time take turns by its lock: the first makes it, the others find
 *  it complete. @return descriptor or a negative code */
static int obtain(const char *path, size_t bytes, size_t *size, weiss_fault *fault)
{
    for (;;) {
        int fd = open_file(path, bytes, fault);
        if (fd < 0)
            return fd;
        int code = take_turn(fd, path, bytes, size, fault);
        if (code == 0)
            return fd;
        close(fd);
        if (code != WEISS_RETRY)
            return code;
    }
}

void *weiss_device_map(int fd, size_t bytes, off_t offset)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    return memory != MAP_FAILED ? memory : NULL;
}

int weiss_device_file_open(weiss_device *device, const char *path, size_t bytes, weiss_fault *fault)
{
    size_t size;
    if (bytes > 0 && !size_fits(bytes))
        return wrong_size(path, bytes, fault);
    int fd = obtain(path, bytes, &size, fault);
    if (fd < 0)
        return fd;
    device->driver = &weiss_device_file;
    device->bytes = size;
    device->memory = weiss_device_map(fd, size, 0);
    int reason = errno;
    close(fd);
    if (device->memory == NULL)
        return weiss_fault_set(fault, WEISS_ERR_REGION, "%s: its %zu bytes cannot be mapped: %s", path, size,
                               strerror(reason));
    snprintf(device->name, sizeof device->name, "%s", path);
    return 0;
}
