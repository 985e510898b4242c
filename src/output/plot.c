#include "output/plot.h"

#include "output/abscissa.h"
#include "output/axis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NCURVES 3
#define LABEL_WIDTH 6

/* A character of the plot holds 2 x 4 dots of a braille pattern, or one dot in ASCII. */
typedef struct canvas {
    const weiss_plot_style *style;
    int across, down; /* dots per character */
    unsigned char *dots; /* width * height: bits of a braille pattern; in ASCII the number of the curve + 1 */
    signed char *owner; /* width * height: curve drawn last; -1: none */
    int end_row[NCURVES]; /* where its name is put */
} canvas;

static const char *const colours[NCURVES] = {"\033[34m", "\033[31m", "\033[32m"};
static const char *const names[NCURVES] = {"mx", "my", "mz"};

static void set_dot(canvas *c, int x, int y, int curve)
{
    /* bits of the dots of a braille pattern, by column and row: dots 1 2 3 7 and 4 5 6 8 */
    static const unsigned char bit[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};
    int column = x / c->across, row = y / c->down;
    if (x < 0 || y < 0 || column >= c->style->width || row >= c->style->height)
        return;
    size_t at = (size_t)row * (size_t)c->style->width + (size_t)column;
    if (c->style->ascii)
        c->dots[at] = 1;
    else
        c->dots[at] |= bit[x % 2][y % 4];
    c->owner[at] = (signed char)curve;
}

/* Bresenham's line. */
static void draw_segment(canvas *c, int x0, int y0, int x1, int y1, int curve)
{
    int dx = abs(x1 - x0), dy = -abs(y1 - y0), sx = x0 < x1 ? 1 : -1, sy = y0 < y1 ? 1 : -1, error = dx + dy;
    for (;;) {
        set_dot(c, x0, y0, curve);
        if (x0 == x1 && y0 == y1)
            return;
        int twice = 2 * error;
        if (twice >= dy) {
            error += dy;
            x0 += sx;
        }
        if (twice <= dx) {
            error += dx;
            y0 += sy;
        }
    }
}

static void draw_curve(canvas *c, const weiss_series *series, const weiss_abscissa *a,
                       const weiss_axis *x_axis, const weiss_axis *y_axis, int curve)
{
    int column = weiss_series_column(series, names[curve]), last_x = 0, last_y = 0;
    int right = c->style->width * c->across - 1, bottom = c->style->height * c->down - 1;
    bool open = false;
    for (size_t i = 0; i < series->nrows; i++) {
        double value = weiss_series_at(series, i, column);
        if (!isfinite(value) || !isfinite(a->value[i])) {
            open = false;
            continue;
        }
        int x = (int)lround(right * weiss_axis_place(x_axis, a->value[i]));
        int y = (int)lround(bottom * (1.0 - weiss_axis_place(y_axis, value)));
        draw_segment(c, open ? last_x : x, open ? last_y : y, x, y, curve);
        last_x = x;
        last_y = y;
        open = true;
    }
    c->end_row[curve] = last_y / c->down;
}

/* Moves names that fall on one row apart. */
static void spread_names(canvas *c)
{
    for (int round = 0; round < NCURVES; round++)
        for (int k = 0; k < NCURVES; k++)
            for (int l = 0; l < k; l++)
                if (c->end_row[k] == c->end_row[l])
                    c->end_row[k] += c->end_row[k] + 1 < c->style->height ? 1 : -2;
    for (int k = 0; k < NCURVES; k++)
        c->end_row[k] = c->end_row[k] < 0 ? 0 : c->end_row[k];
}

static void print_cell(const canvas *c, size_t at, FILE *to)
{
    int owner = c->owner[at], code = 0x2800 + c->dots[at];
    if (owner < 0) {
        fputc(' ', to);
        return;
    }
    if (c->style->colour)
        fputs(colours[owner], to);
    if (c->style->ascii)
        fputc("xyz"[owner], to);
    else
        fprintf(to, "%c%c%c", 0xe0 | code >> 12, 0x80 | (code >> 6 & 0x3f), 0x80 | (code & 0x3f));
    if (c->style->colour)
        fputs("\033[0m", to);
}

static void print_names(const canvas *c, int row, FILE *to)
{
    for (int k = 0; k < NCURVES; k++)
        if (c->end_row[k] == row)
            fprintf(to, " %s%s%s", c->style->colour ? colours[k] : "", names[k],
                    c->style->colour ? "\033[0m" : "");
}

