/* The rows of a table.csv in memory, for curves. */
#ifndef WEISS_OUTPUT_SERIES_H
#define WEISS_OUTPUT_SERIES_H

#include "base/context.h"

typedef struct weiss_series {
    size_t nrows, ncolumns;
    char **name; /**< ncolumns, as in the header: "t (s)"; owned */
    double *value; /**< nrows * ncolumns, row by row; owned */
} weiss_series;

/** Reads a table. A last line without its end (of a run that still writes) is left out. Local.
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_SYNTAX (file and line of a row that does not fit), WEISS_ERR_MEMORY */
int weiss_series_read(weiss_context *ctx, const char *path, weiss_series **out);
/** Accepts NULL. */
void weiss_series_destroy(weiss_series *series);

/** Index of the column of that name, -1 when there is none. */
int weiss_series_column(const weiss_series *series, const char *name);

static inline double weiss_series_at(const weiss_series *series, size_t row, int column)
{
    return series->value[row * series->ncolumns + (size_t)column];
}

/** Smallest and largest value of a column, NaN and infinities left out; both 0 when there are none. */
void weiss_series_range(const weiss_series *series, int column, double *low, double *high);

#endif
