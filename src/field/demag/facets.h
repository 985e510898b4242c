/* Flat faces of the surface, and the columns of the boundary operator.
 *
 * A point in the plane of a flat face does not feel it: the entries are exactly zero. To make whole blocks of the operator
 * vanish, columns are split by face: a node on the edge between two faces has one column for each, and u1 is copied to both
 * (B = B' P). All that lies on no large flat face is one curved part, number 0. */
#ifndef WEISS_FIELD_DEMAG_FACETS_H
#define WEISS_FIELD_DEMAG_FACETS_H

#include "field/demag/triangle.h"
#include "mesh/mesh.h"

/** A plane: normal . x = offset, for points of a flat face. */
typedef struct weiss_plane {
    double normal[3], offset;
} weiss_plane;

typedef struct weiss_facets {
    const weiss_surface *surface; /**< borrowed */
    weiss_triangle *triangle; /**< surface->ntriangles; owned */
    int32_t *triangle_face; /**< surface->ntriangles, 0: the curved part; owned */
    int32_t nfaces; /**< the curved part included, so at least 1 */
    weiss_plane *plane; /**< nfaces; that of face 0 has no meaning; owned */
    double tolerance; /**< m, how far from a plane still counts as in it */
    int64_t ncolumns;
    int32_t *column_node; /**< ncolumns, index of the surface node; owned */
    int32_t *column_face; /**< ncolumns; owned */
    int32_t *corner_column; /**< 3 * ntriangles, column of each corner; owned */
    int32_t *node_face; /**< surface->nnodes, the largest flat face of the node, else 0; owned */
} weiss_facets;

/** Finds flat faces of at least @p smallest triangles. Local; the same on every rank.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH (a triangle without area) */
int weiss_facets_create(weiss_context *ctx, const weiss_surface *surface, int64_t smallest,
                        weiss_facets **out);
void weiss_facets_destroy(weiss_facets *faces);

#endif
