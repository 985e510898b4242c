/* The boundary operator of the demagnetising field, u2 = B u1 on the surface (Fredkin and Koehler 1990): double layer,
 * linear functions, collocation at the surface nodes,
 *
 *     u2_i = sum_j L_j(x_i) u1_j + (omega_i / 4 pi - 1) u1_i,
 *
 * with L_j the integrals of triangle.h and omega_i the solid angle of the body at node i. The diagonal follows from the
 * rows: a constant u1 must give u2 = -u1. Entries are kept in single precision, compressed where the tolerance allows. */
#ifndef WEISS_FIELD_DEMAG_BOUNDARY_H
#define WEISS_FIELD_DEMAG_BOUNDARY_H

#include "mesh/mesh.h"

typedef enum weiss_boundary_kind {
    WEISS_BOUNDARY_AUTO, /**< hierarchical above a measured number of surface nodes */
    WEISS_BOUNDARY_DENSE, /**< all entries */
    WEISS_BOUNDARY_HIERARCHICAL /**< far blocks compressed */
} weiss_boundary_kind;

/** Smallest tolerance that single precision can keep. */
#define WEISS_BOUNDARY_FINEST 2e-6

typedef struct weiss_boundary_options {
    weiss_boundary_kind kind;
    double tolerance; /**< bound of sum_j |error of B_ij| for each row i: the error of u2 where |u1| <= 1 */
} weiss_boundary_options;

/** Figures of the whole operator, the same on every rank. */
typedef struct weiss_boundary_figures {
    int64_t nodes; /**< surface nodes */
    int64_t faces; /**< flat faces found */
    int64_t columns; /**< columns after splitting by face */
    int64_t bytes; /**< of all stored entries */
    int64_t near_blocks, far_blocks;
    double mean_rank; /**< of far blocks */
    double error; /**< largest row sum of |entry - exact entry| among the rows checked */
    int rows_checked;
    bool hierarchical;
    double seconds; /**< assembly, on the slowest rank */
} weiss_boundary_figures;

typedef struct weiss_boundary weiss_boundary;

/** Assembles the rows of this rank and checks some of them against exact rows; when the error is above the tolerance it
 *  tightens and assembles anew, and in the end takes all entries, with a warning. Collective. @p surface is not kept.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH, WEISS_ERR_LIBRARY */
int weiss_boundary_create(weiss_context *ctx, const weiss_surface *surface,
                          const weiss_boundary_options *options, weiss_boundary **out);
void weiss_boundary_destroy(weiss_boundary *boundary);

/** Surface nodes whose rows this rank has, in the order of the results of weiss_boundary_apply; borrowed. */
const int64_t *weiss_boundary_rows(const weiss_boundary *boundary, int64_t *count);

/** u2 = B (u1 - c), with c the mean of u1 on each body: a constant, which has no field, takes no part in the error.
 *  @param[in]  u1  A, all surface nodes, on every rank
 *  @param[out] u2  A, one for each row of this rank
 *  Local; not reentrant (work space). */
void weiss_boundary_apply(weiss_boundary *boundary, const double *u1, double *u2);

const weiss_boundary_figures *weiss_boundary_figures_of(const weiss_boundary *boundary);

#endif
