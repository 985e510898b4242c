/* The inner loops, each built twice: for any x86-64 and for AVX2 with FMA, chosen when the program runs. */
#ifndef WEISS_FIELD_DEMAG_KERNEL_H
#define WEISS_FIELD_DEMAG_KERNEL_H

#include "field/demag/triangle.h"

#include <stdbool.h>
#include <stdint.h>

/** Rows of a packed panel that lie together; a panel is padded with zeros to a multiple. */
#define WEISS_PANEL_ROWS 8

/** A triangle as dipoles at some of its points, in units of its radius and from its centre. */
typedef struct weiss_dipoles {
    int count;
    double at[16][3],
        weight[16][3]; /**< where, and the three hat functions there times the weight of the rule */
    double normal[3], centre[3], scale; /**< scale: 1 / radius */
} weiss_dipoles;

/** Adds, for each point i, height_i * sum_q weight[q][k] / |at[q] - x_i|^3 to column[k][i], in scaled coordinates, with
 *  height = - normal . x_i. A NULL column is left out.
 *  @param single  sum in single precision, which is three times as fast: to some 1e-6
 *  Local. */
void weiss_kernel_dipoles(const weiss_dipoles *dipoles, bool single, const weiss_points *points,
                          double *const column[3]);

/** y = A x for a packed panel: groups of WEISS_PANEL_ROWS rows one after the other, inside a group column after column.
 *  @param[in]  a  rows rounded up times columns
 *  @param[out] y  rows rounded up
 *  Local. */
void weiss_kernel_panel(int64_t rows, int64_t columns, const float *a, const float *x, float *y);

/** Rows of a panel of a sparse factor that lie together. */
#define WEISS_SWEEP_ROWS 4
/** Most columns of such a panel. */
#define WEISS_SWEEP_COLUMNS 32

/** Forward sweep of one panel: top = square top, x[row[i]] -= (below top)_i.
 *  @param[in] square  columns rounded up x columns, column-major: the inverse of the triangle on the diagonal
 *  @param[in] below   rows x columns, packed in groups of WEISS_SWEEP_ROWS rows; rows is a multiple of it
 *  Local. */
void weiss_kernel_forward(int columns, int rows, const float *square, const float *below, const int *row,
                          double *top, double *x);
/** Backward sweep: top = square^T (top - below^T x[row]). @p work: rows doubles. Local. */
void weiss_kernel_backward(int columns, int rows, const float *square, const float *below, const int *row,
                           double *top, const double *x, double *work);

/** out = l l^T, n x n, column-major, both halves. Local. */
void weiss_kernel_outer(int n, const double *l, double *out);

#endif
