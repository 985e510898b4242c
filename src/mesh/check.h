/* What a whole mesh must be before it can be distributed. Rank 0 only. */
#ifndef WEISS_MESH_CHECK_H
#define WEISS_MESH_CHECK_H

#include "mesh/tetmesh.h"

/** Beyond it volumes would overflow, m. */
#define WEISS_LARGEST_COORDINATE 1e50

/** Checks that at least one tetrahedron exists, all node numbers are in range, all coordinates are numbers below
 *  WEISS_LARGEST_COORDINATE, every node belongs to a tetrahedron, and every tetrahedron has a positive volume. Local.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH (message names the element or node, counted from 1) */
int weiss_tetmesh_check(weiss_context *ctx, const weiss_tetmesh *mesh);

/** The part of it that needs no elements: there are some, and coordinates are in range. @return 0, WEISS_ERR_MESH */
int weiss_tetmesh_check_coordinates(weiss_context *ctx, const weiss_tetmesh *mesh);

#endif
