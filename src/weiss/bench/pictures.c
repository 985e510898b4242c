/* Pictures of a measurement: for each test of several sizes, its time or bandwidth against the size. */
#include "base/replace.h"
#include "report/loglog.h"
#include "weiss/bench/bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *title, *label;
} words[WEISS_BENCH_TESTS] = {
    [WEISS_BENCH_LATENCY] = {"Time of a message, one way", "Half a round trip"},
    [WEISS_BENCH_BANDWIDTH] = {"Bandwidth, one direction", "Bandwidth"},
    [WEISS_BENCH_BIBANDWIDTH] = {"Bandwidth, both directions together", "Bandwidth"},
    [WEISS_BENCH_PUT] = {"Put under a lock", "Time of lock, put, unlock"},
    [WEISS_BENCH_GET] = {"Get under a lock", "Time of lock, get, unlock"},
    [WEISS_BENCH_ALLREDUCE] = {"Allreduce", "Time"},
};

/** Arrays of one line, in SI: x, y, low, high, one behind the other. */
static void fill_line(const weiss_bench_row *row, int n, double *values, weiss_loglog_line *line)
{
    double *x = values, *y = values + n, *low = values + 2 * n, *high = values + 3 * n;
    for (int i = 0; i < n; i++) {
        if (row[i].n == 0)
            continue;
        const weiss_summary *t = &row[i].time;
        bool stream = weiss_bench_table[row[i].test].show == WEISS_BENCH_BYTES;
        x[line->n] = (double)row[i].bytes;
        y[line->n] = stream ? 1e6 * weiss_bench_bandwidth(&row[i], t->median) : 1e-6 * t->median;
        low[line->n] = stream ? 1e6 * weiss_bench_bandwidth(&row[i], t->max) : 1e-6 * t->min;
        high[line->n] = stream ? 1e6 * weiss_bench_bandwidth(&row[i], t->min) : 1e-6 * t->max;
        line->n++;
    }
    line->x = x;
    line->y = y;
    line->low = low;
    line->high = high;
}

static void write_chart(FILE *to, const void *data)
{
    weiss_loglog_write(data, to);
}

/** Draws the rows @p first to @p first + @p n - 1. */
static int draw_test(const weiss_bench_job *job, int first, int n, const char *directory, weiss_fault *fault)
{
    weiss_loglog_line line[WEISS_TRANSPORTS_MAX] = {0};
    weiss_bench_test test = job->column[0].row[first].test;
    char path[PATH_MAX];
    double *values = calloc((size_t)(4 * n * job->ncolumns), sizeof *values);
    if (values == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (int c = 0; c < job->ncolumns; c++) {
        line[c].label = job->column[c].transport->name;
        line[c].colour = job->column[c].transport->colour;
        fill_line(job->column[c].row + first, n, values + 4 * n * c, &line[c]);
    }
    const weiss_loglog chart = {.title = words[test].title,
                                .label = words[test].label,
                                .unit = weiss_bench_table[test].show == WEISS_BENCH_BYTES ? "B/s" : "s",
                                .line = line,
                                .nlines = (size_t)job->ncolumns};
    snprintf(path, sizeof path, "%s/%s.svg", directory, weiss_bench_table[test].name);
    int code = weiss_replace_file(path, write_chart, &chart, fault);
    free(values);
    return code;
}

int weiss_bench_draw(const weiss_bench_job *job, const char *directory, weiss_fault *fault)
{
    int code = 0;
    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: cannot be made: %s", directory, strerror(errno));
    for (int first = 0, n; code == 0 && first < job->nrows; first += n) {
        const weiss_bench_row *row = job->column[0].row + first;
        n = 1;
        while (first + n < job->nrows && row[n].test == row[0].test)
            n++;
        if (n > 1)
            code = draw_test(job, first, n, directory, fault);
    }
    return code;
}
