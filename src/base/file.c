#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int weiss_file_read(weiss_context *ctx, const char *path, size_t limit, char **data, size_t *length)
{
    int code = 0;
    struct stat facts;
    FILE *file = fopen(path, "rb");
    *data = NULL;
    *length = 0;
    if (file == NULL)
        return weiss_fail(ctx, WEISS_ERR_FILE, "%s: cannot be opened: %s", path, strerror(errno));
    if (fstat(fileno(file), &facts) != 0 || S_ISDIR(facts.st_mode)) {
        code = weiss_fail(ctx, WEISS_ERR_FILE, "%s: is a directory, expected a file", path);
        goto out;
    }
    size_t capacity = facts.st_size > 0 ? (size_t)facts.st_size + 1 : 4096, used = 0;
    WEISS_TRY_OUT(code, weiss_alloc(ctx, data, capacity, 1));
    for (size_t got; (got = fread(*data + used, 1, capacity - used - 1, file)) > 0;) {
        used += got;
        if (used > limit) {
            code = weiss_fail(ctx, WEISS_ERR_FILE, "%s: is larger than %zu bytes, the limit for such a file", path,
                              limit);
            goto out;
        }
        if (used == capacity - 1)
            WEISS_TRY_OUT(code, weiss_grow(ctx, data, &capacity, capacity + 1, 1));
    }
    if (ferror(file))
        code = weiss_fail(ctx, WEISS_ERR_FILE, "%s: cannot be read: %s", path, strerror(errno));
    (*data)[used] = '\0';
    *length = used;
out:
    fclose(file);
    if (code != 0) {
        free(*data);
        *data = NULL;
    }
    return code;
}

int weiss_file_begin(weiss_context *ctx, const char *path, weiss_new_file *file)
{
    memset(file, 0, sizeof *file);
    size_t size = strlen(path) + 32;
    file->path = strdup(path);
    file->temporary = malloc(size);
    if (file->path == NULL || file->temporary == NULL) {
        weiss_file_abandon(file);
        return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory");
    }
    snprintf(file->temporary, size, "%s.tmp-%ld", path, (long)getpid());
    file->stream = fopen(file->temporary, "wb");
    if (file->stream == NULL) {
        int code = weiss_fail(ctx, WEISS_ERR_FILE, "%s: cannot be written: %s", path, strerror(errno));
        free(file->temporary);
        file->temporary = NULL;
        weiss_file_abandon(file);
        return code;
    }
    return 0;
}

void weiss_file_abandon(weiss_new_file *file)
{
    if (file->stream != NULL)
        fclose(file->stream);
    if (file->temporary != NULL)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    memset(file, 0, sizeof *file);
}

static void sync_directory_of(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return;
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

int weiss_file_commit(weiss_context *ctx, weiss_new_file *file)
{
    int code = 0;
    bool bad = fflush(file->stream) != 0 || ferror(file->stream) || fsync(fileno(file->stream)) != 0;
    int why = errno;
    bad = fclose(file->stream) != 0 || bad;
    file->stream = NULL;
    if (bad || rename(file->temporary, file->path) != 0) {
        code = weiss_fail(ctx, WEISS_ERR_FILE, "%s: cannot be written: %s", file->path,
                          strerror(bad ? why : errno));
    } else {
        sync_directory_of(file->path);
        free(file->temporary);
        file->temporary = NULL;
    }
    weiss_file_abandon(file);
    return code;
}

int weiss_file_publish(weiss_context *ctx, const char *temporary, const char *path)
{
    int fd = open(temporary, O_RDONLY);
    bool good = fd >= 0 && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (good && rename(temporary, path) == 0) {
        sync_directory_of(path);
        return 0;
    }
    if (good)
        why = errno;
    unlink(temporary);
    return weiss_fail(ctx, WEISS_ERR_FILE, "%s: cannot be written: %s", path, strerror(why));
}

int weiss_path_join(weiss_context *ctx, const char *directory, const char *name, char **out)
{
    bool alone = name[0] == '/' || directory[0] == '\0' || strcmp(directory, ".") == 0;
    size_t size = strlen(directory) + strlen(name) + 2;
    WEISS_TRY(weiss_alloc(ctx, out, size, 1));
    snprintf(*out, size, "%s%s%s", alone ? "" : directory, alone ? "" : "/", name);
    return 0;
}
