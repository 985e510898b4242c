#include "cloud/agent/region-file.h"

#include "base/bytes.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MODE 0660
#define DIGITS "0123456789abcdef"

/** Opens the directory of regions. @return its descriptor; < 0: WEISS_ERR_FILE */
static int open_directory(const weiss_agent_settings *settings, weiss_fault *fault)
{
    int directory = open(settings->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory >= 0 ? directory
                          : weiss_fault_set(fault, WEISS_ERR_FILE, "the directory of regions, %s: %s",
                                            settings->directory, strerror(errno));
}

/** A name is the prefix and letters and digits: it leads nowhere else. */
static int check_name(const char *name, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    size_t prefix = strlen(WEISS_REGION_PREFIX);
    const char *rest = name + prefix;
    if (strncmp(name, WEISS_REGION_PREFIX, prefix) == 0 && *rest != '\0' && strlen(name) < 64 &&
        rest[strspn(rest, DIGITS "ghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")] == '\0')
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_FILE,
                           "%s is no name of a region; expected %s and letters, digits, - and _",
                           weiss_text_show(name, shown), WEISS_REGION_PREFIX);
}

/** Ids of the owner that the settings name. */
static int find_owner(const weiss_agent_settings *settings, uid_t *uid, gid_t *gid, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN], memory[16384];
    struct passwd user, *found_user = NULL;
    struct group group, *found_group = NULL;
    getpwnam_r(settings->user, &user, memory, sizeof memory, &found_user);
    if (found_user == NULL)
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "there is no user %s; set [share] user to who owns the files of regions",
                               weiss_text_show(settings->user, shown));
    *uid = user.pw_uid;
    getgrnam_r(settings->group, &group, memory, sizeof memory, &found_group);
    if (found_group == NULL)
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "there is no group %s; set [share] group to one that QEMU's user is in",
                               weiss_text_show(settings->group, shown));
    *gid = group.gr_gid;
    return 0;
}

/** A file without a name, in which everybody is forbidden everything. @return its descriptor; < 0: WEISS_ERR_FILE */
static int open_unnamed(const weiss_agent_settings *settings, int directory, weiss_fault *fault)
{
    struct statfs system;
    int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "a file in %s cannot be made: %s", settings->directory,
                               strerror(errno));
    if (fstatfs(fd, &system) == 0 && system.f_type == TMPFS_MAGIC)
        return fd;
    close(fd);
    return weiss_fault_set(fault, WEISS_ERR_FILE,
                           "%s is not on a tmpfs; regions are memory, such as /dev/shm", settings->directory);
}

/** Reserves all of the memory, so that no guest meets its end later. */
static int reserve(const weiss_agent_settings *settings, int fd, int64_t bytes, weiss_fault *fault)
{
    char asked[WEISS_BYTES_SHOWN];
    struct statfs system;
    int error = ftruncate(fd, bytes) != 0 ? errno : 0;
    while (error == 0 && fallocate(fd, 0, 0, bytes) != 0)
        error = errno != EINTR ? errno : 0;
    if (error == 0)
        return 0;
    if (error == ENOSPC && fstatfs(fd, &system) == 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "no room for a region of %s in %s, where %" PRIu64
                               " MiB are free; make it larger "
                               "(mount -o remount,size=...), remove files from it, or set [share] size lower",
                               weiss_bytes_show(bytes, asked), settings->directory,
                               (uint64_t)system.f_bfree * (uint64_t)system.f_bsize >> 20);
    return weiss_fault_set(fault, WEISS_ERR_FILE, "a region of %s in %s cannot be made: %s",
                           weiss_bytes_show(bytes, asked), settings->directory, strerror(error));
}

/** Gives the complete file its name. */
static int link_name(const weiss_agent_settings *settings, int directory, int fd, const char *name,
                     weiss_fault *fault)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_FILE, "%s/%s cannot be made: %s", settings->directory, name,
                           errno == EEXIST ? "something of that name is there, which the agent did not make"
                                           : strerror(errno));
}

