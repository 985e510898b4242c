#include "field/demag/interpolation.h"

#include "field/demag/lapack.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846
/* Rows themselves are taken as points when they are not more than this many times the Chebyshev points. Measured. */
#define DIRECT_UP_TO 2

void weiss_multiply(int rows, int columns, int inner, const double *a, const double *b, double *c)
{
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rows, columns, inner, 1, a, rows, b, inner, 0, c,
                rows);
}

/* Principal axes: rows of axis[] are the eigenvectors of the covariance (Jacobi rotations). */
static void principal_axes(double c[3][3], double axis[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            axis[i][j] = i == j;
    for (int sweep = 0; sweep < 20; sweep++)
        for (int p = 0; p < 2; p++)
            for (int q = p + 1; q < 3; q++) {
                if (fabs(c[p][q]) <= 1e-300 || fabs(c[p][q]) <= 1e-16 * (fabs(c[p][p]) + fabs(c[q][q])))
                    continue;
                double theta = (c[q][q] - c[p][p]) / (2 * c[p][q]);
                double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
                double cosine = 1 / sqrt(t * t + 1), sine = t * cosine;
                for (int k = 0; k < 3; k++) {
                    double a = c[k][p], b = c[k][q];
                    c[k][p] = cosine * a - sine * b;
                    c[k][q] = sine * a + cosine * b;
                }
                for (int k = 0; k < 3; k++) {
                    double a = c[p][k], b = c[q][k];
                    c[p][k] = cosine * a - sine * b;
                    c[q][k] = sine * a + cosine * b;
                    a = axis[p][k];
                    b = axis[q][k];
                    axis[p][k] = cosine * a - sine * b;
                    axis[q][k] = sine * a + cosine * b;
                }
            }
}

void weiss_box_set(weiss_box *box, const weiss_points *points)
{
    double mean[3] = {0, 0, 0}, covariance[3][3] = {{0}};
    const double *at[3] = {points->x, points->y, points->z};
    for (int d = 0; d < 3; d++) {
        for (int i = 0; i < points->count; i++)
            mean[d] += at[d][i];
        mean[d] /= points->count;
    }
    for (int i = 0; i < points->count; i++)
        for (int d = 0; d < 3; d++)
            for (int e = 0; e < 3; e++)
                covariance[d][e] += (at[d][i] - mean[d]) * (at[e][i] - mean[e]);
    principal_axes(covariance, box->axis);
    for (int d = 0; d < 3; d++)
        box->centre[d] = mean[d];
    double square = 0;
    for (int d = 0; d < 3; d++) {
        double low = INFINITY, high = -INFINITY;
        for (int i = 0; i < points->count; i++) {
            double along = 0;
            for (int e = 0; e < 3; e++)
                along += box->axis[d][e] * (at[e][i] - mean[e]);
            low = fmin(low, along);
            high = fmax(high, along);
        }
        box->half[d] = (high - low) / 2;
        square += box->half[d] * box->half[d];
        for (int e = 0; e < 3; e++)
            box->centre[e] += box->axis[d][e] * (low + high) / 2;
    }
    box->radius = sqrt(square);
}

void weiss_box_orders(const weiss_box *box, double distance, double accuracy, int order[3])
{
    for (int d = 0; d < 3; d++) {
        order[d] = 1;
        if (box->half[d] <= 1e-7 * box->radius)
            continue;
        /* Bernstein's ellipse: the columns lie off the middle of the interval, at least this far away. */
        double z = distance / box->half[d], rho = z + sqrt(z * z - 1);
        order[d] = (int)ceil(1 + log(1 / accuracy) / log(rho));
        order[d] = order[d] < 1 ? 1 : order[d] > WEISS_ORDER_MAX ? WEISS_ORDER_MAX : order[d];
    }
}

static double chebyshev(int order, int i)
{
    return cos((2 * i + 1) * PI / (2 * order));
}

/* Values of the Lagrange polynomials at @p t in [-1, 1]. */
static void lagrange(int order, double t, double *value)
{
    for (int i = 0; i < order; i++) {
        value[i] = 1;
        for (int j = 0; j < order; j++)
            if (j != i)
                value[i] *= (t - chebyshev(order, j)) / (chebyshev(order, i) - chebyshev(order, j));
    }
}

static void set_points(const weiss_box *box, const int order[3], double *xyz, int n)
{
    int m = 0;
    for (int i = 0; i < order[0]; i++)
        for (int j = 0; j < order[1]; j++)
            for (int k = 0; k < order[2]; k++, m++) {
                double at[3] = {chebyshev(order[0], i) * box->half[0], chebyshev(order[1], j) * box->half[1],
                                chebyshev(order[2], k) * box->half[2]};
                for (int d = 0; d < 3; d++)
                    xyz[d * n + m] = box->centre[d] + box->axis[0][d] * at[0] + box->axis[1][d] * at[1] +
                                     box->axis[2][d] * at[2];
            }
}

/* Lagrange polynomials of the box at each row: nrows x npoints, column-major. */
static void set_polynomials(const weiss_box *box, const int order[3], const weiss_points *rows, double *u)
{
    for (int i = 0; i < rows->count; i++) {
        double value[3][WEISS_ORDER_MAX];
        double arm[3] = {rows->x[i] - box->centre[0], rows->y[i] - box->centre[1],
                         rows->z[i] - box->centre[2]};
        for (int d = 0; d < 3; d++) {
            double along = box->axis[d][0] * arm[0] + box->axis[d][1] * arm[1] + box->axis[d][2] * arm[2];
            lagrange(order[d], order[d] == 1 ? 0 : along / box->half[d], value[d]);
        }
        int m = 0;
        for (int a = 0; a < order[0]; a++)
            for (int b = 0; b < order[1]; b++)
                for (int c = 0; c < order[2]; c++, m++)
                    u[(size_t)m * (size_t)rows->count + (size_t)i] = value[0][a] * value[1][b] * value[2][c];
    }
}

/* U = basis * weight by Householder's QR; @p basis holds U on entry, nrows >= npoints. */
static int orthogonalise(weiss_context *ctx, weiss_interpolation *p)
{
    int n = p->npoints, rows = p->nrows, size = 64 * n, info = 0, code;
    double *work = NULL, *tau = NULL;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, work, size));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, tau, n));
    dgeqrf_(&rows, &n, p->basis, &rows, tau, work, &size, &info);
    for (int j = 0; j < n; j++)
        for (int i = 0; i <= j; i++)
            p->weight[j * n + i] = p->basis[(size_t)j * (size_t)rows + (size_t)i];
    if (info == 0)
        dorgqr_(&rows, &n, &n, p->basis, &rows, tau, work, &size, &info);
    if (info != 0)
        code = weiss_fail(ctx, WEISS_ERR_LIBRARY, "LAPACK's QR decomposition failed with code %d", info);
