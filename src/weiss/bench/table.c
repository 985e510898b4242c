/* The result for people: one table a test, sizes downwards, transports to the right. */
#include "weiss/bench/bench.h"

#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_WIDTH 9
#define CELL_WIDTH 25

/** Four digits, without an exponent. */
static char *number(double value, char *out, size_t size)
{
    int decimals = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
    snprintf(out, size, "%.*f", decimals, value);
    return out;
}

/** What is shown of a row, in the unit of its test. */
static double shown_value(const weiss_bench_row *row)
{
    switch (weiss_bench_table[row->test].show) {
    case WEISS_BENCH_BYTES:
        return weiss_bench_bandwidth(row, row->time.median);
    case WEISS_BENCH_MESSAGES:
        return 1.0 / row->time.median;
    default:
        return row->time.median;
    }
}

/** "  0.1234 ±12%    1.03x", blank where there is no ratio. */
static void print_cell(const weiss_bench_row *row, const weiss_bench_row *reference, FILE *to)
{
    char value[32], ratio[32] = "";
    if (row->n == 0) {
        fprintf(to, "%*s", CELL_WIDTH, "-       ");
        return;
    }
    double shown = shown_value(row);
    if (reference != row && reference->n > 0) {
        double x = shown / shown_value(reference);
        snprintf(ratio, sizeof ratio, x < 0.1 ? "%.2gx" : x < 10 ? "%.2fx" : "%.0fx", x);
    }
    fprintf(to, "%10s ±%3.0f%% %8s ", number(shown, value, sizeof value),
            fmin(999, 100.0 * weiss_summary_spread(&row->time)), ratio);
}

/** The columns that have something to show in rows @p first to @p last - 1. @return their number */
static int columns_with_rows(const weiss_bench_job *job, int first, int last, int out[WEISS_TRANSPORTS_MAX])
{
    int n = 0;
    for (int c = 0; c < job->ncolumns; c++)
        for (int r = first; r < last; r++)
            if (job->column[c].row[r].n > 0) {
                out[n++] = c;
                break;
            }
    return n;
}

/** Rows @p first to @p last - 1 of some columns; the first of all columns is what the others are compared with. */
static void print_block(const weiss_bench_job *job, int first, int last, const int *column, int n,
                        int reference, FILE *to)
{
    char size[32];
    fprintf(to, "%*s", FIRST_WIDTH, "");
    for (int k = 0; k < n; k++)
        fprintf(to, "%*s%*s", 16, job->column[column[k]].transport->name, CELL_WIDTH - 16, "");
    fputc('\n', to);
    for (int r = first; r < last; r++) {
        size_t bytes = job->column[reference].row[r].bytes;
        fprintf(to, "%*s", FIRST_WIDTH, bytes > 0 ? weiss_bench_size_text(bytes, size, sizeof size) : "");
        for (int k = 0; k < n; k++)
            print_cell(&job->column[column[k]].row[r], &job->column[reference].row[r], to);
        fputc('\n', to);
    }
}

static void print_test(const weiss_bench_job *job, int first, int last, const int *column, int n, int across,
                       FILE *to)
{
    static const char *const unit[] = {"us", "MB/s", "million a second"};
    const weiss_bench_facts *facts = &weiss_bench_table[job->column[column[0]].row[first].test];
    fprintf(to, "\n%s (%s), %s", facts->name, facts->meaning, unit[facts->show]);
    if (n > 1)
        fprintf(to, "; and how many times that of %s", job->column[column[0]].transport->name);
    fputc('\n', to);
    for (int k = 0; k < n; k += across)
        print_block(job, first, last, column + k, n - k < across ? n - k : across, column[0], to);
}

/** CPU time that a rank takes while it waits for a message. */
static void print_waiting(const weiss_bench_job *job, int row, const int *column, int n, FILE *to)
{
    fprintf(to, "\nCPU time of a rank that waits for a message\n");
    for (int k = 0; k < n; k++)
        fprintf(to, "%*s %6.1f %% of a core\n", FIRST_WIDTH + 10, job->column[column[k]].transport->name,
                job->column[column[k]].row[row].cpu_percent);
}

static int columns_across(void)
{
    struct winsize size = {.ws_col = 110};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    int across = (size.ws_col - FIRST_WIDTH) / CELL_WIDTH;
    return across < 1 ? 1 : across;
}

static void print_reasons(const weiss_bench_job *job, FILE *to)
{
    fputc('\n', to);
    for (int c = 0; c < job->ncolumns; c++)
        if (job->column[c].skipped[0] != '\0')
            fprintf(to, "skipped: %s: %s\n", job->column[c].transport->name, job->column[c].skipped);
        else if (job->column[c].failed)
            fprintf(to, "failed: %s; what it measured before is shown\n", job->column[c].transport->name);
}

void weiss_bench_print(const weiss_bench_job *job, FILE *to)
{
    int across = columns_across();
    const weiss_bench_row *row = job->column[0].row;
    if (job->lab != NULL)
        fprintf(to, "%d virtual machines%s; ", job->vms,
                weiss_lab_emulated(job->lab) ? ", emulated: times mean nothing but ratios" : "");
    fprintf(to, "%d ranks, %d %s of %d %s; medians, ± half of the range\n", job->ranks, job->rounds,
            job->rounds == 1 ? "round" : "rounds", job->samples, job->samples == 1 ? "sample" : "samples");
    for (int first = 0, last; first < job->nrows; first = last) {
        int column[WEISS_TRANSPORTS_MAX];
        for (last = first; last < job->nrows && row[last].test == row[first].test; last++)
            continue;
        int n = columns_with_rows(job, first, last, column);
        if (n > 0)
            print_test(job, first, last, column, n, across, to);
        if (n > 0 && row[first].test == WEISS_BENCH_WAIT)
            print_waiting(job, first, column, n, to);
    }
    print_reasons(job, to);
}
