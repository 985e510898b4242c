#include "output/shared-file.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Creates the file and reserves its length; the reservation is given back, for the writers extend the file themselves. */
static int reserve(weiss_context *ctx, const weiss_shared_file *file, int64_t bytes)
{
    int fd = open(file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return weiss_fail(ctx, WEISS_ERR_FILE, "%s: cannot be written: %s", file->path, strerror(errno));
    int why = bytes > 0 ? posix_fallocate(fd, 0, (off_t)bytes) : 0;
    if (why == EOPNOTSUPP || why == EINVAL)
        why = 0; /* the file system cannot tell */
    if (why == 0 && ftruncate(fd, 0) != 0)
        why = errno;
    if (close(fd) != 0 && why == 0)
        why = errno;
    if (why == 0)
        return 0;
    unlink(file->temporary);
    return weiss_fail(ctx, WEISS_ERR_FILE, "%s: no room for its %lld bytes: %s", file->path, (long long)bytes,
                      strerror(why));
}

static void forget(weiss_shared_file *file)
{
    free(file->path);
    free(file->temporary);
    memset(file, 0, sizeof *file);
}

int weiss_shared_begin(weiss_context *ctx, const char *path, int64_t bytes, weiss_shared_file *file)
{
    memset(file, 0, sizeof *file);
    int64_t process = getpid();
    MPI_Bcast(&process, 1, MPI_INT64_T, 0, weiss_comm(ctx));
    size_t size = strlen(path) + 32;
    file->path = strdup(path);
    file->temporary = malloc(size);
    int code = 0;
    if (file->path == NULL || file->temporary == NULL) {
        code = weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory");
    } else {
        snprintf(file->temporary, size, "%s.tmp-%lld", path, (long long)process);
        if (weiss_rank(ctx) == 0)
            code = reserve(ctx, file, bytes);
    }
    code = weiss_agree(ctx, code);
    if (code != 0)
        forget(file);
    return code;
}

int weiss_shared_end(weiss_context *ctx, weiss_shared_file *file, int code)
{
    code = weiss_agree(ctx, code);
    if (weiss_rank(ctx) == 0) {
        if (code == 0)
            code = weiss_file_publish(ctx, file->temporary, file->path);
        else
            unlink(file->temporary);
    }
    forget(file);
    return weiss_agree(ctx, code);
}

/* True for `ANYTHING.tmp-DIGITS`. */
static bool is_temporary(const char *name)
{
    const char *mark = strrchr(name, '.');
    if (mark == NULL || strncmp(mark, ".tmp-", 5) != 0 || mark[5] == '\0')
        return false;
    return mark[5 + strspn(mark + 5, "0123456789")] == '\0';
}

void weiss_remove_temporaries(const char *directory)
{
    DIR *listing = opendir(directory);
    if (listing == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        if (is_temporary(entry->d_name))
            unlinkat(dirfd(listing), entry->d_name, 0);
    closedir(listing);
}
