/* Preconditioner for the Newton matrix A = I - gamma J of an implicit step.
 * With H_i = sum_j C_ij m_j + (local terms), the block of A that couples node i to node j is -gamma L_i C_ij,
 * L_i being the derivative of the right side by the field: a scalar times a matrix of node i. So only 3x3
 * matrices per node are kept beside C, and no block matrix is ever assembled. */
#ifndef WEISS_EVOLVE_PRECONDITIONER_H
#define WEISS_EVOLVE_PRECONDITIONER_H

#include "evolve/coupling.h"
#include "evolve/llg.h"

typedef enum weiss_preconditioner_kind {
    WEISS_PRECONDITION_NONE,
    WEISS_PRECONDITION_DIAGONAL, /**< D^-1, D the 3x3 diagonal blocks of A */
    WEISS_PRECONDITION_GAUSS_SEIDEL /**< one symmetric sweep, ((D + L) D^-1 (D + U))^-1, block Jacobi between
                                       ranks */
} weiss_preconditioner_kind;

typedef struct weiss_preconditioner weiss_preconditioner;

/** Collective. */
int weiss_preconditioner_create(weiss_llg *llg, weiss_preconditioner_kind kind, weiss_preconditioner **out);
void weiss_preconditioner_destroy(weiss_preconditioner *pre);

/** Computes the matrices of all nodes for A = I - @p gamma J (s), where @p llg was evaluated last. Local. */
int weiss_preconditioner_setup(weiss_preconditioner *pre, double gamma);
/** Approximates out = A^-1 r. Local.
 *  @param[in]  r    3 * nowned
 *  @param[out] out  nowned, three components and a zero each */
void weiss_preconditioner_apply(const weiss_preconditioner *pre, const double *r, weiss_float4 *out);

#endif
