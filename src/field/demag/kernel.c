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

BODY void dipoles_chunk(int count, const double at[][3], const double weight[][3], const double normal[3],
                        const double on[3], int n, const double *restrict x, const double *restrict y,
                        const double *restrict z, double *const column[3])
{
    double sum[3][CHUNK];
    memset(sum, 0, sizeof sum);
    for (int q = 0; q < count; q++) {
        double w0 = weight[q][0], w1 = weight[q][1], w2 = weight[q][2], ax = at[q][0], ay = at[q][1],
               az = at[q][2];
        for (int i = 0; i < n; i++) {
            double dx = ax - x[i], dy = ay - y[i], dz = az - z[i];
            double square = dx * dx + dy * dy + dz * dz;
            double kernel = 1 / (square * sqrt(square));
            sum[0][i] += w0 * kernel;
            sum[1][i] += w1 * kernel;
            sum[2][i] += w2 * kernel;
        }
    }
    for (int k = 0; k < 3; k++) {
        double *restrict out = column[k];
        if (!out)
            continue;
        for (int i = 0; i < n; i++)
            out[i] += (normal[0] * (on[0] - x[i]) + normal[1] * (on[1] - y[i]) + normal[2] * (on[2] - z[i])) *
                      sum[k][i];
    }
}

BODY void dipoles(int count, const double at[][3], const double weight[][3], const double normal[3],
                  const double on[3], const weiss_points *points, double *const column[3])
{
    for (int i = 0; i < points->count; i += CHUNK) {
        int n = points->count - i < CHUNK ? points->count - i : CHUNK;
        double *const part[3] = {column[0] ? column[0] + i : NULL, column[1] ? column[1] + i : NULL,
                                 column[2] ? column[2] + i : NULL};
        dipoles_chunk(count, at, weight, normal, on, n, points->x + i, points->y + i, points->z + i, part);
    }
}

FAST_VARIANT static void dipoles_fast(int count, const double at[][3], const double weight[][3],
                                      const double normal[3], const double on[3], const weiss_points *points,
                                      double *const column[3])
{
    dipoles(count, at, weight, normal, on, points, column);
}

void weiss_kernel_dipoles(int count, const double at[][3], const double weight[][3], const double normal[3],
                          const double on[3], const weiss_points *points, double *const column[3])
{
    if (HAVE_FAST)
        dipoles_fast(count, at, weight, normal, on, points, column);
    else
        dipoles(count, at, weight, normal, on, points, column);
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

typedef double quad __attribute__((vector_size(8 * WEISS_SWEEP_ROWS), aligned(8)));

BODY void forward(int columns, int rows, const double *restrict square, const double *restrict below,
                  const int *restrict row, double *top, double *x)
{
    double t[WEISS_SWEEP_COLUMNS];
    int padded = (columns + WEISS_SWEEP_ROWS - 1) / WEISS_SWEEP_ROWS * WEISS_SWEEP_ROWS;
    for (int i = 0; i < padded; i += WEISS_SWEEP_ROWS) {
        quad sum = {0};
        int last = i + WEISS_SWEEP_ROWS < columns ? i + WEISS_SWEEP_ROWS : columns;
        for (int j = 0; j < last; j++)
            sum += *(const quad *)(square + j * padded + i) * top[j];
        *(quad *)(t + i) = sum;
    }
    memcpy(top, t, (size_t)columns * sizeof *t);
    for (int i = 0; i < rows; i += WEISS_SWEEP_ROWS) {
        quad even = {0}, odd = {0};
        int j = 0;
        for (; j + 2 <= columns; j += 2, below += 2 * WEISS_SWEEP_ROWS) {
            even += *(const quad *)below * t[j];
            odd += *(const quad *)(below + WEISS_SWEEP_ROWS) * t[j + 1];
        }
        for (; j < columns; j++, below += WEISS_SWEEP_ROWS)
            even += *(const quad *)below * t[j];
        even += odd;
        for (int k = 0; k < WEISS_SWEEP_ROWS; k++)
            x[row[i + k]] -= even[k];
    }
}

#define TOTAL(v) (((v)[0] + (v)[1]) + ((v)[2] + (v)[3]))

BODY void backward(int columns, int rows, const double *restrict square, const double *restrict below,
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
        const double *at = below + j * WEISS_SWEEP_ROWS;
        for (int i = 0; i < rows; i += WEISS_SWEEP_ROWS, at += stride) {
            quad w = *(const quad *)(work + i);
            s0 += *(const quad *)at * w;
            s1 += *(const quad *)(at + WEISS_SWEEP_ROWS) * w;
            s2 += *(const quad *)(at + 2 * WEISS_SWEEP_ROWS) * w;
            s3 += *(const quad *)(at + 3 * WEISS_SWEEP_ROWS) * w;
        }
        t[j] = top[j] - TOTAL(s0);
        t[j + 1] = top[j + 1] - TOTAL(s1);
        t[j + 2] = top[j + 2] - TOTAL(s2);
        t[j + 3] = top[j + 3] - TOTAL(s3);
    }
    for (; j < columns; j++) {
        quad s = {0};
        for (int i = 0; i < rows; i += WEISS_SWEEP_ROWS)
            s += *(const quad *)(below + (size_t)i * (size_t)columns + j * WEISS_SWEEP_ROWS) *
                 *(const quad *)(work + i);
        t[j] = top[j] - TOTAL(s);
    }
    for (j = 0; j < columns; j++) {
        quad s = {0};
        for (int i = j / WEISS_SWEEP_ROWS * WEISS_SWEEP_ROWS; i < padded; i += WEISS_SWEEP_ROWS)
            s += *(const quad *)(square + j * padded + i) * *(const quad *)(t + i);
        top[j] = TOTAL(s);
    }
}

FAST_VARIANT static void forward_fast(int columns, int rows, const double *square, const double *below,
                                      const int *row, double *top, double *x)
{
    forward(columns, rows, square, below, row, top, x);
}

void weiss_kernel_forward(int columns, int rows, const double *square, const double *below, const int *row,
                          double *top, double *x)
{
    if (HAVE_FAST)
        forward_fast(columns, rows, square, below, row, top, x);
    else
        forward(columns, rows, square, below, row, top, x);
}

FAST_VARIANT static void backward_fast(int columns, int rows, const double *square, const double *below,
                                       const int *row, double *top, const double *x, double *work)
{
    backward(columns, rows, square, below, row, top, x, work);
}

void weiss_kernel_backward(int columns, int rows, const double *square, const double *below, const int *row,
                           double *top, const double *x, double *work)
{
    if (HAVE_FAST)
        backward_fast(columns, rows, square, below, row, top, x, work);
    else
        backward(columns, rows, square, below, row, top, x, work);
}
