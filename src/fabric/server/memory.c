#include "fabric/server/memory.h"

#include "fabric/server/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/** Allocating and emptying as much takes some milliseconds. */
#define SLICE (UINT64_C(16) << 20)

static bool huge(const weiss_memory *memory)
{
    return memory->spec->memory == WEISS_MEMORY_HUGETLB;
}

static bool has_file(const weiss_memory *memory)
{
    return memory->spec->file[0] != '\0';
}

/** Path by which a file descriptor of this process can be opened again or get a name. */
static const char *descriptor_path(int fd, char out[32])
{
    snprintf(out, 32, "/proc/self/fd/%d", fd);
    return out;
}

static int open_anonymous(weiss_memory *memory, weiss_fault *fault)
{
    char name[WEISS_GROUP_NAME + 8];
    snprintf(name, sizeof name, "weiss-%s", memory->spec->name);
    memory->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | (huge(memory) ? MFD_HUGETLB : 0u));
    if (memory->fd < 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "cannot make memory%s: %s",
                               huge(memory) ? " of huge pages" : "", strerror(errno));
    return 0;
}

/** A file without a name; it gets one when it is complete. */
static int open_file(weiss_memory *memory, weiss_fault *fault)
{
    char copy[WEISS_MEMORY_PATH], path[32];
    struct statfs system;
    const char *file = memory->spec->file;
    int code = weiss_place_free(file, S_IFREG, memory->owner, fault);
    if (code != 0)
        return code;
    memcpy(copy, file, sizeof copy);
    memory->fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (memory->fd < 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be made: %s", file, strerror(errno));
    if (fstatfs(memory->fd, &system) != 0 || system.f_type != (huge(memory) ? HUGETLBFS_MAGIC : TMPFS_MAGIC))
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s is not on a %s; memory=%s needs one, such as %s",
                               file, huge(memory) ? "hugetlbfs" : "tmpfs",
                               weiss_memory_kind_name(memory->spec->memory),
                               huge(memory) ? "/dev/hugepages" : "/dev/shm");
    memory->lock = open(descriptor_path(memory->fd, path), O_RDONLY | O_CLOEXEC);
    if (memory->lock < 0 || flock(memory->lock, LOCK_EX | LOCK_NB) != 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be locked: %s", file, strerror(errno));
    if (fchmod(memory->fd, 0600) != 0 ||
        (memory->owner != geteuid() && fchown(memory->fd, memory->owner, (gid_t)-1) != 0))
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be given to uid %u: %s", file,
                               (unsigned)memory->owner, strerror(errno));
    return 0;
}

static int set_size(weiss_memory *memory, weiss_fault *fault)
{
    struct stat status;
    uint64_t bytes = memory->spec->bytes;
    if (fstat(memory->fd, &status) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "fstat: %s", strerror(errno));
    uint64_t page = huge(memory) ? (uint64_t)status.st_blksize : (uint64_t)sysconf(_SC_PAGESIZE);
    if (bytes % page != 0)
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "bytes=%" PRIu64 " is less than a page of this memory, %" PRIu64 " bytes",
                               bytes, page);
    memory->slice = page > SLICE ? page : SLICE;
    if (ftruncate(memory->fd, (off_t)bytes) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "cannot make %" PRIu64 " bytes of memory: %s", bytes,
                               strerror(errno));
    if (!has_file(memory) && fcntl(memory->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "cannot seal the memory: %s", strerror(errno));
    return 0;
}

/** Makes the memory that peers will get. On failure there is none. */
static int make(weiss_memory *memory, weiss_fault *fault)
{
    int code = has_file(memory) ? open_file(memory, fault) : open_anonymous(memory, fault);
    if (code == 0)
        code = set_size(memory, fault);
    if (code == 0)
        return 0;
    if (memory->fd >= 0)
        close(memory->fd);
    if (memory->lock >= 0)
        close(memory->lock);
    memory->fd = memory->lock = -1;
    return code;
}

int weiss_memory_begin(weiss_memory *memory, const weiss_group_spec *spec, uid_t owner, weiss_fault *fault)
{
    *memory = (weiss_memory){.spec = spec, .owner = owner, .fd = -1, .old = -1, .lock = -1};
    return make(memory, fault);
}

void weiss_memory_renew(weiss_memory *memory)
{
    memory->old = memory->fd;
    memory->done = 0;
    if (!has_file(memory))
        memory->fd = -1;
    else if (ftruncate(memory->fd, (off_t)memory->spec->bytes) != 0)
        return; /* the owner of the file changed its size; allocating it makes it large enough again */
}

void weiss_memory_end(weiss_memory *memory)
{
    if (memory->old < 0)
        memory->old = memory->fd;
    memory->done = 0;
    memory->ending = true;
}

static int no_room(const weiss_memory *memory, weiss_fault *fault)
{
    if (huge(memory))
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "no room for %" PRIu64 " bytes of huge pages: %s; reserve more "
                               "(/proc/sys/vm/nr_hugepages) or ask for less",
                               memory->spec->bytes, strerror(errno));
    if (has_file(memory))
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "no room for the %" PRIu64
                               " bytes of %s: %s; make its file system larger, free "
                               "some of it, or ask for less",
                               memory->spec->bytes, memory->spec->file, strerror(errno));
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "no room for %" PRIu64 " bytes of memory: %s",
                           memory->spec->bytes, strerror(errno));
}

/** Gives the complete file its name, in place of one that a dead server left. */
static int link_file(weiss_memory *memory, weiss_fault *fault)
{
    char path[32];
    const char *file = memory->spec->file;
    int code = weiss_place_clear(file, S_IFREG, memory->owner, fault);
    if (code != 0)
        return code;
    if (linkat(AT_FDCWD, descriptor_path(memory->fd, path), AT_FDCWD, file, AT_SYMLINK_FOLLOW) != 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be made: %s", file, strerror(errno));
    memory->linked = true;
    return 0;
}

static int finish(weiss_memory *memory, weiss_fault *fault)
{
    if (!memory->ending && has_file(memory) && !memory->linked) {
        int code = link_file(memory, fault);
        if (code != 0)
            return code;
    }
    if (memory->old >= 0 && memory->old != memory->fd)
        close(memory->old);
    memory->old = -1;
    return 0;
}

int weiss_memory_step(weiss_memory *memory, weiss_fault *fault)
{
    uint64_t left = memory->spec->bytes - memory->done;
    off_t offset = (off_t)memory->done, length = (off_t)(left < memory->slice ? left : memory->slice);
    if (left == 0)
        return finish(memory, fault);
    if (memory->old >= 0 &&
        fallocate(memory->old, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "cannot empty the memory: %s", strerror(errno));
    if (!memory->ending) {
        int code = memory->fd < 0 ? make(memory, fault) : 0;
        if (code != 0)
            return code;
        if (fallocate(memory->fd, 0, offset, length) != 0)
            return no_room(memory, fault);
    }
    memory->done += (uint64_t)length;
    return memory->done < memory->spec->bytes ? 1 : finish(memory, fault);
}

void weiss_memory_close(weiss_memory *memory)
{
    if (memory->linked)
        weiss_place_remove(memory->spec->file, memory->fd);
    if (memory->old >= 0 && memory->old != memory->fd)
        close(memory->old);
    if (memory->fd >= 0)
        close(memory->fd);
    if (memory->lock >= 0)
        close(memory->lock);
    memory->fd = memory->old = memory->lock = -1;
}
