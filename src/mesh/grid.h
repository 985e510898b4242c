/* A structured box of tetrahedra, for tests and for `mesh: {grid: ...}`. */
#ifndef WEISS_MESH_GRID_H
#define WEISS_MESH_GRID_H

#include "mesh/tetmesh.h"

/** Fills a box, centred at the origin, with cells[0] x cells[1] x cells[2] cuboids of six tetrahedra each. Neighbouring
 *  cells are mirror images of each other, so that diagonals match and no direction is preferred. Node (i, j, k) is
 *  number i + (cells[0] + 1) * (j + (cells[1] + 1) * k). Local.
 *  @param cut   ncuts positions along x, ascending, as distances from the low end of the box (m): each must lie between
 *               two layers of cells. Region numbers are 1, 2, ... from the low end; all 1 when ncuts is 0.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_VALUE */
int weiss_tetmesh_grid(weiss_context *ctx, const double size[3], const int64_t cells[3], const double *cut,
                       size_t ncuts, weiss_tetmesh **out);

#endif
