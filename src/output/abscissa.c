#include "output/abscissa.h"

#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const required[] = {"t (s)", "mx", "my", "mz", "steps"};

static bool varies(const weiss_series *series, int column)
{
    double low, high;
    weiss_series_range(series, column, &low, &high);
    return high - low > 1e-9 * fmax(fabs(low), fabs(high));
}

static void copy_column(const weiss_series *series, int column, double factor, double *to)
{
    for (size_t i = 0; i < series->nrows; i++)
        to[i] = factor * weiss_series_at(series, i, column);
}

/* Direction from the field of the first row to the one that differs most from it; false when all are the same. */
static bool field_direction(const weiss_series *series, const int column[3], double direction[3])
{
    double longest = 0.0, largest = 0.0;
    for (size_t i = 0; i < series->nrows; i++) {
        double change[3], square = 0.0, size = 0.0;
        for (int k = 0; k < 3; k++) {
            double h = weiss_series_at(series, i, column[k]);
            change[k] = h - weiss_series_at(series, 0, column[k]);
            square += change[k] * change[k];
            size += h * h;
        }
        largest = fmax(largest, size);
        if (square > longest) {
            longest = square;
            memcpy(direction, change, sizeof change);
        }
    }
    if (!(longest > 1e-18 * largest) || !isfinite(longest))
        return false;
    int strongest = 0;
    for (int k = 1; k < 3; k++)
        strongest = fabs(direction[k]) > fabs(direction[strongest]) * 1.000001 ? k : strongest;
    double sign = direction[strongest] < 0.0 ? -1.0 : 1.0; /* loops often start at the highest field */
    for (int k = 0; k < 3; k++) {
        direction[k] = direction[k] * sign / sqrt(longest) + 0.0; /* + 0.0: no -0 in the label */
        direction[k] = fabs(direction[k]) < 1e-6 ? 0.0 : direction[k]; /* and no minus zero */
    }
    return true;
}

static bool choose_field(const weiss_series *series, weiss_abscissa *a)
{
    static const char *const names[3] = {"H_applied_x (A/m)", "H_applied_y (A/m)", "H_applied_z (A/m)"};
    int column[3];
    for (int k = 0; k < 3; k++)
        if ((column[k] = weiss_series_column(series, names[k])) < 0)
            return false;
    if (series->nrows == 0 || !field_direction(series, column, a->direction))
        return false;
    a->kind = WEISS_AGAINST_FIELD;
    a->unit = "T";
    a->axis = -1;
    for (int k = 0; k < 3; k++)
        if (a->direction[k] > 0.99999)
            a->axis = k;
    if (a->axis >= 0)
        snprintf(a->label, sizeof a->label, "Applied field along %c, µ₀H", "xyz"[a->axis]);
    else
        snprintf(a->label, sizeof a->label, "Applied field along (%.3g, %.3g, %.3g), µ₀H", a->direction[0],
                 a->direction[1], a->direction[2]);
    for (size_t i = 0; i < series->nrows; i++) {
        a->value[i] = 0.0;
        for (int k = 0; k < 3; k++)
            a->value[i] += WEISS_MU0 * a->direction[k] * weiss_series_at(series, i, column[k]);
    }
    return true;
}

int weiss_abscissa_choose(weiss_context *ctx, const weiss_series *series, weiss_abscissa *a)
{
    *a = (weiss_abscissa){.unit = ""};
    for (size_t k = 0; k < sizeof required / sizeof *required; k++)
        if (weiss_series_column(series, required[k]) < 0)
            return weiss_fail(ctx, WEISS_ERR_VALUE, "the table has no column \"%s\"", required[k]);
    WEISS_TRY(WEISS_NEW(ctx, a->value, series->nrows));
    int time = weiss_series_column(series, "t (s)");
    if (varies(series, time)) {
        a->kind = WEISS_AGAINST_TIME;
        a->unit = "s";
        snprintf(a->label, sizeof a->label, "Time");
        copy_column(series, time, 1.0, a->value);
    } else if (!choose_field(series, a)) {
        a->kind = WEISS_AGAINST_STEPS;
        snprintf(a->label, sizeof a->label, "Steps");
        copy_column(series, weiss_series_column(series, "steps"), 1.0, a->value);
    }
    a->low = a->high = series->nrows > 0 ? a->value[0] : 0.0;
    for (size_t i = 1; i < series->nrows; i++) {
        a->low = fmin(a->low, a->value[i]);
        a->high = fmax(a->high, a->value[i]);
    }
    return 0;
}

void weiss_abscissa_free(weiss_abscissa *abscissa)
{
    free(abscissa->value);
    abscissa->value = NULL;
}
