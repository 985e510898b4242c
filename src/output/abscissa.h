/* What the curves of a run are drawn against: time, the applied field of a hysteresis loop, or the steps. */
#ifndef WEISS_OUTPUT_ABSCISSA_H
#define WEISS_OUTPUT_ABSCISSA_H

#include "output/series.h"

typedef enum weiss_abscissa_kind {
    WEISS_AGAINST_TIME,
    WEISS_AGAINST_FIELD,
    WEISS_AGAINST_STEPS
} weiss_abscissa_kind;

typedef struct weiss_abscissa {
    weiss_abscissa_kind kind;
    double *value; /**< one per row, SI; owned */
    double low, high; /**< range of the values */
    char label[80]; /**< "Time", "Applied field along (0, 0.6, 0.8)" */
    const char *unit; /**< "s", "T" or "" */
    double direction[3]; /**< AGAINST_FIELD: unit vector along which the field changes */
    int axis; /**< AGAINST_FIELD: 0, 1, 2 when that is x, y or z; -1 otherwise */
} weiss_abscissa;

/** Time when it changes; else the field mu0 H along the direction in which it changes most; else the steps. Local.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_VALUE when the table lacks the columns t, mx, my, mz or steps */
int weiss_abscissa_choose(weiss_context *ctx, const weiss_series *series, weiss_abscissa *out);
void weiss_abscissa_free(weiss_abscissa *abscissa);

#endif
