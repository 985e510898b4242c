/* Pictures of a scaling measurement. */
#include "base/replace.h"
#include "report/loglog.h"
#include "report/scaling-parts.h"

#include <math.h>
#include <stdlib.h>

/** Points of a line: ranks, value, lowest and highest value. */
typedef struct points {
    double x[WEISS_SCALING_POINTS_MAX], y[WEISS_SCALING_POINTS_MAX], low[WEISS_SCALING_POINTS_MAX],
        high[WEISS_SCALING_POINTS_MAX];
} points;

static void begin_line(weiss_loglog_line *line, const points *p, const char *label, const char *colour)
{
    *line = (weiss_loglog_line){
        .label = label, .colour = colour, .x = p->x, .y = p->y, .low = p->low, .high = p->high};
}

static void add_point(weiss_loglog_line *line, points *p, int ranks, double y, double low, double high)
{
    size_t i = line->n++;
    p->x[i] = ranks;
    p->y[i] = y;
    p->low[i] = low;
    p->high[i] = high;
}

static void fill_line(const weiss_scaling *scaling, bool speedup, weiss_loglog_line *line, points *p)
{
    begin_line(line, p, scaling->label, scaling->colour);
    for (int i = 0; i < scaling->n; i++) {
        const weiss_summary *t = &scaling->point[i].seconds;
        double s = weiss_scaling_speedup(scaling, i);
        if (t->n > 0 && speedup && isfinite(s))
            add_point(line, p, scaling->point[i].ranks, s, s * t->median / t->max, s * t->median / t->min);
        else if (t->n > 0 && !speedup)
            add_point(line, p, scaling->point[i].ranks, t->median, t->min, t->max);
    }
}

/** What a job without communication and serial parts would do. */
static void fill_ideal(const weiss_scaling *scaling, bool speedup, weiss_loglog_line *line, points *p)
{
    const weiss_summary *first = &scaling->point[0].seconds;
    begin_line(line, p, "ideal", "#9aa5b1");
    for (int i = 0; i < scaling->n && first->n > 0; i++) {
        double ratio = (double)scaling->point[i].ranks / scaling->point[0].ranks;
        double y = speedup ? ratio : scaling->weak ? first->median : first->median / ratio;
        add_point(line, p, scaling->point[i].ranks, y, y, y);
    }
}

static void write_chart(FILE *to, const void *data)
{
    weiss_loglog_write(data, to);
}

static int draw(const weiss_scaling *series, int nseries, bool speedup, const char *directory,
                weiss_fault *fault)
{
    char path[4096];
    weiss_loglog_line *line = calloc((size_t)nseries + 1, sizeof *line);
    points *p = calloc((size_t)nseries + 1, sizeof *p);
    int code = line == NULL || p == NULL ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory") : 0;
    if (code == 0) {
        for (int s = 0; s < nseries; s++)
            fill_line(&series[s], speedup, &line[s], &p[s]);
        fill_ideal(&series[0], speedup, &line[nseries], &p[nseries]);
        const weiss_loglog chart = {.title = speedup ? "Speedup" : "Elapsed time",
                                    .label = speedup ? "Speedup" : "Time",
                                    .unit = speedup ? "" : "s",
                                    .ranks = true,
                                    .line = line,
                                    .nlines = (size_t)nseries + 1};
        snprintf(path, sizeof path, "%s/%s.svg", directory, speedup ? "speedup" : "time");
        code = weiss_replace_file(path, write_chart, &chart, fault);
    }
    free(p);
    free(line);
    return code;
}

int weiss_scaling_draw(const weiss_scaling *series, int nseries, const char *directory, weiss_fault *fault)
{
    char path[4096];
    if (nseries == 0)
        return 0;
    snprintf(path, sizeof path, "%s/split.svg", directory);
    WEISS_FAULT_TRY(draw(series, nseries, false, directory, fault));
    WEISS_FAULT_TRY(draw(series, nseries, true, directory, fault));
    return weiss_scaling_draw_parts(series, nseries, path, fault);
}
