#include "output/shared-file.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A part that is sent to rank 0 goes in pieces of so many bytes at most. */
#define PIECE ((int64_t)4 << 20)
/* Tags of a piece: where it belongs and how long it is, or that there is none any more; and its bytes. */
#define TAG_PLACE 7301
#define TAG_BYTES 7302
#define NO_MORE (-1)

/* What rank 0 writes into the new file for the others to recognise it by. */
typedef struct token {
    uint64_t word[2];
} token;

/* Creates the file and reserves its length; the reservation is given back, for the writers extend the file themselves. */
static int reserve(weiss_context *ctx, weiss_shared_file *file, int64_t bytes)
{
    file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file->fd < 0)
        return weiss_fail(ctx, WEISS_ERR_FILE, "%s: cannot be written: %s", file->path, strerror(errno));
    int why = bytes > 0 ? posix_fallocate(file->fd, 0, (off_t)bytes) : 0;
    if (why == EOPNOTSUPP || why == EINVAL)
        why = 0; /* the file system cannot tell */
    if (why == 0 && ftruncate(file->fd, 0) != 0)
        why = errno;
    if (why == 0)
        return 0;
    return weiss_fail(ctx, WEISS_ERR_FILE, "%s: no room for its %lld bytes: %s", file->path, (long long)bytes,
                      strerror(why));
}

static void forget(weiss_shared_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    free(file->temporary);
    free(file->far);
    free(file->buffer);
    *file = (weiss_shared_file){.fd = -1};
}

static int name_temporary(weiss_shared_file *file, const char *path)
{
    int64_t process = getpid();
    MPI_Bcast(&process, 1, MPI_INT64_T, 0, weiss_comm(file->ctx));
    size_t size = strlen(path) + 32;
    file->path = strdup(path);
    file->temporary = malloc(size);
    file->far = weiss_rank(file->ctx) == 0 ? calloc((size_t)weiss_size(file->ctx), 1) : NULL;
    if (file->path == NULL || file->temporary == NULL || (weiss_rank(file->ctx) == 0 && file->far == NULL))
        return weiss_fail(file->ctx, WEISS_ERR_MEMORY, "out of memory");
    snprintf(file->temporary, size, "%s.tmp-%lld", path, (long long)process);
    return 0;
}

/* Writes the token, which no file of the same name on another machine has. */
static int mark(weiss_context *ctx, const weiss_shared_file *file, token *mark)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *mark = (token){{(uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec,
                     (uint64_t)(uintptr_t)file ^ (uint64_t)getpid() << 40}};
    if (pwrite(file->fd, mark, sizeof *mark, 0) != (ssize_t)sizeof *mark || fsync(file->fd) != 0)
        return weiss_fail(ctx, WEISS_ERR_FILE, "%s: cannot be written: %s", file->path, strerror(errno));
    return 0;
}

/* Opens the file where it is seen. */
static void look_for(weiss_shared_file *file, const token *mark)
{
    token found = {{0}};
    file->fd = open(file->temporary, O_RDWR | O_CLOEXEC);
    if (file->fd >= 0 && (pread(file->fd, &found, sizeof found, 0) != (ssize_t)sizeof found ||
                          memcmp(&found, mark, sizeof found) != 0)) {
        close(file->fd);
        file->fd = -1;
    }
}

/* Opens the file on every rank that sees it, and tells rank 0 of the others. Collective. */
static int open_everywhere(weiss_context *ctx, weiss_shared_file *file)
{
    token told = {{0}};
    if (weiss_size(ctx) == 1)
        return 0;
    if (weiss_rank(ctx) != 0)
        file->fd = -1;
    WEISS_TRY(weiss_agree(ctx, weiss_rank(ctx) == 0 ? mark(ctx, file, &told) : 0));
    MPI_Bcast(&told, sizeof told, MPI_BYTE, 0, weiss_comm(ctx));
    if (weiss_rank(ctx) != 0)
        look_for(file, &told);
    char far = file->fd < 0;
    MPI_Gather(&far, 1, MPI_CHAR, file->far, 1, MPI_CHAR, 0, weiss_comm(ctx));
    int code = 0;
    if (weiss_rank(ctx) == 0 && memchr(file->far, 1, (size_t)weiss_size(ctx)) != NULL)
        code = weiss_alloc(ctx, &file->buffer, PIECE, 1);
    if (code == 0 && weiss_rank(ctx) == 0 && ftruncate(file->fd, 0) != 0)
        code = weiss_fail(ctx, WEISS_ERR_FILE, "%s: cannot be written: %s", file->path, strerror(errno));
    return weiss_agree(ctx, code);
}

