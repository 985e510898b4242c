/* curves.svg: the mean magnetisation and the energies of a run, drawn from its table. */
#include "base/file.h"
#include "output/chart.h"
#include "output/output.h"

#include <stdlib.h>
#include <string.h>

typedef struct curves {
    weiss_context *ctx;
    const char *title;
    char *table; /* path of table.csv */
    char *path;
} curves;

static const weiss_key keys[] = {
    {.name = "curves",
     .kind = WEISS_KIND_FLAG,
     .fallback = "on",
     .help = "Draw curves.svg: mean magnetisation and energies"},
    {0},
};

/* Okabe and Ito's colours, which people with any kind of colour vision can tell apart. */
static const char *const m_colour[3] = {"#0072b2", "#d55e00", "#009e73"};
static const char *const energy_colour[] = {"#e69f00", "#56b4e9", "#cc79a7", "#009e73", "#d55e00", "#0072b2"};

static void add_line(weiss_chart_panel *panel, const char *label, int column, const double *value,
                     const char *colour, double width)
{
    if (panel->nlines == WEISS_CHART_LINES)
        return;
    weiss_chart_line *line = &panel->line[panel->nlines++];
    *line = (weiss_chart_line){.column = column, .value = value, .colour = colour, .width = width};
    snprintf(line->label, sizeof line->label, "%s", label);
}

static void plan_magnetisation(const weiss_series *series, const double *along, weiss_chart_panel *panel)
{
    static const char *const columns[3] = {"mx", "my", "mz"}, *const labels[3] = {"m_x", "m_y", "m_z"};
    panel->label = "Mean magnetisation";
    panel->unit = "";
    if (along != NULL)
        add_line(panel, "along field", -1, along, "#1f2933", 2.4);
    for (int k = 0; k < 3; k++)
        add_line(panel, labels[k], weiss_series_column(series, columns[k]), NULL, m_colour[k], 2.0);
}

static void plan_energies(const weiss_series *series, weiss_chart_panel *panel)
{
    size_t next = 0;
    panel->label = "Energy";
    panel->unit = "J";
    for (size_t i = 0; i < series->ncolumns; i++) {
        char label[64];
        int end = 0;
        if (sscanf(series->name[i], "E_%50s (J)%n", label, &end) != 1 || end == 0)
            continue;
        bool total = strcmp(label, "total") == 0;
        double low, high;
        weiss_series_range(series, (int)i, &low, &high);
        if (!total && low == 0.0 && high == 0.0) /* a term that never acts */
            continue;
        size_t colours = sizeof energy_colour / sizeof *energy_colour;
        add_line(panel, label, (int)i, NULL, total ? "#1f2933" : energy_colour[next++ % colours],
                 total ? 2.4 : 2.0);
    }
}

/* The component of the mean magnetisation along a field that is not along an axis. */
static int component_along(weiss_context *ctx, const weiss_series *series, const weiss_abscissa *a,
                           double **out)
{
    static const char *const columns[3] = {"mx", "my", "mz"};
    *out = NULL;
    if (a->kind != WEISS_AGAINST_FIELD || a->axis >= 0)
        return 0;
    WEISS_TRY(WEISS_NEW(ctx, *out, series->nrows));
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < series->nrows; i++)
            (*out)[i] +=
                a->direction[k] * weiss_series_at(series, i, weiss_series_column(series, columns[k]));
    return 0;
}

/* Rank 0: draws the table as it is now. */
static int draw(const curves *c)
{
    int code = 0;
    weiss_series *series = NULL;
    weiss_abscissa abscissa = {0};
    double *along = NULL;
    weiss_chart_panel panel[2] = {0};
    weiss_new_file file;
    WEISS_TRY_OUT(code, weiss_series_read(c->ctx, c->table, &series));
    if (series->nrows == 0)
        goto out;
    WEISS_TRY_OUT(code, weiss_abscissa_choose(c->ctx, series, &abscissa));
    WEISS_TRY_OUT(code, component_along(c->ctx, series, &abscissa, &along));
    plan_magnetisation(series, along, &panel[0]);
    plan_energies(series, &panel[1]);
    const weiss_chart chart = {
        .title = c->title, .series = series, .abscissa = &abscissa, .panel = panel, .npanels = 2};
    WEISS_TRY_OUT(code, weiss_file_begin(c->ctx, c->path, &file));
    weiss_chart_write(&chart, file.stream);
    code = weiss_file_commit(c->ctx, &file);
out:
    free(along);
    weiss_abscissa_free(&abscissa);
    weiss_series_destroy(series);
    return code;
}

static void destroy(curves *c)
{
    free(c->table);
    free(c->path);
    free(c);
}

static int curves_open(const weiss_run_facts *facts, const weiss_value *config, void **data)
{
    weiss_context *ctx = facts->mesh->ctx;
    curves *c;
    if (!weiss_value_flag(config, "curves"))
        return 0;
    WEISS_TRY(WEISS_NEW(ctx, c, 1));
    c->ctx = ctx;
    c->title = facts->problem->title;
    int code = weiss_path_join(ctx, facts->directory, "table.csv", &c->table);
    if (code == 0)
        code = weiss_path_join(ctx, facts->directory, "curves.svg", &c->path);
    if (code != 0)
        destroy(c);
    else
        *data = c;
    return code;
}

static int curves_flush(void *data)
{
    curves *c = data;
    return weiss_rank(c->ctx) == 0 ? draw(c) : 0;
}

static int curves_close(void *data, int outcome)
{
    (void)outcome; /* the rows so far are worth seeing in any case */
    int code = curves_flush(data);
    destroy(data);
    return code;
}

const weiss_output_class weiss_curves_output = {
    .name = "curves",
    .help = "curves.svg: mean magnetisation and energies",
    .keys = keys,
    .open = curves_open,
    .flush = curves_flush,
    .close = curves_close,
};
