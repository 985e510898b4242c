/* A sparse Cholesky factor, made by CHOLMOD and packed anew for what a time step needs: one right side at a time, with the
 * factor in single precision (reading it is what takes the time) and all sums in double. Whoever needs more than the five or
 * six digits that this gives refines the solution (poisson.c).
 *
 * Some unknowns may be kept: they are not eliminated. The forward sweep then leaves their condensed right side, the
 * backward sweep starts from their values, and what the eliminated unknowns add to the matrix of the kept ones (the Schur
 * complement) is given out once. So ranks can share a problem: each eliminates its interior, all solve for the rest. */
#ifndef WEISS_FIELD_DEMAG_FACTOR_H
#define WEISS_FIELD_DEMAG_FACTOR_H

#include "base/context.h"

/** A symmetric matrix by its entries (both halves, or one; entries at the same place are added). */
typedef struct weiss_entries {
    int n;
    int64_t count;
    int *row, *column; /**< count; entries above the diagonal are ignored */
    double *value;
} weiss_entries;

typedef struct weiss_factor weiss_factor;

/** Factorises a symmetric positive definite matrix. The unknowns from @p kept on are kept (kept == n: none is).
 *  @param[out] schur  unless NULL: (n - kept)^2, column-major, both halves: minus what the elimination takes from the kept
 *                     part, -K_gi K_ii^-1 K_ig
 *  Local. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_LIBRARY (not positive definite, too large for 32-bit indices) */
int weiss_factor_create(weiss_context *ctx, const weiss_entries *matrix, int kept, double *schur,
                        weiss_factor **out);
void weiss_factor_destroy(weiss_factor *factor);

/** In place: x holds b on entry. Forward leaves something of its own in the eliminated unknowns and the condensed right
 *  side in the kept ones; backward takes the values of the kept ones, and gives those of the eliminated. Local. */
void weiss_factor_forward(weiss_factor *factor, double *x);
void weiss_factor_backward(weiss_factor *factor, double *x);

/** Stored numbers. */
int64_t weiss_factor_size(const weiss_factor *factor);

#endif