int weiss_region_file_make(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                           weiss_fault *fault)
{
    uid_t uid;
    gid_t gid;
    WEISS_FAULT_TRY(check_name(name, fault));
    WEISS_FAULT_TRY(find_owner(settings, &uid, &gid, fault));
    int directory = open_directory(settings, fault);
    if (directory < 0)
        return directory;
    int fd = open_unnamed(settings, directory, fault), code = fd < 0 ? fd : 0;
    if (code == 0 && (fchmod(fd, 0) != 0 || fchown(fd, uid, gid) != 0))
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s/%s cannot be given to %s:%s: %s",
                               settings->directory, name, settings->user, settings->group, strerror(errno));
    if (code == 0)
        code = reserve(settings, fd, bytes, fault);
    if (code == 0 && fchmod(fd, MODE) != 0)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s/%s cannot be made: %s", settings->directory, name,
                               strerror(errno));
    if (code == 0)
        code = link_name(settings, directory, fd, name, fault);
    if (fd >= 0)
        close(fd);
    close(directory);
    return code;
}

static int check_status(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                        const struct stat *status, weiss_fault *fault)
{
    uid_t uid;
    gid_t gid;
    const char *directory = settings->directory;
    WEISS_FAULT_TRY(find_owner(settings, &uid, &gid, fault));
    if (!S_ISREG(status->st_mode))
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s/%s is not a regular file", directory, name);
    if (status->st_nlink != 1)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s/%s has %lu names; expected one", directory, name,
                               (unsigned long)status->st_nlink);
    if (status->st_uid != uid || status->st_gid != gid)
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "%s/%s belongs to %u:%u; expected %s:%s, which is %u:%u", directory, name,
                               status->st_uid, status->st_gid, settings->user, settings->group, uid, gid);
    if ((status->st_mode & 07777) != MODE)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s/%s has the mode %04o; expected %04o", directory,
                               name, status->st_mode & 07777, MODE);
    if (status->st_size != bytes)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s/%s has %lld bytes; expected %lld", directory, name,
                               (long long)status->st_size, (long long)bytes);
    return 0;
}

int weiss_region_file_check(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                            weiss_fault *fault)
{
    struct stat status;
    WEISS_FAULT_TRY(check_name(name, fault));
    int directory = open_directory(settings, fault);
    if (directory < 0)
        return directory;
    int error = fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ? errno : 0;
    close(directory);
    if (error != 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s/%s: %s", settings->directory, name,
                               error == ENOENT ? "it is gone" : strerror(error));
    return check_status(settings, name, bytes, &status, fault);
}

int weiss_region_file_remove(const weiss_agent_settings *settings, const char *name, weiss_fault *fault)
{
    WEISS_FAULT_TRY(check_name(name, fault));
    int directory = open_directory(settings, fault);
    if (directory < 0)
        return directory;
    int error = unlinkat(directory, name, 0) != 0 ? errno : 0;
    close(directory);
    return error == 0 || error == ENOENT
               ? 0
               : weiss_fault_set(fault, WEISS_ERR_FILE, "%s/%s cannot be removed: %s", settings->directory,
                                 name, strerror(error));
}

int weiss_region_file_list(const weiss_agent_settings *settings, void (*found)(void *data, const char *name),
                           void *data, weiss_fault *fault)
{
    int code = 0, fd = open_directory(settings, fault);
    if (fd < 0)
        return fd;
    DIR *directory = fdopendir(fd);
    if (directory == NULL) {
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s: %s", settings->directory, strerror(errno));
        close(fd);
        return code;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            break;
        if (check_name(entry->d_name, NULL) == 0)
            found(data, entry->d_name);
    }
    if (errno != 0)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s: %s", settings->directory, strerror(errno));
    closedir(directory);
    return code;
}

void weiss_region_file_name(void *data, char *out)
{
    unsigned char random[8];
    (void)data;
    /* Up to 256 bytes are never given in part; without entropy it waits. */
    while (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        ;
    size_t used = strlen(WEISS_REGION_PREFIX);
    memcpy(out, WEISS_REGION_PREFIX, used);
    for (size_t i = 0; i < sizeof random; i++) {
        out[used++] = DIGITS[random[i] >> 4];
        out[used++] = DIGITS[random[i] & 15];
    }
    out[used] = '\0';
}
