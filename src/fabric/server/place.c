#include "fabric/server/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/** Whether a process holds the lock of a region's file. Only the file that @p status tells of is opened. */
static int check_unlocked(const char *path, const struct stat *status, weiss_fault *fault)
{
    struct stat opened;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s exists and cannot be opened: %s", path,
                               strerror(errno));
    int code = 0;
    if (fstat(fd, &opened) != 0 || !same(&opened, status))
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s changes while it is looked at", path);
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        code = weiss_fault_set(fault, WEISS_ERR_FILE,
                               "%s is in use by another server; give this group another file=PATH or name",
                               path);
    close(fd);
    return code;
}

int weiss_place_free(const char *path, mode_t type, uid_t owner, weiss_fault *fault)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        if (errno == ENOENT)
            return 0;
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: %s", path, strerror(errno));
    }
    if ((status.st_mode & S_IFMT) != type)
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "%s exists and is not a %s; remove it or choose another name", path,
                               type == S_IFSOCK ? "socket" : "regular file");
    if ((status.st_uid != geteuid() && status.st_uid != owner) || status.st_nlink != 1)
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "%s exists and is not this server's (it belongs to uid %u and has %lu names); remove "
            "it or choose another name",
            path, (unsigned)status.st_uid, (unsigned long)status.st_nlink);
    return type == S_IFREG ? check_unlocked(path, &status, fault) : 0;
}

int weiss_place_clear(const char *path, mode_t type, uid_t owner, weiss_fault *fault)
{
    int code = weiss_place_free(path, type, owner, fault);
    if (code == 0 && unlink(path) != 0 && errno != ENOENT)
        code = weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be removed: %s", path, strerror(errno));
    return code;
}

void weiss_place_remove(const char *path, int fd)
{
    struct stat named, opened;
    if (lstat(path, &named) == 0 && fstat(fd, &opened) == 0 && same(&named, &opened))
        unlink(path);
}

static pid_t read_holder(int fd)
{
    char text[32] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    return pid > 0 && pid < 1L << 30 ? (pid_t)pid : 0;
}

/** Takes the lock of an opened lock file. @return 0; 1: the file has been replaced meanwhile; WEISS_ERR_FILE */
static int take_lock(const char *path, int fd, bool *held, pid_t *holder, weiss_fault *fault)
{
    struct stat opened, named;
    char text[32];
    if (fstat(fd, &opened) != 0 || !S_ISREG(opened.st_mode) || opened.st_uid != geteuid())
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "%s exists and is not this server's lock; remove it or choose another name",
                               path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        *held = errno == EWOULDBLOCK;
        *holder = read_holder(fd);
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be locked: %s", path, strerror(errno));
    }
    if (lstat(path, &named) != 0 || !same(&opened, &named))
        return 1;
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be written: %s", path, strerror(errno));
    return 0;
}

int weiss_place_lock(const char *path, int *fd, bool *held, pid_t *holder, weiss_fault *fault)
{
    int code = 1;
    *held = false;
    *holder = 0;
    while (code == 1) {
        *fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (*fd < 0)
            return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be made: %s", path,
                                   errno == ELOOP ? "it is a symbolic link" : strerror(errno));
        code = take_lock(path, *fd, held, holder, fault);
        if (code != 0) {
            close(*fd);
            *fd = -1;
        }
    }
    return code;
}

void weiss_place_unlock(const char *path, int fd)
{
    weiss_place_remove(path, fd);
    close(fd);
}

int weiss_place_directory(const char *path, bool *made, weiss_fault *fault)
{
    struct stat status;
    uid_t self = geteuid();
    *made = mkdir(path, 0700) == 0;
    if (*made) {
        if (self == 0 && chmod(path, 0755) != 0)
            return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: %s", path, strerror(errno));
    } else if (errno != EEXIST) {
        return weiss_fault_set(fault, WEISS_ERR_FILE, "the directory %s cannot be made: %s", path,
                               strerror(errno));
    }
    if (lstat(path, &status) != 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s is not a directory", path);
    if ((status.st_uid != self && status.st_uid != 0) || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "others than uid %u can write to the directory %s; take their right away or choose "
            "another with --run-directory",
            (unsigned)self, path);
    return 0;
}

int weiss_place_write_pid(const char *path, weiss_fault *fault)
{
    char temporary[4096], text[32];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "the path of the pid file is too long");
    int fd = mkostemp(temporary, O_CLOEXEC);
    bool right = fd >= 0 && write(fd, text, (size_t)length) == length && fchmod(fd, 0644) == 0;
    if (right && rename(temporary, path) == 0) {
        close(fd);
        return 0;
    }
    int error = errno;
    if (fd >= 0) {
        close(fd);
        unlink(temporary);
    }
    return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be written: %s", path, strerror(error));
}
