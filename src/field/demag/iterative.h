/* Iterative solution of a Poisson problem: conjugate gradients with algebraic multigrid, from PETSc and hypre. For meshes
 * whose factors would need too much memory, and for many ranks. */
#ifndef WEISS_FIELD_DEMAG_ITERATIVE_H
#define WEISS_FIELD_DEMAG_ITERATIVE_H

#include "field/demag/poisson.h"

typedef struct weiss_iterative weiss_iterative;

/** Initialises PETSc, without its signal handlers, when nobody has. Collective. */
int weiss_iterative_create(const weiss_poisson_problem *problem, double tolerance, weiss_iterative **out);
void weiss_iterative_destroy(weiss_iterative *iterative);
/** As weiss_poisson_solve. Collective. */
int weiss_iterative_solve(weiss_iterative *iterative, const double *b, double *x);
int64_t weiss_iterative_iterations(const weiss_iterative *iterative);

#endif
