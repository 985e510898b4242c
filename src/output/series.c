#include "output/series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int read_header(weiss_context *ctx, weiss_series *series, char *line)
{
    size_t capacity = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *rest = line, *name; (name = strsep(&rest, ",")) != NULL;) {
        WEISS_TRY(weiss_grow(ctx, &series->name, &capacity, series->ncolumns + 1, sizeof *series->name));
        series->name[series->ncolumns] = strdup(name);
        if (series->name[series->ncolumns] == NULL)
            return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory");
        series->ncolumns++;
    }
    return 0;
}

/* Parses one line; false when it has not exactly the columns of the header. */
static bool read_row(const char *line, size_t ncolumns, double *row)
{
    for (size_t i = 0; i < ncolumns; i++) {
        char *end;
        row[i] = strtod(line, &end);
        if (end == line || *end != (i + 1 < ncolumns ? ',' : '\n'))
            return false;
        line = end + 1;
    }
    return true;
}

static int read_rows(weiss_context *ctx, weiss_series *series, const char *path, FILE *file)
{
    int code = 0;
    char *line = NULL;
    size_t line_capacity = 0, capacity = 0;
    for (ssize_t length; (length = getline(&line, &line_capacity, file)) > 0;) {
        if (line[length - 1] != '\n')
            break;
        WEISS_TRY_OUT(code, weiss_grow(ctx, &series->value, &capacity, (series->nrows + 1) * series->ncolumns,
                                       sizeof *series->value));
        if (!read_row(line, series->ncolumns, series->value + series->nrows * series->ncolumns)) {
            code = weiss_fail(ctx, WEISS_ERR_SYNTAX, "%s:%zu: expected %zu numbers separated by commas", path,
                              series->nrows + 2, series->ncolumns);
            goto out;
        }
        series->nrows++;
    }
out:
    free(line);
    return code;
}

int weiss_series_read(weiss_context *ctx, const char *path, weiss_series **out)
{
    int code = 0;
    char *header = NULL;
    size_t capacity = 0;
    weiss_series *series;
    *out = NULL;
    WEISS_TRY(WEISS_NEW(ctx, series, 1));
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        code = weiss_fail(ctx, WEISS_ERR_FILE, "%s: cannot be opened: %s", path, strerror(errno));
        goto out;
    }
    if (getline(&header, &capacity, file) <= 0) {
        code = weiss_fail(ctx, WEISS_ERR_SYNTAX, "%s: is empty, expected a table with a header", path);
        goto out;
    }
    WEISS_TRY_OUT(code, read_header(ctx, series, header));
    code = read_rows(ctx, series, path, file);
out:
    free(header);
    if (file != NULL)
        fclose(file);
    if (code != 0)
        weiss_series_destroy(series);
    else
        *out = series;
    return code;
}

void weiss_series_destroy(weiss_series *series)
{
    if (series == NULL)
        return;
    for (size_t i = 0; i < series->ncolumns; i++)
        free(series->name[i]);
    free(series->name);
    free(series->value);
    free(series);
}

int weiss_series_column(const weiss_series *series, const char *name)
{
    for (size_t i = 0; i < series->ncolumns; i++)
        if (strcmp(series->name[i], name) == 0)
            return (int)i;
    return -1;
}

void weiss_series_range(const weiss_series *series, int column, double *low, double *high)
{
    bool any = false;
    *low = *high = 0.0;
    for (size_t i = 0; i < series->nrows; i++) {
        double x = weiss_series_at(series, i, column);
        if (!isfinite(x))
            continue;
        *low = any ? fmin(*low, x) : x;
        *high = any ? fmax(*high, x) : x;
        any = true;
    }
}
