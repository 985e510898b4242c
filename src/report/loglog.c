#include "report/loglog.h"

#include "output/svg.h"

#include <math.h>

#define WIDTH 884.0
#define HEIGHT 560.0
#define LEFT 108.0
#define RIGHT 196.0
#define TOP 62.0
#define BOTTOM 66.0

#define INK "#1f2933"
#define SOFT_INK "#52606d"
#define GRID "#e4e7eb"
#define FAINT_GRID "#f1f3f5"
#define FRAME "#9aa5b1"

/** Where the chart is drawn; logarithms to base 2 and 10 of what the edges mean. */
typedef struct place {
    double x_low, x_high, y_low, y_high;
} place;

static double x_of(const place *p, double bytes)
{
    return LEFT + (WIDTH - RIGHT - LEFT) * (log2(bytes) - p->x_low) / (p->x_high - p->x_low);
}

static double y_of(const place *p, double value)
{
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (log10(value) - p->y_low) / (p->y_high - p->y_low);
}

/** A range that holds all lines with a little room, and at least a factor of four vertically. A band may leave it: one
 *  outlier would press all lines together. */
static place fit(const weiss_loglog *chart)
{
    place p = {INFINITY, -INFINITY, INFINITY, -INFINITY};
    double lowest = INFINITY, highest = -INFINITY;
    for (size_t l = 0; l < chart->nlines; l++)
        for (size_t i = 0; i < chart->line[l].n; i++) {
            p.x_low = fmin(p.x_low, log2(chart->line[l].x[i]));
            p.x_high = fmax(p.x_high, log2(chart->line[l].x[i]));
            p.y_low = fmin(p.y_low, log10(chart->line[l].y[i]));
            p.y_high = fmax(p.y_high, log10(chart->line[l].y[i]));
            lowest = fmin(lowest, log10(chart->line[l].low[i]));
            highest = fmax(highest, log10(chart->line[l].high[i]));
        }
    if (!(p.x_low <= p.x_high))
        p = (place){2, 22, -6, -3};
    p.y_low = fmax(fmin(lowest, p.y_low), p.y_low - 0.3);
    p.y_high = fmin(fmax(highest, p.y_high), p.y_high + 0.3);
    double narrow = fmax(0.0, 1.0 - (p.x_high - p.x_low)), flat = fmax(0.0, 0.6 - (p.y_high - p.y_low));
    p.x_low -= 0.25 + narrow / 2;
    p.x_high += 0.25 + narrow / 2;
    p.y_low -= 0.08 + flat / 2;
    p.y_high += 0.08 + flat / 2;
    return p;
}

/** "10 µs", "1 GB/s". */
static const char *value_text(double value, const char *unit, char *out, size_t size)
{
    static const char *const prefix[] = {"p", "n", "µ", "m", "", "k", "M", "G", "T"};
    int group = unit[0] != '\0' ? (int)floor(log10(value) / 3.0 + 1e-9) : 0;
    group = group < -4 ? -4 : group > 4 ? 4 : group;
    snprintf(out, size, "%.3g%s%s%s", value / pow(1000.0, group), unit[0] != '\0' ? " " : "",
             prefix[group + 4], unit);
    return out;
}

/** "64 B", "4 KiB". */
static const char *bytes_text(int exponent, char *out, size_t size)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB"};
    int group = exponent / 10 < 3 ? exponent / 10 : 3;
    snprintf(out, size, "%d %s", 1 << (exponent - 10 * group), unit[group]);
    return out;
}

static void draw_value_tick(const place *p, const weiss_loglog *chart, double value, bool labelled, FILE *to)
{
    char text[32];
    const weiss_svg_font font = {.size = 13, .anchor = WEISS_ANCHOR_END, .colour = SOFT_INK};
    if (log10(value) < p->y_low || log10(value) > p->y_high)
        return;
    double y = y_of(p, value);
    weiss_svg_line(to, LEFT, y, WIDTH - RIGHT, y, labelled ? GRID : FAINT_GRID, 1, NULL);
    if (labelled)
        weiss_svg_text(to, LEFT - 9, y + 4.5, &font, value_text(value, chart->unit, text, sizeof text));
}

/** Decades have labels; where few fit in, twice and five times a decade too. */
static void draw_values(const place *p, const weiss_loglog *chart, FILE *to)
{
    const weiss_svg_font name = {.size = 14, .anchor = WEISS_ANCHOR_MIDDLE, .colour = INK, .turned = 90};
    bool few = p->y_high - p->y_low < 2.2;
    for (int pass = 0; pass < 2; pass++) /* faint lines first, so that the others lie over them */
        for (int decade = (int)floor(p->y_low); decade <= (int)ceil(p->y_high); decade++)
            for (int m = 1; m < 10; m++) {
                bool labelled = m == 1 || (few && (m == 2 || m == 5));
                if (labelled == (pass == 1))
                    draw_value_tick(p, chart, m * pow(10.0, decade), labelled, to);
            }
    weiss_svg_text(to, LEFT - 84, (TOP + HEIGHT - BOTTOM) / 2, &name, chart->label);
}

