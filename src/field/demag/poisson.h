/* Poisson problems on some of the nodes of the distributed mesh: K x = b for the nodes that are unknown, the rest zero.
 * Solvers are interchangeable behind this interface. */
#ifndef WEISS_FIELD_DEMAG_POISSON_H
#define WEISS_FIELD_DEMAG_POISSON_H

#include "field/csr.h"

typedef enum weiss_poisson_kind {
    WEISS_POISSON_AUTO, /**< direct up to a measured size, then iterative */
    WEISS_POISSON_DIRECT, /**< Cholesky on each rank, Schur complement between ranks */
    WEISS_POISSON_ITERATIVE /**< conjugate gradients with algebraic multigrid (PETSc, hypre) */
} weiss_poisson_kind;

/** A problem. All borrowed during creation; mesh and stiffness for as long as the solver lives. */
typedef struct weiss_poisson_problem {
    const weiss_mesh *mesh;
    const weiss_csr *stiffness; /**< K, rows of owned nodes */
    const bool *unknown; /**< nlocal, ghosts included */
    const weiss_gidx
        *pinned; /**< npinned global numbers of unknown nodes, the same on every rank: one for each part that
                                     has no node with a given value. K_pp is added to their diagonal: right sides sum to
                                     zero over such a part, so that x solves the problem and is 0 at the node */
    int npinned;
} weiss_poisson_problem;

typedef struct weiss_poisson_options {
    weiss_poisson_kind kind;
    double tolerance; /**< of an iterative solver: |b - K x| <= tolerance |b| */
    double
        error; /**< of a direct solution, relative to its largest value; above it in a trial, solutions are refined */
} weiss_poisson_options;

/** Figures, the same on every rank. */
typedef struct weiss_poisson_figures {
    bool direct;
    int64_t unknowns;
    int64_t interface; /**< direct: unknowns shared between ranks */
    int64_t stored; /**< direct: numbers in all factors */
    bool refined; /**< direct: each solution is improved by a second one */
    double error; /**< direct: of a trial solution before refinement, relative to its largest value */
    int64_t iterations; /**< iterative: since creation */
    double seconds; /**< making the solver, slowest rank */
} weiss_poisson_figures;

typedef struct weiss_poisson weiss_poisson;

/** Collective. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_LIBRARY, WEISS_ERR_MPI */
int weiss_poisson_create(const weiss_poisson_problem *problem, const weiss_poisson_options *options,
                         weiss_poisson **out);
void weiss_poisson_destroy(weiss_poisson *poisson);

/** Solves for the owned unknown nodes; entries of other nodes are neither read nor written.
 *  @param[in]     b  nowned
 *  @param[in,out] x  nowned; an iterative solver starts from it
 *  Collective. @return 0, WEISS_ERR_MPI, WEISS_ERR_LIBRARY, WEISS_RETRY (did not converge) */
int weiss_poisson_solve(weiss_poisson *poisson, const double *b, double *x);

/** Collective. */
int weiss_poisson_figures_of(const weiss_poisson *poisson, weiss_poisson_figures *figures);

#endif
