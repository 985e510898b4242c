#include "field/demag/kernel.h"

#include <cblas.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define FAST_VARIANT __attribute__((target("avx2,fma")))
#define HAVE_FAST (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define FAST_VARIANT
#define HAVE_FAST 0
#endif
#define BODY static inline __attribute__((always_inline))

/* Points that are worked on together, so that intermediate sums stay in the first cache. */
#define CHUNK 64

/* One chunk of points in the given precision. */
#define DIPOLES_CHUNK(name, real, root)                                                                      \
    BODY void name(const weiss_dipoles *dipoles, int n, const double *restrict x, const double *restrict y,  \
                   const double *restrict z, double sum[3][CHUNK])                                           \
    {                                                                                                        \
        real px[CHUNK], py[CHUNK], pz[CHUNK], s[3][CHUNK];                                                   \
        for (int i = 0; i < n; i++) {                                                                        \
            px[i] = (real)((x[i] - dipoles->centre[0]) * dipoles->scale);                                    \
            py[i] = (real)((y[i] - dipoles->centre[1]) * dipoles->scale);                                    \
            pz[i] = (real)((z[i] - dipoles->centre[2]) * dipoles->scale);                                    \
            s[0][i] = s[1][i] = s[2][i] = 0;                                                                 \
        }                                                                                                    \
        for (int q = 0; q < dipoles->count; q++) {                                                           \
            real w0 = (real)dipoles->weight[q][0], w1 = (real)dipoles->weight[q][1],                         \
                 w2 = (real)dipoles->weight[q][2];                                                           \
            real ax = (real)dipoles->at[q][0], ay = (real)dipoles->at[q][1], az = (real)dipoles->at[q][2];   \
            for (int i = 0; i < n; i++) {                                                                    \
                real dx = ax - px[i], dy = ay - py[i], dz = az - pz[i],                                      \
                     square = dx * dx + dy * dy + dz * dz;                                                   \
                real kernel = 1 / (square * root(square));                                                   \
                s[0][i] += w0 * kernel;                                                                      \
                s[1][i] += w1 * kernel;                                                                      \
                s[2][i] += w2 * kernel;                                                                      \
            }                                                                                                \
        }                                                                                                    \
        for (int k = 0; k < 3; k++)                                                                          \
            for (int i = 0; i < n; i++)                                                                      \
                sum[k][i] = (double)s[k][i];                                                                 \
    }

DIPOLES_CHUNK(chunk_double, double, sqrt)
DIPOLES_CHUNK(chunk_single, float, sqrtf)

BODY void dipoles_body(const weiss_dipoles *dipoles, bool single, const weiss_points *points,
                       double *const column[3])
{
    const double *normal = dipoles->normal, *centre = dipoles->centre;
    double sum[3][CHUNK], height[CHUNK];
    for (int first = 0; first < points->count; first += CHUNK) {
        const double *x = points->x + first, *y = points->y + first, *z = points->z + first;
        int n = points->count - first < CHUNK ? points->count - first : CHUNK;
        if (single)
            chunk_single(dipoles, n, x, y, z, sum);
        else
            chunk_double(dipoles, n, x, y, z, sum);
        for (int i = 0; i < n; i++)
            height[i] = dipoles->scale * (normal[0] * (centre[0] - x[i]) + normal[1] * (centre[1] - y[i]) +
                                          normal[2] * (centre[2] - z[i]));
        for (int k = 0; k < 3; k++)
            for (int i = 0; i < n && column[k]; i++)
                column[k][first + i] += height[i] * sum[k][i];
    }
}

FAST_VARIANT static void dipoles_fast(const weiss_dipoles *dipoles, bool single, const weiss_points *points,
                                      double *const column[3])
{
    dipoles_body(dipoles, single, points, column);
}

void weiss_kernel_dipoles(const weiss_dipoles *dipoles, bool single, const weiss_points *points,
                          double *const column[3])
{
    if (HAVE_FAST)
        dipoles_fast(dipoles, single, points, column);
    else
        dipoles_body(dipoles, single, points, column);
}

/* Eight rows at a time; four sums, so that one addition does not wait for the other. */
typedef float lanes __attribute__((vector_size(4 * WEISS_PANEL_ROWS), aligned(4)));

BODY void panel(int64_t rows, int64_t columns, const float *restrict a, const float *restrict x,
                float *restrict y)
{
    for (int64_t i = 0; i < rows; i += WEISS_PANEL_ROWS) {
        lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        int64_t j = 0;
        for (; j + 4 <= columns; j += 4, a += 4 * WEISS_PANEL_ROWS) {
            s0 += *(const lanes *)a * x[j];
            s1 += *(const lanes *)(a + WEISS_PANEL_ROWS) * x[j + 1];
            s2 += *(const lanes *)(a + 2 * WEISS_PANEL_ROWS) * x[j + 2];
            s3 += *(const lanes *)(a + 3 * WEISS_PANEL_ROWS) * x[j + 3];
        }
        for (; j < columns; j++, a += WEISS_PANEL_ROWS)
            s0 += *(const lanes *)a * x[j];
        *(lanes *)(y + i) = (s0 + s1) + (s2 + s3);
    }
}

FAST_VARIANT static void panel_fast(int64_t rows, int64_t columns, const float *a, const float *x, float *y)
{
    panel(rows, columns, a, x, y);
}

