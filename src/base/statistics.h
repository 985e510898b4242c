/* What is said of repeated measurements. */
#ifndef WEISS_BASE_STATISTICS_H
#define WEISS_BASE_STATISTICS_H

#include <stddef.h>

typedef struct weiss_summary {
    size_t n;
    double median; /**< mean of the two in the middle when n is even; NAN when n is 0, as the others */
    double min, max;
} weiss_summary;

/** Summarises @p n values, which it sorts. None may be NAN. */
weiss_summary weiss_summarise(double *values, size_t n);
/** Half of the distance from the smallest to the largest, relative to the median. */
double weiss_summary_spread(const weiss_summary *summary);

#endif
