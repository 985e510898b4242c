#include "plan/fit.h"

#include <math.h>
#include <stdlib.h>

#define LATENCY_MIN 1e-9
#define BANDWIDTH_MAX 1e15

static int by_size(const void *a, const void *b)
{
    const weiss_fit_sample *x = a, *y = b;
    int sizes = (x->bytes > y->bytes) - (x->bytes < y->bytes);
    return sizes != 0 ? sizes : (x->seconds > y->seconds) - (x->seconds < y->seconds);
}

int weiss_fit_medians(weiss_fit_sample *sample, int n)
{
    int sizes = 0;
    qsort(sample, (size_t)n, sizeof *sample, by_size);
    for (int first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && !(sample[end].bytes > sample[first].bytes);)
            end++;
        double low = sample[(first + end - 1) / 2].seconds, high = sample[(first + end) / 2].seconds;
        sample[sizes++] = (weiss_fit_sample){sample[first].bytes, 0.5 * (low + high)};
    }
    return sizes;
}

int weiss_fit(const weiss_fit_sample *sample, int n, weiss_speed *speed, weiss_fault *fault)
{
    /* Normal equations of sum ((L + b S) / t - 1)^2 for L and S = 1 / B. */
    double ll = 0.0, ls = 0.0, ss = 0.0, l = 0.0, s = 0.0;
    for (int i = 0; i < n; i++) {
        double t = sample[i].seconds, b = sample[i].bytes;
        if (!(t > 0.0))
            return weiss_fault_set(fault, WEISS_ERR_VALUE, "a measured time of %g s is not above 0", t);
        ll += 1.0 / (t * t);
        ls += b / (t * t);
        ss += b * b / (t * t);
        l += 1.0 / t;
        s += b / t;
    }
    double determinant = ll * ss - ls * ls;
    if (n < 2 || !(determinant > 1e-12 * ll * ss))
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "latency and bandwidth need measured times of two sizes of messages");
    double slope = fmax((ll * s - ls * l) / determinant, 1.0 / BANDWIDTH_MAX);
    *speed = (weiss_speed){.latency = fmax((l * ss - s * ls) / determinant, LATENCY_MIN),
                           .bandwidth = 1.0 / slope,
                           .known = true};
    return 0;
}