void weiss_kernel_panel(int64_t rows, int64_t columns, const float *a, const float *x, float *y)
{
    if (HAVE_FAST)
        panel_fast(rows, columns, a, x, y);
    else
        panel(rows, columns, a, x, y);
}

void weiss_kernel_outer(int n, const double *l, double *out)
{
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, n, n, n, 1, l, n, l, n, 0, out, n);
}

/* Stored numbers are single, sums are double. */
typedef double quad __attribute__((vector_size(8 * WEISS_SWEEP_ROWS), aligned(8)));
typedef float quad_stored __attribute__((vector_size(4 * WEISS_SWEEP_ROWS), aligned(4)));
#define FOUR(p) __builtin_convertvector(*(const quad_stored *)(p), quad)

BODY void forward(int columns, int rows, const float *restrict square, const float *restrict below,
                  const int *restrict row, double *top, double *x)
{
    double t[WEISS_SWEEP_COLUMNS];
    int padded = (columns + WEISS_SWEEP_ROWS - 1) / WEISS_SWEEP_ROWS * WEISS_SWEEP_ROWS;
    for (int i = 0; i < padded; i += WEISS_SWEEP_ROWS) {
        quad sum = {0};
        int last = i + WEISS_SWEEP_ROWS < columns ? i + WEISS_SWEEP_ROWS : columns;
        for (int j = 0; j < last; j++)
            sum += FOUR(square + j * padded + i) * top[j];
        *(quad *)(t + i) = sum;
    }
    memcpy(top, t, (size_t)columns * sizeof *t);
    for (int i = 0; i < rows; i += WEISS_SWEEP_ROWS) {
        quad even = {0}, odd = {0};
        int j = 0;
        for (; j + 2 <= columns; j += 2, below += 2 * WEISS_SWEEP_ROWS) {
            even += FOUR(below) * t[j];
            odd += FOUR(below + WEISS_SWEEP_ROWS) * t[j + 1];
        }
        for (; j < columns; j++, below += WEISS_SWEEP_ROWS)
            even += FOUR(below) * t[j];
        even += odd;
        for (int k = 0; k < WEISS_SWEEP_ROWS; k++)
            x[row[i + k]] -= even[k];
    }
}

#define TOTAL(v) (((v)[0] + (v)[1]) + ((v)[2] + (v)[3]))

BODY void backward(int columns, int rows, const float *restrict square, const float *restrict below,
                   const int *restrict row, double *restrict top, const double *restrict x,
                   double *restrict work)
{
    double t[WEISS_SWEEP_COLUMNS] = {0};
    int padded = (columns + WEISS_SWEEP_ROWS - 1) / WEISS_SWEEP_ROWS * WEISS_SWEEP_ROWS;
    size_t stride = (size_t)columns * WEISS_SWEEP_ROWS;
    int j = 0;
    for (int i = 0; i < rows; i++)
        work[i] = x[row[i]];
    for (; j + 4 <= columns; j += 4) {
        quad s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        const float *at = below + j * WEISS_SWEEP_ROWS;
        for (int i = 0; i < rows; i += WEISS_SWEEP_ROWS, at += stride) {
            quad w = *(const quad *)(work + i);
            s0 += FOUR(at) * w;
            s1 += FOUR(at + WEISS_SWEEP_ROWS) * w;
            s2 += FOUR(at + 2 * WEISS_SWEEP_ROWS) * w;
            s3 += FOUR(at + 3 * WEISS_SWEEP_ROWS) * w;
        }
        t[j] = top[j] - TOTAL(s0);
        t[j + 1] = top[j + 1] - TOTAL(s1);
        t[j + 2] = top[j + 2] - TOTAL(s2);
        t[j + 3] = top[j + 3] - TOTAL(s3);
    }
    for (; j < columns; j++) {
        quad s = {0};
        for (int i = 0; i < rows; i += WEISS_SWEEP_ROWS)
            s += FOUR(below + (size_t)i * (size_t)columns + j * WEISS_SWEEP_ROWS) * *(const quad *)(work + i);
        t[j] = top[j] - TOTAL(s);
    }
    for (j = 0; j < columns; j++) {
        quad s = {0};
        for (int i = j / WEISS_SWEEP_ROWS * WEISS_SWEEP_ROWS; i < padded; i += WEISS_SWEEP_ROWS)
            s += FOUR(square + j * padded + i) * *(const quad *)(t + i);
        top[j] = TOTAL(s);
    }
}

FAST_VARIANT static void forward_fast(int columns, int rows, const float *square, const float *below,
                                      const int *row, double *top, double *x)
{
    forward(columns, rows, square, below, row, top, x);
}

void weiss_kernel_forward(int columns, int rows, const float *square, const float *below, const int *row,
                          double *top, double *x)
{
    if (HAVE_FAST)
        forward_fast(columns, rows, square, below, row, top, x);
    else
        forward(columns, rows, square, below, row, top, x);
}

FAST_VARIANT static void backward_fast(int columns, int rows, const float *square, const float *below,
                                       const int *row, double *top, const double *x, double *work)
{
    backward(columns, rows, square, below, row, top, x, work);
}

void weiss_kernel_backward(int columns, int rows, const float *square, const float *below, const int *row,
                           double *top, const double *x, double *work)
{
    if (HAVE_FAST)
        backward_fast(columns, rows, square, below, row, top, x, work);
    else
        backward(columns, rows, square, below, row, top, x, work);
}
