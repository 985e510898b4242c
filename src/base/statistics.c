#include "base/statistics.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

weiss_summary weiss_summarise(double *values, size_t n)
{
    if (n == 0)
        return (weiss_summary){.median = NAN, .min = NAN, .max = NAN};
    qsort(values, n, sizeof *values, compare);
    return (weiss_summary){
        .n = n,
        .median = 0.5 * (values[(n - 1) / 2] + values[n / 2]),
        .min = values[0],
        .max = values[n - 1],
    };
}

double weiss_summary_spread(const weiss_summary *summary)
{
    return 0.5 * (summary->max - summary->min) / summary->median;
}
