/* Surface values between their owners and the ranks that compute with them: u1 from the owners of the nodes to all, u2 from
 * the rank that has a row of the boundary operator to all ranks that hold the node, as owner or as ghost. */
#ifndef WEISS_FIELD_DEMAG_GATHER_H
#define WEISS_FIELD_DEMAG_GATHER_H

#include "mesh/mesh.h"

typedef struct weiss_gather {
    const weiss_mesh *mesh; /**< borrowed */
    int64_t begin, end; /**< surface nodes that this rank owns: these indices into mesh->surface.node */
    int64_t nlocal; /**< surface nodes among the local nodes, owned first */
    weiss_lidx *local; /**< nlocal, their local nodes; owned */
    int *count, *start; /**< size, surface nodes of each rank; owned */
    int *send_count, *send_start; /**< size, results for each rank; owned */
    int *receive_count, *receive_start; /**< size; owned */
    int64_t *send; /**< which result goes out, in the order of sending; owned */
    int64_t *receive; /**< which of local[] comes in, in the order of receiving; owned */
    double *out, *in; /**< work; owned */
} weiss_gather;

/** @param row  surface indices of the results that this rank computes, nrows. Collective. */
int weiss_gather_create(const weiss_mesh *mesh, const int64_t *row, int64_t nrows, weiss_gather **out);
void weiss_gather_destroy(weiss_gather *gather);

/** @param[in]  nodal  values of owned nodes
 *  @param[out] all    one for each surface node, on every rank. Collective. */
int weiss_gather_all(weiss_gather *gather, const double *nodal, double *all);
/** @param[in]  result  one for each row of this rank
 *  @param[out] nodal   nlocal of the mesh: set at surface nodes, ghosts included. Collective. */
int weiss_gather_return(weiss_gather *gather, const double *result, double *nodal);

#endif
