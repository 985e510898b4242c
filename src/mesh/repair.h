/* Changes that make a whole mesh usable. Rank 0 only; all functions here are local. */
#ifndef WEISS_MESH_REPAIR_H
#define WEISS_MESH_REPAIR_H

#include "mesh/tetmesh.h"

/** Turns elements of negative volume by swapping two corners. The volume of elements with keep[e] false
 *  does not matter (@p keep NULL: that of all does).
 *  @return 0, WEISS_ERR_MESH when an element has no volume (number, nodes and place), or names a node that is not there */
int weiss_tetmesh_orient(weiss_context *ctx, weiss_tetmesh *mesh, const bool *keep, weiss_gidx *nturned);

/** Leaves out elements with keep[e] false. Nodes stay. */
void weiss_tetmesh_keep(weiss_tetmesh *mesh, const bool *keep);

/** Leaves out nodes that no element uses. @return 0, WEISS_ERR_MEMORY */
int weiss_tetmesh_drop_unused(weiss_context *ctx, weiss_tetmesh *mesh, weiss_gidx *ndropped);

/** Refuses a mesh with two nodes at the same place (closer than 1e-3 of the shortest edge, @p edge_min).
 *  @return 0, WEISS_ERR_MESH (number of pairs, the first one and its place), WEISS_ERR_MEMORY */
int weiss_tetmesh_refuse_duplicates(weiss_context *ctx, const weiss_tetmesh *mesh, double edge_min);

#endif
