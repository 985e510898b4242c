#include "output/chart.h"

#include "output/axis.h"
#include "output/svg.h"

#include <math.h>
#include <string.h>

#define WIDTH 860.0
#define LEFT 86.0
#define RIGHT 152.0
#define TOP 62.0
#define PANEL_HEIGHT 270.0
#define GAP 34.0
#define BOTTOM 62.0
#define MOST_GROUPS 500 /* of rows, each drawn with up to four points */

#define INK "#1f2933"
#define SOFT_INK "#52606d"
#define GRID "#e4e7eb"
#define FRAME "#9aa5b1"

/* Where a panel is drawn. */
typedef struct place {
    double left, right, top, bottom;
    weiss_axis x, y;
} place;

static double value_at(const weiss_chart *chart, const weiss_chart_line *line, size_t row)
{
    return line->column >= 0 ? weiss_series_at(chart->series, row, line->column) : line->value[row];
}

static double x_of(const place *p, double value)
{
    return p->left + (p->right - p->left) * weiss_axis_place(&p->x, value);
}

static double y_of(const place *p, double value)
{
    return p->bottom - (p->bottom - p->top) * weiss_axis_place(&p->y, value);
}

static weiss_axis fit_values(const weiss_chart *chart, const weiss_chart_panel *panel)
{
    double low = INFINITY, high = -INFINITY;
    for (int l = 0; l < panel->nlines; l++)
        for (size_t i = 0; i < chart->series->nrows; i++) {
            double y = value_at(chart, &panel->line[l], i);
            if (!isfinite(y))
                continue;
            low = fmin(low, y);
            high = fmax(high, y);
        }
    return weiss_axis_fit(low, high, panel->unit, 6, 0.05);
}

static void draw_vertical_axis(const place *p, const weiss_chart_panel *panel, FILE *to)
{
    char text[128];
    const weiss_svg_font tick = {.size = 13, .anchor = WEISS_ANCHOR_END, .colour = SOFT_INK};
    const weiss_svg_font name = {.size = 14, .anchor = WEISS_ANCHOR_MIDDLE, .colour = INK, .turned = 90};
    for (int i = 0; i < p->y.nticks; i++) {
        double value = weiss_axis_tick(&p->y, i), y = y_of(p, value);
        bool zero = fabs(value) < 1e-9 * p->y.step;
        weiss_svg_line(to, p->left, y, p->right, y, zero ? FRAME : GRID, 1, NULL);
        weiss_svg_text(to, p->left - 9, y + 4.5, &tick, weiss_axis_label(&p->y, i, 1, text, sizeof text));
    }
    snprintf(text, sizeof text, p->y.unit[0] != '\0' ? "%s (%s)" : "%s", panel->label, p->y.unit);
    weiss_svg_text(to, p->left - 60, (p->top + p->bottom) / 2, &name, text);
}

static void draw_horizontal_axis(const place *p, const weiss_chart *chart, bool labels, FILE *to)
{
    char text[128];
    const weiss_svg_font tick = {.size = 13, .anchor = WEISS_ANCHOR_MIDDLE, .colour = SOFT_INK};
    const weiss_svg_font name = {.size = 14, .anchor = WEISS_ANCHOR_MIDDLE, .colour = INK};
    for (int i = 0; i < p->x.nticks; i++) {
        double x = x_of(p, weiss_axis_tick(&p->x, i));
        weiss_svg_line(to, x, p->top, x, p->bottom, GRID, 1, NULL);
        weiss_svg_line(to, x, p->bottom, x, p->bottom + 5, FRAME, 1, NULL);
        if (labels)
            weiss_svg_text(to, x, p->bottom + 21, &tick, weiss_axis_label(&p->x, i, 1, text, sizeof text));
    }
    if (!labels)
        return;
    snprintf(text, sizeof text, p->x.unit[0] != '\0' ? "%s (%s)" : "%s", chart->abscissa->label, p->x.unit);
    weiss_svg_text(to, (p->left + p->right) / 2, p->bottom + 45, &name, text);
}

/* A dashed line where a stage ends and the next begins. */
static void draw_stages(const place *p, const weiss_chart *chart, FILE *to)
{
    int column = weiss_series_column(chart->series, "stage");
    if (column < 0 || chart->abscissa->kind == WEISS_AGAINST_FIELD)
        return;
    int drawn = 0;
    for (size_t i = 1; i < chart->series->nrows && drawn < 50; i++)
        if (weiss_series_at(chart->series, i, column) != weiss_series_at(chart->series, i - 1, column)) {
            double x = x_of(p, chart->abscissa->value[i]);
            weiss_svg_line(to, x, p->top, x, p->bottom, FRAME, 1, "3 3");
            drawn++;
        }
}

typedef struct path {
    FILE *to;
    const place *place;
    const weiss_chart *chart;
    const weiss_chart_line *line;
    bool open; /* the next point continues the curve */
} path;

