/* Which rank owns which node, and in which order nodes and tetrahedra are numbered. Rank 0 only. */
#ifndef WEISS_MESH_PARTITION_H
#define WEISS_MESH_PARTITION_H

#include "mesh/faces.h"
#include "mesh/graph.h"

/** The numbering that the ranks will see. Numbers of the file or generator are called old, the others new. */
typedef struct weiss_numbering {
    int nparts;
    weiss_gidx *
        node_begin; /**< nparts + 1: part p owns the new nodes node_begin[p] .. node_begin[p + 1] - 1; owned */
    weiss_gidx *tet_begin; /**< nparts + 1, the same for tetrahedra; owned */
    weiss_gidx *new_node; /**< nnodes, new number of each old node; owned */
    weiss_gidx *old_node; /**< nnodes, the inverse; owned */
    weiss_gidx *new_tet; /**< ntets; owned */
    weiss_gidx *old_tet; /**< ntets; owned */
} weiss_numbering;

void weiss_numbering_free(weiss_numbering *numbering);

/** Divides the nodes into @p nparts parts of about equal weight with few edges between them (Scotch). A surface node
 *  weighs WEISS_SURFACE_WEIGHT, another 1. Local; the same for the same input. One part needs no call of Scotch. Parts
 *  may be empty when there are few nodes.
 *  @param[out] part  nnodes, length of nodes
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_LIBRARY */
int weiss_partition(weiss_context *ctx, const weiss_lists *neighbours, const weiss_faces *faces, int nparts,
                    int *part);

/** A node of the surface also has a row in the boundary matrix and takes part in interpolating its potential. */
#define WEISS_SURFACE_WEIGHT 2

/** Numbers nodes part by part, in each part by reverse Cuthill-McKee, and tetrahedra by their lowest new node.
 *  Local. @return 0, WEISS_ERR_MEMORY */
int weiss_numbering_make(weiss_context *ctx, const weiss_tetmesh *mesh, const weiss_lists *neighbours,
                         const int *part, int nparts, weiss_numbering *out);

#endif