int weiss_shared_begin(weiss_context *ctx, const char *path, int64_t bytes, weiss_shared_file *file)
{
    *file = (weiss_shared_file){.ctx = ctx, .fd = -1};
    int code = weiss_agree(ctx, name_temporary(file, path));
    if (code == 0)
        code = weiss_agree(ctx, weiss_rank(ctx) == 0 ? reserve(ctx, file, bytes) : 0);
    if (code == 0)
        code = open_everywhere(ctx, file);
    if (code != 0 && weiss_rank(ctx) == 0 && file->fd >= 0)
        unlink(file->temporary);
    if (code != 0)
        forget(file);
    return code;
}

static int fail_write(const weiss_shared_file *file, int why)
{
    bool full = why == ENOSPC || why == EFBIG || why == EDQUOT;
    return weiss_fail(file->ctx, WEISS_ERR_FILE, "%s: rank %d cannot write its part: %s%s", file->path,
                      weiss_rank(file->ctx), strerror(why), full ? "; is the disk full?" : "");
}

static int write_here(const weiss_shared_file *file, int64_t offset, const char *data, int64_t bytes)
{
    while (bytes > 0) {
        ssize_t written = pwrite(file->fd, data, (size_t)bytes, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail_write(file, written < 0 ? errno : ENOSPC);
        offset += written;
        data += written;
        bytes -= written;
    }
    return 0;
}

static void send_place(const weiss_shared_file *file, int64_t offset, int64_t bytes)
{
    int64_t place[2] = {offset, bytes};
    MPI_Send(place, 2, MPI_INT64_T, 0, TAG_PLACE, weiss_comm(file->ctx));
}

int weiss_shared_write(const weiss_shared_file *file, int64_t offset, const void *data, int64_t bytes)
{
    if (file->fd >= 0)
        return write_here(file, offset, data, bytes);
    for (int64_t done = 0; done < bytes; done += PIECE) {
        int64_t now = bytes - done < PIECE ? bytes - done : PIECE;
        send_place(file, offset + done, now);
        MPI_Send((const char *)data + done, (int)now, MPI_BYTE, 0, TAG_BYTES, weiss_comm(file->ctx));
    }
    return 0;
}

/* Takes the pieces of rank @p from until it has no more. */
static int write_for(const weiss_shared_file *file, int from)
{
    int code = 0;
    for (;;) {
        int64_t place[2];
        MPI_Recv(place, 2, MPI_INT64_T, from, TAG_PLACE, weiss_comm(file->ctx), MPI_STATUS_IGNORE);
        if (place[0] == NO_MORE)
            return code;
        MPI_Recv(file->buffer, (int)place[1], MPI_BYTE, from, TAG_BYTES, weiss_comm(file->ctx),
                 MPI_STATUS_IGNORE);
        if (code == 0)
            code = write_here(file, place[0], file->buffer, place[1]);
    }
}

/* Rank 0 writes for the ranks that do not see the file. */
static int write_for_all(const weiss_shared_file *file)
{
    int code = 0;
    for (int r = 1; r < weiss_size(file->ctx); r++) {
        int one = file->far[r] ? write_for(file, r) : 0;
        code = code == 0 ? one : code;
    }
    return code;
}

/* Brings what ranks far away have sent into the file, and the file to the disk. Collective. */
static int settle(weiss_shared_file *file, int code)
{
    weiss_context *ctx = file->ctx;
    if (weiss_rank(ctx) != 0 && file->fd < 0)
        send_place(file, NO_MORE, 0);
    int others = file->buffer != NULL ? write_for_all(file) : 0;
    code = code == 0 ? others : code;
    if (file->fd >= 0 && fsync(file->fd) != 0 && errno != EINVAL && errno != EROFS && code == 0)
        code = fail_write(file, errno);
    if (file->fd >= 0 && close(file->fd) != 0 && code == 0)
        code = fail_write(file, errno);
    file->fd = -1;
    return weiss_agree(ctx, code);
}

int weiss_shared_end(weiss_shared_file *file, int code,
                     int (*finish)(weiss_context *ctx, const char *temporary))
{
    weiss_context *ctx = file->ctx;
    code = settle(file, code);
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
