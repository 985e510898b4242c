/* The scalar coupling of the nodes of one rank, for preconditioning: the sum of the matrices of
 * weiss_effective_coupling without the columns of other ranks, so that a sweep over it needs no communication
 * (block Jacobi between ranks). In single precision: a preconditioner needs no more, and half the memory
 * traffic counts. */
#ifndef WEISS_EVOLVE_COUPLING_H
#define WEISS_EVOLVE_COUPLING_H

#include "field/effective.h"

/** Three components and a zero: one node in one vector register. */
typedef float weiss_float4 __attribute__((vector_size(16)));

typedef struct weiss_coupling {
    weiss_lidx n; /**< owned nodes */
    int64_t *begin; /**< n + 1, off-diagonal entries of row i are begin[i] .. begin[i+1]-1, columns ascending;
                       owned */
    int64_t *upper; /**< n, first entry of row i whose column is above i; owned */
    weiss_lidx *column; /**< owned */
    float *value; /**< owned */
    double *diagonal; /**< n; owned */
} weiss_coupling;

/** Local. @return 0, WEISS_ERR_MEMORY */
int weiss_coupling_create(weiss_context *ctx, const weiss_effective *effective, weiss_lidx nowned,
                          weiss_coupling **out);
void weiss_coupling_destroy(weiss_coupling *coupling);

/** Sum over the entries @p from .. @p to - 1 of value times x. */
static inline weiss_float4 weiss_coupling_sum(const weiss_coupling *c, int64_t from, int64_t to,
                                              const weiss_float4 *x)
{
    weiss_float4 sum = {0, 0, 0, 0};
    for (int64_t k = from; k < to; k++)
        sum += c->value[k] * x[c->column[k]];
    return sum;
}

#endif
