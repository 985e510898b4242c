/* Interpolation over a cluster of rows, and truncation to low rank: how a block far from the surface is compressed.
 *
 * Away from the surface an entry L_j(x) is a smooth function of the point x (a potential), so that over a cluster of rows
 *
 *     L_j(x_i)  ~  sum_m U_im L_j(X_m),
 *
 * with X_m the Chebyshev points of a box around the rows and U_im their Lagrange polynomials. No pivot is searched for, and
 * nothing can be missed: the error falls as rho^-order, with rho given by the size of the box and its distance from the
 * columns. What this leaves is then truncated by an orthogonal decomposition to the rank that the error budget needs. */
#ifndef WEISS_FIELD_DEMAG_INTERPOLATION_H
#define WEISS_FIELD_DEMAG_INTERPOLATION_H

#include "base/context.h"
#include "field/demag/triangle.h"

#define WEISS_ORDER_MAX 12

/** A box around points, turned to their principal axes, so that flat clusters are flat in it. */
typedef struct weiss_box {
    double centre[3];
    double axis[3][3]; /**< orthonormal */
    double half[3]; /**< half of the length along each axis */
    double radius; /**< half of the diagonal */
} weiss_box;

void weiss_box_set(weiss_box *box, const weiss_points *points);

/** Orders along the axes for a relative error of about @p accuracy when the columns are at least @p distance (> radius)
 *  away from the centre. */
void weiss_box_orders(const weiss_box *box, double distance, double accuracy, int order[3]);

/** An orthonormal basis of what can be interpolated: U = basis * weight. */
typedef struct weiss_interpolation {
    int npoints; /**< Chebyshev points of the box, or the rows themselves when these are fewer */
    int nrows;
    int rank; /**< min(nrows, npoints) */
    double *xyz; /**< npoints x, then y, then z; owned */
    double *basis; /**< nrows x rank, column-major; NULL when the points are the rows: then it is 1; owned */
    double *weight; /**< rank x npoints, column-major; NULL as above; owned */
} weiss_interpolation;

/** Local. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_LIBRARY */
int weiss_interpolation_create(weiss_context *ctx, const weiss_box *box, const int order[3],
                               const weiss_points *rows, weiss_interpolation *out);
void weiss_interpolation_clear(weiss_interpolation *interpolation);

/** Truncates A (rows x columns, column-major, destroyed) to left * right with an error below @p threshold in the Frobenius
 *  norm and the least rank: pivoted Gram-Schmidt, then the eigenvectors of the small Gram matrix (the SVD).
 *  @param[out] left   rows x rank, column-major; free()
 *  @param[out] right  rank x columns, column-major; free()
 *  Local. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_LIBRARY */
int weiss_truncate(weiss_context *ctx, int rows, int columns, double *a, double threshold, int *rank,
                   double **left, double **right);

/** c = a b, column-major: a is rows x inner, b inner x columns. Local. */
void weiss_multiply(int rows, int columns, int inner, const double *a, const double *b, double *c);

#endif
