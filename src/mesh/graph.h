/* Who touches whom in a whole mesh: tetrahedra of each node, neighbours of each node, connected bodies. Rank 0 only. */
#ifndef WEISS_MESH_GRAPH_H
#define WEISS_MESH_GRAPH_H

#include "mesh/tetmesh.h"

/** Lists, one per node, in one array: the list of node i is item[start[i]] .. item[start[i + 1] - 1]. */
typedef struct weiss_lists {
    weiss_lidx n;
    weiss_lidx *start; /**< n + 1; owned */
    weiss_lidx *item; /**< start[n], ascending within each list; owned */
} weiss_lists;

void weiss_lists_free(weiss_lists *lists);

/** Tetrahedra that touch each node. Local. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH (more than 2^29 tetrahedra) */
int weiss_graph_node_tets(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_lists *out);

/** Nodes that share a tetrahedron with each node, itself left out. Local.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH (more than 2^31 neighbours in all) */
int weiss_graph_node_nodes(weiss_context *ctx, const weiss_tetmesh *mesh, const weiss_lists *tets,
                           weiss_lists *out);

/** Numbers the connected bodies (parts that share no node) in the order of their lowest node. Local.
 *  @param[out] body  nnodes, free with free()
 *  @return 0, WEISS_ERR_MEMORY */
int weiss_graph_bodies(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_lidx **body, int *nbodies);

#endif
