#include "output/envelope.h"

#include "output/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT_VERSION 1
#define BUFFER_SIZE ((size_t)1 << 20)

static int fail_io(weiss_context *ctx, const char *path, const char *what)
{
    return weiss_fail(ctx, WEISS_ERR_FILE, "%s: cannot be %s: %s", path, what, strerror(errno));
}

/* Reads @p length bytes from @p offset; false when they are not all there (errno 0: the file ends before). */
static bool read_fully(int fd, void *to, size_t length, off_t offset)
{
    for (char *at = to; length > 0;) {
        errno = 0;
        ssize_t got = pread(fd, at, length, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        offset += got;
        length -= (size_t)got;
    }
    return true;
}

/* Checksum of the bytes after the envelope. */
static int sum_contents(weiss_context *ctx, const char *path, int fd, int64_t bytes, uint64_t *sum)
{
    int code = 0;
    char *buffer;
    WEISS_TRY(weiss_alloc(ctx, &buffer, BUFFER_SIZE, 1));
    *sum = WEISS_HASH_START;
    for (int64_t at = WEISS_ENVELOPE_SIZE; at < bytes;) {
        size_t part = bytes - at < (int64_t)BUFFER_SIZE ? (size_t)(bytes - at) : BUFFER_SIZE;
        if (!read_fully(fd, buffer, part, (off_t)at)) {
            code = fail_io(ctx, path, "read");
            break;
        }
        *sum = weiss_hash(*sum, buffer, part);
        at += (int64_t)part;
    }
    free(buffer);
    return code;
}

int weiss_envelope_seal(weiss_context *ctx, const char *path)
{
    int code = 0;
    struct stat facts;
    char head[WEISS_ENVELOPE_SIZE] = {0};
    uint64_t sum;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0) {
        code = fail_io(ctx, path, "written");
        goto out;
    }
    WEISS_TRY_OUT(code, sum_contents(ctx, path, fd, facts.st_size, &sum));
    snprintf(head, sizeof head, "weiss checkpoint %d bytes %" PRId64 " checksum %016" PRIx64 "\n",
             FORMAT_VERSION, (int64_t)facts.st_size, sum);
    errno = EIO;
    if (pwrite(fd, head, sizeof head, 0) != (ssize_t)sizeof head)
        code = fail_io(ctx, path, "written");
out:
    if (fd >= 0)
        close(fd);
    return code;
}

/* Compares the envelope with the file. */
static int compare(weiss_context *ctx, const char *path, int fd)
{
    char head[WEISS_ENVELOPE_SIZE + 1] = {0}, again[WEISS_ENVELOPE_SIZE] = {0};
    struct stat facts;
    int version;
    int64_t bytes;
    uint64_t expected, sum;
    if (fstat(fd, &facts) != 0)
        return fail_io(ctx, path, "read");
    if (!S_ISREG(facts.st_mode))
        return weiss_fail(ctx, WEISS_ERR_SYNTAX, "%s: is not a file, expected a checkpoint", path);
    if (!read_fully(fd, head, WEISS_ENVELOPE_SIZE, 0) || sscanf(head, "weiss checkpoint %d ", &version) != 1)
        return weiss_fail(ctx, WEISS_ERR_SYNTAX, "%s: is not a checkpoint of weiss", path);
    if (version != FORMAT_VERSION)
        return weiss_fail(
            ctx, WEISS_ERR_SYNTAX,
            "%s: is a checkpoint of format %d, this program reads format %d; use the version of weiss "
            "that wrote it",
            path, version, FORMAT_VERSION);
    if (sscanf(head, "weiss checkpoint %*d bytes %" SCNd64 " checksum %" SCNx64, &bytes, &expected) != 2)
        return weiss_fail(ctx, WEISS_ERR_SYNTAX, "%s: is damaged: its first line cannot be read", path);
    snprintf(again, sizeof again, "weiss checkpoint %d bytes %" PRId64 " checksum %016" PRIx64 "\n", version,
             bytes, expected);
    if (memcmp(head, again, sizeof again) != 0)
        return weiss_fail(ctx, WEISS_ERR_SYNTAX,
                          "%s: is damaged: its first 512 bytes are not as they were written", path);
    if (facts.st_size != bytes)
        return weiss_fail(ctx, WEISS_ERR_SYNTAX,
                          "%s: is damaged: has %" PRId64 " bytes, but %" PRId64
                          " were written; copy it again or "
                          "restart from another checkpoint",
                          path, (int64_t)facts.st_size, bytes);
    WEISS_TRY(sum_contents(ctx, path, fd, bytes, &sum));
    if (sum != expected)
        return weiss_fail(ctx, WEISS_ERR_SYNTAX,
                          "%s: is damaged: the checksum of its contents is %016" PRIx64
                          ", expected %016" PRIx64 "; copy it again or restart from another checkpoint",
                          path, sum, expected);
    return 0;
}

int weiss_envelope_check(weiss_context *ctx, const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe must not block */
    if (fd < 0)
        return fail_io(ctx, path, "opened");
    int code = compare(ctx, path, fd);
    close(fd);
    return code;
}
