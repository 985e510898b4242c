/* Places at which a surface touches itself. Rank 0 only. */
#ifndef WEISS_MESH_PINCH_H
#define WEISS_MESH_PINCH_H

#include "mesh/faces.h"

/** Counts edges that belong to more than two boundary faces, and nodes (not on such edges) at which the boundary faces
 *  form more than one fan. Local. @return 0, WEISS_ERR_MEMORY */
int weiss_faces_count_pinches(weiss_context *ctx, const weiss_faces *faces, weiss_gidx nnodes,
                              weiss_gidx *nedges, weiss_gidx *nnodes_pinched);

#endif
