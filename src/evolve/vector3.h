/* Three-component vectors and 3x3 matrices (row-major): the small algebra of the right side and its
 * derivative. */
#ifndef WEISS_EVOLVE_VECTOR3_H
#define WEISS_EVOLVE_VECTOR3_H

#include <math.h>

static inline double weiss_dot3(const double *a, const double *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static inline void weiss_cross3(const double *a, const double *b, double *out)
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

/** Scales @p a to length 1. Leaves it alone and returns 0 when it has no length or is not finite, else its
 * old length. */
static inline double weiss_normalise3(double *a)
{
    double length = sqrt(weiss_dot3(a, a));
    if (!(length > 0) || !isfinite(length))
        return 0;
    double scale = 1 / length;
    a[0] *= scale;
    a[1] *= scale;
    a[2] *= scale;
    return length;
}

/** out = a b. @p out must not be @p a or @p b. */
static inline void weiss_multiply3(const double a[9], const double b[9], double out[9])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
}

/** Inverse by cofactors. @p out must not be @p a. The determinant must not vanish. */
static inline void weiss_invert3(const double a[9], double out[9])
{
    double c0 = a[4] * a[8] - a[5] * a[7], c1 = a[5] * a[6] - a[3] * a[8], c2 = a[3] * a[7] - a[4] * a[6];
    double scale = 1 / (a[0] * c0 + a[1] * c1 + a[2] * c2);
    out[0] = scale * c0;
    out[1] = scale * (a[2] * a[7] - a[1] * a[8]);
    out[2] = scale * (a[1] * a[5] - a[2] * a[4]);
    out[3] = scale * c1;
    out[4] = scale * (a[0] * a[8] - a[2] * a[6]);
    out[5] = scale * (a[2] * a[3] - a[0] * a[5]);
    out[6] = scale * c2;
    out[7] = scale * (a[1] * a[6] - a[0] * a[7]);
    out[8] = scale * (a[0] * a[4] - a[1] * a[3]);
}

#endif