/* The label of the tick that lies in a row, if any. */
static void print_tick(const canvas *c, const weiss_axis *y_axis, int row, FILE *to)
{
    const char *bar = c->style->ascii ? "|" : "│", *mark = c->style->ascii ? "+" : "┤";
    for (int i = 0; i < y_axis->nticks; i++) {
        double place =
            (c->style->height * c->down - 1) * (1.0 - weiss_axis_place(y_axis, weiss_axis_tick(y_axis, i)));
        char text[32];
        if ((int)lround(place) / c->down != row)
            continue;
        fprintf(to, "%*s %s", LABEL_WIDTH, weiss_axis_label(y_axis, i, 0, text, sizeof text), mark);
        return;
    }
    fprintf(to, "%*s %s", LABEL_WIDTH, "", bar);
}

/* The horizontal axis: a rule, and the ticks below it as far as they have room. */
static void print_abscissa(const canvas *c, const weiss_abscissa *a, const weiss_axis *x_axis, FILE *to)
{
    int width = c->style->width;
    fprintf(to, "%*s %s", LABEL_WIDTH, "", c->style->ascii ? "+" : "└");
    for (int i = 0; i < width; i++)
        fputs(c->style->ascii ? "-" : "─", to);
    fprintf(to, "\n%*s  ", LABEL_WIDTH, "");
    int at = 0;
    for (int i = 0; i < x_axis->nticks; i++) {
        char text[32];
        int length = (int)strlen(weiss_axis_label(x_axis, i, 0, text, sizeof text));
        int start =
            (int)lround((width - 1) * weiss_axis_place(x_axis, weiss_axis_tick(x_axis, i))) - length / 2;
        start = at == 0 && start < 0 ? 0 : start;
        if (start < at + (at > 0) || start + length > width + 4)
            continue;
        fprintf(to, "%*s%s", start - at, "", text);
        at = start + length;
    }
    const char *unit = x_axis->unit, *micro = "µ";
    bool is_micro = strncmp(unit, micro, strlen(micro)) == 0;
    const char *name = a->kind == WEISS_AGAINST_TIME    ? "t"
                       : a->kind == WEISS_AGAINST_FIELD ? "mu0 H"
                                                        : "steps";
    fprintf(to, "  %s", name);
    if (unit[0] != '\0')
        fprintf(to, " (%s%s)", is_micro ? "u" : "", is_micro ? unit + strlen(micro) : unit);
    fputc('\n', to);
}

static int print_canvas(weiss_context *ctx, const canvas *c, const weiss_abscissa *a,
                        const weiss_axis *x_axis, const weiss_axis *y_axis, char **text)
{
    size_t size;
    FILE *to = open_memstream(text, &size);
    if (to == NULL)
        return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory");
    for (int row = 0; row < c->style->height; row++) {
        print_tick(c, y_axis, row, to);
        for (int column = 0; column < c->style->width; column++)
            print_cell(c, (size_t)row * (size_t)c->style->width + (size_t)column, to);
        print_names(c, row, to);
        fputc('\n', to);
    }
    print_abscissa(c, a, x_axis, to);
    return fclose(to) == 0 ? 0 : weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory");
}

/* Range of all three curves; a unit vector that comes near 1 is shown up to 1. */
static void find_range(const weiss_series *series, double *low, double *high)
{
    *low = 1.0;
    *high = -1.0;
    for (int k = 0; k < NCURVES; k++) {
        double least, most;
        weiss_series_range(series, weiss_series_column(series, names[k]), &least, &most);
        *low = fmin(*low, least);
        *high = fmax(*high, most);
    }
    *low = *low < -0.9 ? -1.0 : *low;
    *high = *high > 0.9 ? 1.0 : *high;
}

int weiss_plot_text(weiss_context *ctx, const weiss_series *series, const weiss_plot_style *style,
                    char **text)
{
    int code = 0;
    weiss_abscissa a = {0};
    canvas c = {.style = style, .across = style->ascii ? 1 : 2, .down = style->ascii ? 1 : 4};
    double low, high;
    *text = NULL;
    if (series->nrows == 0 || style->width < 10 || style->height < 3)
        return weiss_fail(ctx, WEISS_ERR_VALUE, "there is nothing to plot, or no room for it");
    size_t cells = (size_t)style->width * (size_t)style->height;
    WEISS_TRY_OUT(code, weiss_abscissa_choose(ctx, series, &a));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, c.dots, cells));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, c.owner, cells));
    memset(c.owner, -1, cells);
    find_range(series, &low, &high);
    weiss_axis x_axis = weiss_axis_fit(a.low, a.high, a.unit, style->width / 10, 0.0);
    weiss_axis y_axis = weiss_axis_fit(low, high, "", style->height / 3 + 1, 0.0);
    for (int k = 0; k < NCURVES; k++)
        draw_curve(&c, series, &a, &x_axis, &y_axis, k);
    spread_names(&c);
    code = print_canvas(ctx, &c, &a, &x_axis, &y_axis, text);
out:
    free(c.dots);
    free(c.owner);
    weiss_abscissa_free(&a);
    return code;
}
