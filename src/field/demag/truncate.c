#include "field/demag/interpolation.h"

#include "field/demag/lapack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Share of the error budget that the first decomposition may use. */
#define FIRST_SHARE 0.3

static double dot(int n, const double *restrict a, const double *restrict b)
{
    double sum[4] = {0, 0, 0, 0};
    int i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++)
            sum[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum[0] += a[i] * b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static void subtract(int n, double factor, const double *restrict a, double *restrict b)
{
    for (int i = 0; i < n; i++)
        b[i] -= factor * a[i];
}

/* Gram-Schmidt with column pivoting: A = q r, q rows x rank orthonormal, r limit x columns (row after row, rank of them
 * set); stops when what is left of A is below the threshold. Returns the rank. */
static int pivoted_gram_schmidt(int rows, int columns, double *a, double threshold, int limit, double *norm,
                                double *q, double *r)
{
    double left = 0;
    int rank = 0;
    for (int j = 0; j < columns; j++)
        left += norm[j] = dot(rows, a + (size_t)j * (size_t)rows, a + (size_t)j * (size_t)rows);
    for (; rank < limit && left > threshold * threshold; rank++) {
        int pivot = 0;
        for (int j = 1; j < columns; j++)
            if (norm[j] > norm[pivot])
                pivot = j;
        double size = sqrt(norm[pivot]), *direction = q + (size_t)rank * (size_t)rows;
        if (!(size > 0))
            break;
        for (int i = 0; i < rows; i++)
            direction[i] = a[(size_t)pivot * (size_t)rows + (size_t)i] / size;
        left = 0;
        for (int j = 0; j < columns; j++) {
            double *column = a + (size_t)j * (size_t)rows;
            double along = dot(rows, direction, column);
            subtract(rows, along, direction, column);
            r[(size_t)rank * (size_t)columns + (size_t)j] = along;
            norm[j] = j == pivot ? 0 : dot(rows, column, column);
            left += norm[j];
        }
    }
    return rank;
}

/* Turns q r to the eigenvectors of r r^T, largest first, and drops the smallest as far as @p budget (a square) allows. */
static int rotate(weiss_context *ctx, int rows, int columns, int rank, double budget, const double *q,
                  const double *r, double *left, double *right, int *kept)
{
    double *gram = NULL, *value = NULL, *work = NULL;
    int size = 32 * rank + 1, info = 0, code, first = 0;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, gram, rank * rank));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, value, rank));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, work, size));
    for (int i = 0; i < rank; i++)
        for (int j = 0; j <= i; j++)
            gram[i * rank + j] =
                dot(columns, r + (size_t)i * (size_t)columns, r + (size_t)j * (size_t)columns);
    dsyev_("V", "U", &rank, gram, &rank, value, work, &size, &info);
    if (info != 0) {
        code = weiss_fail(ctx, WEISS_ERR_LIBRARY, "LAPACK's eigenvalue routine failed with code %d", info);
        goto out;
    }
    for (double dropped = 0; first < rank && dropped + fmax(value[first], 0) <= budget; first++)
        dropped += fmax(value[first], 0);
    *kept = rank - first;
    weiss_multiply(rows, *kept, rank, q, gram + (size_t)first * (size_t)rank, left);
    for (int j = 0; j < columns; j++)
        for (int k = 0; k < *kept; k++) {
            double sum = 0;
            for (int i = 0; i < rank; i++)
                sum += gram[(first + k) * rank + i] * r[(size_t)i * (size_t)columns + (size_t)j];
            right[(size_t)j * (size_t)*kept + (size_t)k] = sum;
        }
out:
    free(gram);
    free(value);
    free(work);
    return code;
}

int weiss_truncate(weiss_context *ctx, int rows, int columns, double *a, double threshold, int *rank,
                   double **left, double **right)
{
    int limit = rows < columns ? rows : columns, first, code;
    double *q = NULL, *r = NULL, *norm = NULL, rest = threshold * threshold * (1 - FIRST_SHARE * FIRST_SHARE);
    *left = *right = NULL;
    *rank = 0;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, q, (size_t)rows * (size_t)limit));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, r, (size_t)limit * (size_t)columns));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, norm, columns));
    first = pivoted_gram_schmidt(rows, columns, a, FIRST_SHARE * threshold, limit, norm, q, r);
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, *left, (size_t)rows * (size_t)first));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, *right, (size_t)first * (size_t)columns));
    if (first > 0)
        WEISS_TRY_OUT(code, rotate(ctx, rows, columns, first, rest, q, r, *left, *right, rank));
out:
    if (code != 0) {
        free(*left);
        free(*right);
        *left = *right = NULL;
    }
    free(q);
    free(r);
    free(norm);
    return code;
}
