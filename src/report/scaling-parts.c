/* Where the time of a scaling measurement went, as a table and as bars. */
#include "report/scaling-parts.h"

#include "base/replace.h"

#include <math.h>

/** Geometry of the picture, pixels. */
#define LEFT 190
#define WIDTH 480
#define ROW 26
#define TOP 62

static const struct {
    const char *name, *colour;
} parts[WEISS_SCALING_PARTS] = {
    {"computing", "#1f2933"},       {"inside machines", "#56b4e9"}, {"between machines", "#0072b2"},
    {"between servers", "#cc79a7"}, {"waiting", "#e69f00"},
};

const char *weiss_scaling_part_name(weiss_scaling_part part)
{
    return parts[part].name;
}

const char *weiss_scaling_part_colour(weiss_scaling_part part)
{
    return parts[part].colour;
}

bool weiss_scaling_has_parts(const weiss_scaling *scaling)
{
    for (int i = 0; i < scaling->n; i++)
        if (scaling->point[i].part[WEISS_SCALING_COMPUTE].n > 0)
            return true;
    return false;
}

static double sum_of(const weiss_scaling_point *point)
{
    double sum = 0.0;
    for (int k = 0; k < WEISS_SCALING_PARTS; k++)
        sum += point->part[k].n > 0 ? point->part[k].median : 0.0;
    return sum;
}

static void print_point(const weiss_scaling_point *point, FILE *to)
{
    double sum = sum_of(point);
    if (point->part[WEISS_SCALING_COMPUTE].n == 0)
        return;
    fprintf(to, "%7d", point->ranks);
    for (int k = 0; k < WEISS_SCALING_PARTS; k++) {
        if (point->part[k].n > 0)
            fprintf(to, " %9.3g s %3.0f %%", point->part[k].median,
                    sum > 0.0 ? 100.0 * point->part[k].median / sum : 0.0);
        else
            fprintf(to, " %17s", "-");
    }
    fputc('\n', to);
}

void weiss_scaling_print_parts(const weiss_scaling *series, int nseries, FILE *to)
{
    for (int s = 0; s < nseries; s++) {
        if (!weiss_scaling_has_parts(&series[s]))
            continue;
        fprintf(to, "\n%s: where the time went, mean of the ranks\n%7s", series[s].label, "ranks");
        for (int k = 0; k < WEISS_SCALING_PARTS; k++)
            fprintf(to, " %17s", parts[k].name);
        fputc('\n', to);
        for (int i = 0; i < series[s].n; i++)
            print_point(&series[s].point[i], to);
    }
}

/** What is drawn. */
typedef struct drawing {
    const weiss_scaling *series;
    int n;
    double longest; /**< bar, s */
    int rows;
} drawing;

static void draw_legend(FILE *to)
{
    int x = 24;
    for (int k = 0; k < WEISS_SCALING_PARTS; k++) {
        fprintf(to,
                "<rect x=\"%d\" y=\"36\" width=\"10\" height=\"10\" fill=\"%s\"/>"
                "<text x=\"%d\" y=\"45\">%s</text>\n",
                x, parts[k].colour, x + 14, parts[k].name);
        x += 142;
    }
}

static void draw_bar(const weiss_scaling *scaling, const weiss_scaling_point *point, double longest, int y,
                     FILE *to)
{
    double x = LEFT;
    fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s, %d rank%s</text>\n", LEFT - 8, y + 14,
            scaling->label, point->ranks, point->ranks > 1 ? "s" : "");
    for (int k = 0; k < WEISS_SCALING_PARTS; k++) {
        double width = point->part[k].n > 0 ? WIDTH * point->part[k].median / longest : 0.0;
        if (width > 0.0)
            fprintf(to, "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"18\" fill=\"%s\"/>\n", x, y, width,
                    parts[k].colour);
        x += width;
    }
    fprintf(to, "<text x=\"%.2f\" y=\"%d\">%.3g s</text>\n", x + 6, y + 14, sum_of(point));
}

static void write_bars(FILE *to, const void *data)
{
    const drawing *d = data;
    int y = TOP;
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
            "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
            "<text x=\"%d\" y=\"22\" font-size=\"15\">Where the time went, mean of the ranks</text>\n",
            LEFT + WIDTH + 90, TOP + ROW * d->rows + 10, 24);
    draw_legend(to);
    for (int s = 0; s < d->n; s++)
        for (int i = 0; i < d->series[s].n; i++) {
            if (d->series[s].point[i].part[WEISS_SCALING_COMPUTE].n == 0)
                continue;
            draw_bar(&d->series[s], &d->series[s].point[i], d->longest, y, to);
            y += ROW;
        }
    fputs("</svg>\n", to);
}

int weiss_scaling_draw_parts(const weiss_scaling *series, int nseries, const char *path, weiss_fault *fault)
{
    drawing d = {.series = series, .n = nseries};
    for (int s = 0; s < nseries; s++)
        for (int i = 0; i < series[s].n; i++) {
            d.rows += series[s].point[i].part[WEISS_SCALING_COMPUTE].n > 0;
            d.longest = fmax(d.longest, sum_of(&series[s].point[i]));
        }
    return d.longest > 0.0 ? weiss_replace_file(path, write_bars, &d, fault) : 0;
}