static void add_point(path *q, size_t row)
{
    double x = q->chart->abscissa->value[row], y = value_at(q->chart, q->line, row);
    if (!isfinite(x) || !isfinite(y)) {
        q->open = false;
        return;
    }
    fprintf(q->to, "%s%.1f %.1f", q->open ? " " : "M", x_of(q->place, x), y_of(q->place, y));
    q->open = true;
}

/* First, lowest, highest and last of the rows begin .. end - 1, in their order and each once. */
static void add_group(path *q, size_t begin, size_t end)
{
    size_t lowest = begin, highest = begin;
    for (size_t i = begin; i < end; i++) {
        double y = value_at(q->chart, q->line, i);
        if (y < value_at(q->chart, q->line, lowest))
            lowest = i;
        if (y > value_at(q->chart, q->line, highest))
            highest = i;
    }
    size_t order[4] = {begin, lowest < highest ? lowest : highest, lowest < highest ? highest : lowest,
                       end - 1};
    for (int k = 0; k < 4; k++)
        if (k == 0 || order[k] != order[k - 1])
            add_point(q, order[k]);
}

static void draw_line(const place *p, const weiss_chart *chart, const weiss_chart_line *line, FILE *to)
{
    size_t nrows = chart->series->nrows, group = nrows <= 4 * MOST_GROUPS ? 1 : (nrows - 1) / MOST_GROUPS + 1;
    path q = {.to = to, .place = p, .chart = chart, .line = line};
    fprintf(to,
            "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%g\" stroke-linejoin=\"round\" "
            "stroke-linecap=\"round\" "
            "d=\"",
            line->colour, line->width);
    for (size_t i = 0; i < nrows; i += group)
        add_group(&q, i, i + group < nrows ? i + group : nrows);
    fputs("\"/>\n", to);
    if (nrows > 0 && nrows <= 2) /* a curve of one point would not be seen */
        for (size_t i = 0; i < nrows; i++)
            if (isfinite(value_at(chart, line, i)))
                fprintf(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n",
                        x_of(p, chart->abscissa->value[i]), y_of(p, value_at(chart, line, i)), line->colour);
}

static void draw_legend(const place *p, const weiss_chart_panel *panel, FILE *to)
{
    const weiss_svg_font font = {.size = 14, .anchor = WEISS_ANCHOR_START, .colour = INK};
    for (int l = 0; l < panel->nlines; l++) {
        double y = p->top + 12 + 23 * l;
        weiss_svg_line(to, p->right + 16, y, p->right + 40, y, panel->line[l].colour,
                       panel->line[l].width + 0.6, NULL);
        weiss_svg_text(to, p->right + 48, y + 5, &font, panel->line[l].label);
    }
}

static void draw_panel(const weiss_chart *chart, int number, FILE *to)
{
    const weiss_chart_panel *panel = &chart->panel[number];
    const weiss_abscissa *a = chart->abscissa;
    double top = TOP + number * (PANEL_HEIGHT + GAP), margin = a->kind == WEISS_AGAINST_FIELD ? 0.03 : 0.0;
    place p = {.left = LEFT, .right = WIDTH - RIGHT, .top = top, .bottom = top + PANEL_HEIGHT};
    p.x = weiss_axis_fit(a->low, a->high, a->unit, 9, margin);
    p.y = fit_values(chart, panel);
    fputs("<g>\n", to);
    draw_vertical_axis(&p, panel, to);
    draw_horizontal_axis(&p, chart, number == chart->npanels - 1, to);
    draw_stages(&p, chart, to);
    fprintf(to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" stroke=\"%s\"/>\n",
            p.left, p.top, p.right - p.left, p.bottom - p.top, FRAME);
    for (int l = panel->nlines - 1; l >= 0; l--) /* the first on top */
        draw_line(&p, chart, &panel->line[l], to);
    draw_legend(&p, panel, to);
    fputs("</g>\n", to);
}

/* The title as it fits above the panels: cut between characters, and without the marks of subscripts. */
static void shorten(const char *title, char *shown, size_t size)
{
    snprintf(shown, size, "%s", title);
    size_t length = strlen(shown);
    if (title[length] != '\0')
        while (length > 0 && ((unsigned char)title[length] & 0xc0) == 0x80) /* inside a character of UTF-8 */
            length--;
    shown[length] = '\0';
    for (char *c = shown; *c != '\0'; c++)
        if (*c == '_')
            *c = ' ';
}

void weiss_chart_write(const weiss_chart *chart, FILE *to)
{
    double height = TOP + chart->npanels * (PANEL_HEIGHT + GAP) - GAP + BOTTOM;
    const weiss_svg_font title = {.size = 19, .anchor = WEISS_ANCHOR_START, .colour = INK, .bold = 1};
    char shown[72];
    weiss_svg_begin(to, WIDTH, height, chart->title);
    shorten(chart->title, shown, sizeof shown);
    weiss_svg_text(to, LEFT, 38, &title, shown);
    for (int i = 0; i < chart->npanels; i++)
        draw_panel(chart, i, to);
    weiss_svg_end(to);
}
