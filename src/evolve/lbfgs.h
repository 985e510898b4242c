/* Memory of a limited-memory BFGS method (Nocedal, Math. Comp. 35, 773 (1980)) on a product of spheres. The
 * stored vectors are tangent at the present m; a step along a geodesic carries them along by parallel
 * transport, which keeps their lengths and products. */
#ifndef WEISS_EVOLVE_LBFGS_H
#define WEISS_EVOLVE_LBFGS_H

#include "evolve/state.h"

/** Steps that are remembered. */
#define WEISS_LBFGS_PAIRS 6

typedef struct weiss_lbfgs {
    weiss_context *ctx; /**< borrowed */
    size_t length; /**< 3 * nowned */
    int count; /**< pairs held */
    int newest; /**< index of the last one */
    double *step[WEISS_LBFGS_PAIRS]; /**< rad; owned */
    double *change[WEISS_LBFGS_PAIRS]; /**< of the gradient along that step; owned */
    double product[WEISS_LBFGS_PAIRS]; /**< step . change, > 0 */
} weiss_lbfgs;

/** Collective. */
int weiss_lbfgs_create(weiss_context *ctx, size_t length, weiss_lbfgs *out);
void weiss_lbfgs_destroy(weiss_lbfgs *memory);

/** a . b over all ranks. Collective. */
double weiss_lbfgs_dot(const weiss_lbfgs *memory, const double *a, const double *b);

/** Remembers a step and the change of the gradient along it, both at the present m, unless the curvature
 * along it is not safely positive: then everything is forgotten. Collective.
 *  @return step . change */
double weiss_lbfgs_remember(weiss_lbfgs *memory, const double *step, const double *change);

/** The two halves of the recursion for direction = -(inverse Hessian) gradient; between them the caller
 * applies its own approximation of the inverse Hessian to @p q. Collective. */
void weiss_lbfgs_begin(weiss_lbfgs *memory, double *q, double coefficient[WEISS_LBFGS_PAIRS]);
void weiss_lbfgs_end(weiss_lbfgs *memory, double *q, const double coefficient[WEISS_LBFGS_PAIRS]);

#endif
