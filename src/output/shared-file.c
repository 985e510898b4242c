#include "output/shared-file.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Counts of MPI are ints. */
#define ROUND ((int64_t)1 << 30)

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

static int name_temporary(weiss_shared_file *file, const char *path)
{
    int64_t process = getpid();
    MPI_Bcast(&process, 1, MPI_INT64_T, 0, weiss_comm(file->ctx));
    size_t size = strlen(path) + 32;
    file->path = strdup(path);
    file->temporary = malloc(size);
    if (file->path == NULL || file->temporary == NULL)
        return weiss_fail(file->ctx, WEISS_ERR_MEMORY, "out of memory");
    snprintf(file->temporary, size, "%s.tmp-%lld", path, (long long)process);
    return 0;
}

int weiss_shared_begin(weiss_context *ctx, const char *path, int64_t bytes, weiss_shared_file *file)
{
    int code = 0;
    *file = (weiss_shared_file){.ctx = ctx, .handle = MPI_FILE_NULL};
    WEISS_TRY_OUT(code, weiss_agree(ctx, name_temporary(file, path)));
    WEISS_TRY_OUT(code, weiss_agree(ctx, weiss_rank(ctx) == 0 ? reserve(ctx, file, bytes) : 0));
    if (MPI_File_open(weiss_comm(ctx), file->temporary, MPI_MODE_WRONLY, MPI_INFO_NULL, &file->handle) !=
        MPI_SUCCESS)
        code = weiss_fail(ctx, WEISS_ERR_FILE, "%s: rank %d cannot open it (MPI-IO)", path, weiss_rank(ctx));
    code = weiss_agree(ctx, code);
    if (code != 0 && weiss_rank(ctx) == 0)
        unlink(file->temporary);
out:
    if (code != 0)
        forget(file);
    return code;
}

static int fail_write(const weiss_shared_file *file)
{
    return weiss_fail(file->ctx, WEISS_ERR_FILE,
                      "%s: rank %d cannot write its part (MPI-IO); is the disk full?", file->path,
                      weiss_rank(file->ctx));
}

int weiss_shared_write(const weiss_shared_file *file, int64_t offset, const void *data, int64_t bytes)
{
    for (int64_t done = 0; done < bytes; done += ROUND) {
        int64_t now = bytes - done < ROUND ? bytes - done : ROUND;
        MPI_Status status;
        int written = 0; /* a short write is no error to MPI */
        if (MPI_File_write_at(file->handle, offset + done, (const char *)data + done, (int)now, MPI_BYTE,
                              &status) != MPI_SUCCESS ||
            MPI_Get_count(&status, MPI_BYTE, &written) != MPI_SUCCESS || written != now)
            return fail_write(file);
    }
    return 0;
}

int weiss_shared_end(weiss_shared_file *file, int code,
                     int (*finish)(weiss_context *ctx, const char *temporary))
{
    weiss_context *ctx = file->ctx;
    bool good = MPI_File_sync(file->handle) == MPI_SUCCESS;
    good = MPI_File_close(&file->handle) == MPI_SUCCESS && good;
    if (code == 0 && !good)
        code = fail_write(file);
    code = weiss_agree(ctx, code);
    if (weiss_rank(ctx) == 0) {
        if (code == 0 && finish != NULL)
            code = finish(ctx, file->temporary);
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