static void draw_sizes(const place *p, bool ranks, FILE *to)
{
    char text[32];
    const weiss_svg_font font = {.size = 13, .anchor = WEISS_ANCHOR_MIDDLE, .colour = SOFT_INK};
    const weiss_svg_font name = {.size = 14, .anchor = WEISS_ANCHOR_MIDDLE, .colour = INK};
    double bottom = HEIGHT - BOTTOM;
    int step = ranks ? 1 : p->x_high - p->x_low > 10 ? 4 : p->x_high - p->x_low > 5 ? 2 : 1;
    for (int e = 0; e <= 30; e++) {
        if (e < p->x_low || e > p->x_high || (e - 2) % step != 0) /* 4 B, 64 B, 1 KiB, ... */
            continue;
        double x = x_of(p, ldexp(1.0, e));
        weiss_svg_line(to, x, TOP, x, bottom, GRID, 1, NULL);
        weiss_svg_line(to, x, bottom, x, bottom + 5, FRAME, 1, NULL);
        if (ranks)
            snprintf(text, sizeof text, "%d", 1 << e);
        else
            bytes_text(e, text, sizeof text);
        weiss_svg_text(to, x, bottom + 21, &font, text);
    }
    weiss_svg_text(to, (LEFT + WIDTH - RIGHT) / 2, bottom + 48, &name, ranks ? "Ranks" : "Message size");
}

/** The frame, and the same as what bands are cut at. */
static void draw_frame(FILE *to)
{
    for (int pass = 0; pass < 2; pass++)
        fprintf(to, "%s<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"none\" stroke=\"%s\"/>%s\n",
                pass == 0 ? "<clipPath id=\"frame\">" : "", LEFT, TOP, WIDTH - RIGHT - LEFT,
                HEIGHT - BOTTOM - TOP, FRAME, pass == 0 ? "</clipPath>" : "");
}

static void draw_band(const place *p, const weiss_loglog_line *line, FILE *to)
{
    fprintf(to, "<path fill=\"%s\" fill-opacity=\"0.11\" clip-path=\"url(#frame)\" d=\"", line->colour);
    for (size_t i = 0; i < line->n; i++)
        fprintf(to, "%s%.1f %.1f", i == 0 ? "M" : " ", x_of(p, line->x[i]), y_of(p, line->high[i]));
    for (size_t i = line->n; i-- > 0;)
        fprintf(to, " %.1f %.1f", x_of(p, line->x[i]), y_of(p, line->low[i]));
    fputs("Z\"/>\n", to);
}

/** One of four shapes, so that lines can be told apart without colour. */
static void draw_marker(double x, double y, size_t shape, const char *colour, FILE *to)
{
    const double r = 4.0;
    switch (shape % 4) {
    case 0:
        fprintf(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"", x, y, r);
        break;
    case 1:
        fprintf(to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", x - 0.9 * r, y - 0.9 * r,
                1.8 * r, 1.8 * r);
        break;
    case 2:
        fprintf(to, "<path d=\"M%.1f %.1f %.1f %.1f %.1f %.1fZ\"", x - 1.15 * r, y + 0.9 * r, x + 1.15 * r,
                y + 0.9 * r, x, y - 1.2 * r);
        break;
    default:
        fprintf(to, "<path d=\"M%.1f %.1f %.1f %.1f %.1f %.1f %.1f %.1fZ\"", x - 1.3 * r, y, x, y - 1.3 * r,
                x + 1.3 * r, y, x, y + 1.3 * r);
    }
    /* A thin white edge keeps crossing lines readable. */
    fprintf(to, " fill=\"%s\" stroke=\"#ffffff\" stroke-width=\"0.8\"/>\n", colour);
}

static void draw_line(const place *p, const weiss_loglog_line *line, size_t shape, FILE *to)
{
    fprintf(to, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-linejoin=\"round\" d=\"",
            line->colour);
    for (size_t i = 0; i < line->n; i++)
        fprintf(to, "%s%.1f %.1f", i == 0 ? "M" : " ", x_of(p, line->x[i]), y_of(p, line->y[i]));
    fputs("\"/>\n", to);
    for (size_t i = 0; i < line->n; i++)
        draw_marker(x_of(p, line->x[i]), y_of(p, line->y[i]), shape, line->colour, to);
}

static void draw_legend(const weiss_loglog *chart, FILE *to)
{
    const weiss_svg_font font = {.size = 14, .anchor = WEISS_ANCHOR_START, .colour = INK};
    double y = TOP + 12, x = WIDTH - RIGHT + 16;
    for (size_t l = 0; l < chart->nlines; l++) {
        if (chart->line[l].n == 0)
            continue;
        weiss_svg_line(to, x, y, x + 26, y, chart->line[l].colour, 2.4, NULL);
        draw_marker(x + 13, y, l, chart->line[l].colour, to);
        weiss_svg_text(to, x + 34, y + 5, &font, chart->line[l].label);
        y += 24;
    }
}

void weiss_loglog_write(const weiss_loglog *chart, FILE *to)
{
    const weiss_svg_font title = {.size = 19, .anchor = WEISS_ANCHOR_START, .colour = INK, .bold = 1};
    place p = fit(chart);
    weiss_svg_begin(to, WIDTH, HEIGHT, chart->title);
    weiss_svg_text(to, LEFT, 38, &title, chart->title);
    draw_values(&p, chart, to);
    draw_sizes(&p, chart->ranks, to);
    draw_frame(to);
    for (size_t l = 0; l < chart->nlines; l++)
        if (chart->line[l].n > 0)
            draw_band(&p, &chart->line[l], to);
    for (size_t l = chart->nlines; l-- > 0;) /* the first on top */
        if (chart->line[l].n > 0)
            draw_line(&p, &chart->line[l], l, to);
    draw_legend(chart, to);
    weiss_svg_end(to);
}
