#include "cloud/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int weiss_make_directories(const char *path, weiss_fault *fault)
{
    char part[WEISS_PATH];
    size_t length = strlen(path);
    for (size_t i = 1; i <= length && i < sizeof part; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: the directory cannot be made: %s", part,
                                   strerror(errno));
    }
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    remove(path);
    return 0;
}

void weiss_remove_tree(const char *path)
{
    char going[WEISS_PATH + 48];
    struct stat status;
    snprintf(going, sizeof going, "%s.going-%ld", path, (long)getpid());
    /* Its lock goes with all the rest at once: nobody finds half of it and takes it for whole. */
    bool moved = lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && rename(path, going) == 0;
    nftw(moved ? going : path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

long weiss_read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t length = -1;
    text[0] = '\0';
    if (fd < 0)
        return -1;
    while (used < size - 1 && (length = read(fd, text + used, size - 1 - used)) > 0)
        used += (size_t)length;
    close(fd);
    text[used] = '\0';
    return length < 0 ? -1 : (long)used;
}

int weiss_write_text(const char *path, const char *text, weiss_fault *fault)
{
    char temporary[WEISS_PATH + 32];
    snprintf(temporary, sizeof temporary, "%s.tmp-%d", path, (int)getpid());
    FILE *file = fopen(temporary, "we");
    int wrong = file == NULL || fputs(text, file) < 0;
    if (file != NULL && fclose(file) != 0)
        wrong = 1;
    if (!wrong && rename(temporary, path) == 0)
        return 0;
    int error = errno;
    unlink(temporary);
    return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be written: %s", path, strerror(error));
}

const char *weiss_last_lines(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    off_t start = end > (off_t)size - 1 ? end - (off_t)size + 1 : 0;
    ssize_t length = fd >= 0 ? pread(fd, out, size - 1, start) : 0;
    size_t used = 0;
    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i < length; i++) {
        char c = out[i];
        if (c == '\n' || c == '\r')
            c = used > 0 && out[used - 1] != '|' ? '|' : '\0';
        if (c != '\0')
            out[used++] = (c >= ' ' && c <= '~') ? c : '?';
    }
    while (used > 0 && (out[used - 1] == '|' || out[used - 1] == ' '))
        used--;
    out[used] = '\0';
    return out;
}
