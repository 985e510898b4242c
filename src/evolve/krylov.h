/* GMRES (Saad and Schultz, SIAM J. Sci. Stat. Comput. 7, 856 (1986)) as a linear solver of SUNDIALS,
 * preconditioned from the left, in the weighted norm of the error test. It differs from SUNDIALS' own in
 * this:
 * - It reduces every residual by a factor, however small the residual is. CVODE takes a right side below the
 * tolerance for the solution itself, and GMRES takes 0. In the stiff modes of the exchange either is noise,
 * which the predictor of the next step amplifies; the error estimate sees it, and the steps stay short.
 * - Its vectors are in single precision, which is plenty for a correction that is wanted to a few digits: the
 * vectors, not the products, are what an iteration spends its time on.
 * - An iteration has one reduction over the ranks: classical Gram-Schmidt, with the norm of what is left by
 * Pythagoras. */
#ifndef WEISS_EVOLVE_KRYLOV_H
#define WEISS_EVOLVE_KRYLOV_H

#include "evolve/preconditioner.h"

#include <sundials/sundials_linearsolver.h>

/** The tolerance that CVODE is told must be smaller than the one wanted by this factor, so that CVODE asks
 * for a solution of nearly every system; the solver multiplies it back. */
#define WEISS_KRYLOV_HEADROOM 1e4

/** @param preconditioner  borrowed; set up through the functions that CVODE is given
 *  @param like            a vector of three components per owned node, cloned
 *  @return NULL on failure. Free with SUNLinSolFree. Local. */
SUNLinearSolver weiss_krylov_create(weiss_context *ctx, weiss_preconditioner *preconditioner, N_Vector like,
                                    SUNContext sundials);

#endif
