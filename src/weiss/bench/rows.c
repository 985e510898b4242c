/* What came out of a measurement: samples, their summary, and CSV. */
#include "base/replace.h"
#include "weiss/bench/bench.h"

#include <stdlib.h>
#include <string.h>

static int make_column(const weiss_bench_job *job, weiss_bench_column *column)
{
    int n = 0;
    column->row = calloc((size_t)job->nrows + 1, sizeof *column->row);
    if (column->row == NULL)
        return WEISS_ERR_MEMORY;
    for (int t = 0; t < WEISS_BENCH_TESTS; t++) {
        const weiss_bench_facts *facts = &weiss_bench_table[t];
        for (int s = 0; job->plan.test[t] && s < (facts->sized ? job->plan.nsizes : 1); s++)
            column->row[n++] = (weiss_bench_row){.test = (weiss_bench_test)t,
                                                 .bytes = facts->sized ? job->plan.size[s] : facts->bytes};
    }
    return 0;
}

int weiss_bench_rows_make(weiss_bench_job *job, weiss_fault *fault)
{
    job->nrows = weiss_bench_plan_count(&job->plan);
    for (int c = 0; c < job->ncolumns; c++)
        if (make_column(job, &job->column[c]) != 0)
            return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    return 0;
}

int weiss_bench_expected(const weiss_bench_job *job, const weiss_transport *transport)
{
    weiss_bench_plan plan = job->plan;
    for (int t = 0; t < WEISS_BENCH_TESTS; t++)
        plan.test[t] = plan.test[t] && (!transport->raw || weiss_bench_table[t].raw);
    return job->samples * weiss_bench_plan_count(&plan);
}

void weiss_bench_rows_free(weiss_bench_job *job)
{
    for (int c = 0; c < job->ncolumns; c++) {
        for (int r = 0; job->column[c].row != NULL && r < job->nrows; r++) {
            free(job->column[c].row[r].us);
            free(job->column[c].row[r].cpu);
        }
        free(job->column[c].row);
        job->column[c].row = NULL;
    }
}

static bool add_sample(weiss_bench_row *row, double us, double cpu)
{
    if (row->n == row->capacity) {
        size_t capacity = 2 * row->capacity + 8;
        double *more_us = realloc(row->us, capacity * sizeof *more_us);
        row->us = more_us != NULL ? more_us : row->us;
        double *more_cpu = realloc(row->cpu, capacity * sizeof *more_cpu);
        row->cpu = more_cpu != NULL ? more_cpu : row->cpu;
        if (more_us == NULL || more_cpu == NULL)
            return false;
        row->capacity = capacity;
    }
    row->us[row->n] = us;
    row->cpu[row->n++] = cpu;
    return true;
}

bool weiss_bench_take_line(const weiss_bench_job *job, weiss_bench_column *column, const char *line)
{
    char name[32];
    size_t bytes;
    double us, cpu;
    int end = 0;
    if (sscanf(line, "sample %31s %zu %lf %lf%n", name, &bytes, &us, &cpu, &end) != 4 || line[end] != '\0' ||
        !(us > 0.0 && us < 1e12) || !(cpu >= 0.0 && cpu < 1e6))
        return false;
    weiss_bench_test test = weiss_bench_find(name);
    for (int r = 0; r < job->nrows; r++)
        if (column->row[r].test == test && column->row[r].bytes == bytes)
            return add_sample(&column->row[r], us, cpu);
    return false;
}

void weiss_bench_rows_close(weiss_bench_job *job)
{
    for (int c = 0; c < job->ncolumns; c++)
        for (int r = 0; r < job->nrows; r++) {
            weiss_bench_row *row = &job->column[c].row[r];
            row->time = weiss_summarise(row->us, row->n);
            row->cpu_percent = weiss_summarise(row->cpu, row->n).median;
        }
}

double weiss_bench_bandwidth(const weiss_bench_row *row, double us)
{
    return (double)row->bytes * weiss_bench_table[row->test].directions / us;
}

static void write_csv(FILE *to, const void *data)
{
    const weiss_bench_job *job = data;
    fputs("test,transport,bytes,median_us,min_us,max_us,MB_per_s,cpu_percent\n", to);
    for (int r = 0; r < job->nrows; r++)
        for (int c = 0; c < job->ncolumns; c++) {
            const weiss_bench_row *row = &job->column[c].row[r];
            if (row->n > 0)
                fprintf(to, "%s,%s,%zu,%.6g,%.6g,%.6g,%.6g,%.4g\n", weiss_bench_table[row->test].name,
                        job->column[c].transport->name, row->bytes, row->time.median, row->time.min,
                        row->time.max, weiss_bench_bandwidth(row, row->time.median), row->cpu_percent);
        }
}

int weiss_bench_write_csv(const weiss_bench_job *job, const char *path, weiss_fault *fault)
{
    return weiss_replace_file(path, write_csv, job, fault);
}
