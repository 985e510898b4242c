/* Faces of the tetrahedra of a whole mesh: which bound a body, and whether the elements fit together. Rank 0 only. */
#ifndef WEISS_MESH_FACES_H
#define WEISS_MESH_FACES_H

#include "mesh/tetmesh.h"

/** Faces that belong to one tetrahedron only. */
typedef struct weiss_faces {
    weiss_gidx n;
    weiss_gidx
        *node; /**< 3 * n, counter-clockwise seen from outside, lowest node first; ascending order; owned */
    weiss_gidx *tet; /**< n, the tetrahedron it belongs to; owned */
} weiss_faces;

void weiss_faces_free(weiss_faces *faces);

/** Finds the faces that bound the bodies. Needs positively oriented tetrahedra. Local.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH when more than two tetrahedra share a face, or two lie on the same side of
 *  the face that they share (overlapping elements); the message names elements (from 1) and the place */
int weiss_faces_find(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_faces *out);

#endif
