/* table.csv: one line per row, appended with one write(), so that a run that is killed leaves whole lines only. */
#include "base/file.h"
#include "output/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct csv {
    weiss_context *ctx;
    const weiss_effective *effective;
    char *path;
    int fd; /* rank 0 only; -1 elsewhere */
    off_t bytes; /* length of the file: all whole lines */
    char *line;
    size_t capacity, length;
} csv;

static int append(csv *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int append(csv *c, const char *format, ...)
{
    for (;;) {
        va_list args;
        va_start(args, format);
        int n = vsnprintf(c->line + c->length, c->capacity - c->length, format, args);
        va_end(args);
        if (n >= 0 && (size_t)n < c->capacity - c->length) {
            c->length += (size_t)n;
            return 0;
        }
        WEISS_TRY(weiss_grow(c->ctx, &c->line, &c->capacity, c->length + (n < 0 ? 64 : (size_t)n) + 1, 1));
    }
}

static int format_header(csv *c)
{
    c->length = 0;
    WEISS_TRY(append(c, "t (s),mx,my,mz,E_total (J)"));
    for (int i = 0; i < weiss_effective_count(c->effective); i++)
        WEISS_TRY(append(c, ",E_%s (J)", weiss_effective_class(c->effective, i)->name));
    WEISS_TRY(append(c, ",max_torque (A/m),steps,stage"));
    for (int i = 0; i < weiss_effective_column_count(c->effective); i++)
        WEISS_TRY(append(c, ",%s", weiss_effective_column_name(c->effective, i)));
    return append(c, "\n");
}

static int format_row(csv *c, const weiss_report *r)
{
    c->length = 0;
    WEISS_TRY(append(c, "%.15g,%.15g,%.15g,%.15g,%.15g", r->time, r->mean[0], r->mean[1], r->mean[2],
                     r->energy_total));
    for (int i = 0; i < weiss_effective_count(c->effective); i++)
        WEISS_TRY(append(c, ",%.15g", r->energy[i]));
    WEISS_TRY(append(c, ",%.15g,%" PRId64 ",%d", r->max_torque, r->steps, r->stage));
    for (int i = 0; i < weiss_effective_column_count(c->effective); i++)
        WEISS_TRY(append(c, ",%.15g", r->columns[i]));
    return append(c, "\n");
}

/* Copies the header and the first @p rows lines of the old table; what came after the checkpoint is left behind. */
static int copy_rows(csv *c, FILE *old, int64_t rows, FILE *to)
{
    int code = 0;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length = getline(&line, &capacity, old);
    if (length < 0 || (size_t)length != c->length || memcmp(line, c->line, c->length) != 0) {
        code = weiss_fail(
            c->ctx, WEISS_ERR_VALUE,
            "%s: its columns are not those of this run, so it cannot be continued; start the run anew or "
            "restart with the problem file that it was made with",
            c->path);
        goto out;
    }
    fwrite(line, 1, (size_t)length, to);
    for (int64_t i = 0; i < rows; i++) {
        length = getline(&line, &capacity, old);
        if (length <= 0 || line[length - 1] != '\n') {
            code = weiss_fail(
                c->ctx, WEISS_ERR_VALUE,
                "%s: holds %" PRId64 " rows, but %" PRId64
                " were there when the checkpoint was written; put the whole table back or start anew",
                c->path, i, rows);
            goto out;
        }
        fwrite(line, 1, (size_t)length, to);
    }
out:
    free(line);
    return code;
}

/* Writes the new table (the header, or the header and the kept rows) and opens it for appending. */
static int start_file(csv *c, const weiss_run_facts *facts)
{
    weiss_new_file file;
    WEISS_TRY(format_header(c));
    FILE *old = NULL;
    if (facts->resumed && facts->progress.rows > 0) {
        old = fopen(c->path, "rb");
        if (old == NULL)
            return weiss_fail(
                c->ctx, WEISS_ERR_FILE,
                "%s: cannot be opened: %s; the checkpoint continues this table, so put it back or start "
                "anew",
                c->path, strerror(errno));
    }
    int code = weiss_file_begin(c->ctx, c->path, &file);
    if (code == 0) {
        if (old != NULL)
            code = copy_rows(c, old, facts->progress.rows, file.stream);
        else
            fwrite(c->line, 1, c->length, file.stream);
        if (code == 0)
            code = weiss_file_commit(c->ctx, &file);
        else
            weiss_file_abandon(&file);
    }
    if (old != NULL)
        fclose(old);
    WEISS_TRY(code);
    c->fd = open(c->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    c->bytes = c->fd < 0 ? 0 : lseek(c->fd, 0, SEEK_END);
    if (c->fd < 0 || c->bytes < 0)
        return weiss_fail(c->ctx, WEISS_ERR_FILE, "%s: cannot be written: %s", c->path, strerror(errno));
    return 0;
}

static void destroy(csv *c)
{
    if (c->fd >= 0)
        close(c->fd);
    free(c->path);
    free(c->line);
    free(c);
}

static int csv_open(const weiss_run_facts *facts, const weiss_value *config, void **data)
{
    (void)config;
    weiss_context *ctx = facts->mesh->ctx;
    csv *c;
    WEISS_TRY(weiss_agree(ctx, WEISS_NEW(ctx, c, 1)));
    c->ctx = ctx;
    c->fd = -1;
    c->effective = facts->state->effective;
    int code = weiss_path_join(ctx, facts->directory, "table.csv", &c->path);
    if (code == 0 && weiss_rank(ctx) == 0)
        code = start_file(c, facts);
    code = weiss_agree(ctx, code);
    if (code != 0)
        destroy(c);
    else
        *data = c;
    return code;
}

static int csv_row(void *data, const weiss_report *report)
{
    csv *c = data;
    size_t done = 0;
    if (c->fd < 0)
        return 0;
    WEISS_TRY(format_row(c, report));
    while (done < c->length) { /* a second turn only to learn why the disk took a part */
        ssize_t written = write(c->fd, c->line + done, c->length - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            int why = written < 0 ? errno : EIO;
            if (ftruncate(c->fd, c->bytes) != 0)
                why = errno;
            return weiss_fail(c->ctx, WEISS_ERR_FILE, "%s: a row cannot be written: %s", c->path,
                              strerror(why));
        }
        done += (size_t)written;
    }
    c->bytes += (off_t)done;
    return 0;
}

static int csv_flush(void *data)
{
    csv *c = data;
    if (c->fd >= 0 && fdatasync(c->fd) != 0)
        return weiss_fail(c->ctx, WEISS_ERR_FILE, "%s: cannot be synced to the disk: %s", c->path,
                          strerror(errno));
    return 0;
}

static int csv_close(void *data, int outcome)
{
    (void)outcome;
    int code = csv_flush(data);
    destroy(data);
    return code;
}

const weiss_output_class weiss_csv_output = {
    .name = "table",
    .help = "table.csv: mean magnetisation, energies and torque against time",
    .open = csv_open,
    .row = csv_row,
    .flush = csv_flush,
    .close = csv_close,
};
