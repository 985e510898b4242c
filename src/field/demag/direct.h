/* Direct solution of a Poisson problem by substructuring.
 *
 * Each rank eliminates the unknowns of its own that have no unknown neighbour on a higher rank. The others are the
 * interface, small and known to all; its matrix (the Schur complement) is dense. Every rank keeps the rows of its inverse
 * that it needs, so a solution costs one forward sweep, one sum over the ranks of the length of the interface, one small
 * dense product and one backward sweep. On one rank there is no interface and no communication. */
#ifndef WEISS_FIELD_DEMAG_DIRECT_H
#define WEISS_FIELD_DEMAG_DIRECT_H

#include "field/demag/poisson.h"

typedef struct weiss_direct weiss_direct;

/** Number of unknowns that the interface would have. Collective. */
int weiss_direct_interface(const weiss_poisson_problem *problem, int64_t *count);
/** Collective. */
int weiss_direct_create(const weiss_poisson_problem *problem, weiss_direct **out);
void weiss_direct_destroy(weiss_direct *direct);
/** As weiss_poisson_solve. Collective. */
int weiss_direct_solve(weiss_direct *direct, const double *b, double *x);
/** Numbers stored on this rank. */
int64_t weiss_direct_size(const weiss_direct *direct);

#endif