out:
    free(work);
    free(tau);
    return code;
}

int weiss_interpolation_create(weiss_context *ctx, const weiss_box *box, const int order[3],
                               const weiss_points *rows, weiss_interpolation *p)
{
    int code, n = order[0] * order[1] * order[2];
    bool direct = DIRECT_UP_TO * n >= rows->count;
    *p = (weiss_interpolation){.npoints = direct ? rows->count : n, .nrows = rows->count};
    p->rank = p->npoints;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, p->xyz, 3 * p->npoints));
    if (direct) {
        size_t bytes = (size_t)rows->count * sizeof(double);
        memcpy(p->xyz, rows->x, bytes);
        memcpy(p->xyz + rows->count, rows->y, bytes);
        memcpy(p->xyz + 2 * rows->count, rows->z, bytes);
        return 0;
    }
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, p->basis, (size_t)n * (size_t)rows->count));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, p->weight, n * n));
    set_points(box, order, p->xyz, n);
    set_polynomials(box, order, rows, p->basis);
    WEISS_TRY_OUT(code, orthogonalise(ctx, p));
out:
    if (code != 0)
        weiss_interpolation_clear(p);
    return code;
}

void weiss_interpolation_clear(weiss_interpolation *p)
{
    free(p->xyz);
    free(p->basis);
    free(p->weight);
    *p = (weiss_interpolation){0};
}
