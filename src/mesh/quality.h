/* How good a whole mesh is, and what must be said about it. Rank 0 only; all functions here are local. */
#ifndef WEISS_MESH_QUALITY_H
#define WEISS_MESH_QUALITY_H

#include "mesh/faces.h"
#include "mesh/tetmesh.h"

/** Elements of one physical region. */
typedef struct weiss_region_facts {
    int tag;
    const char *name; /**< "" when none; borrowed from the mesh */
    weiss_gidx ntets;
    double volume; /**< m^3 */
} weiss_region_facts;

typedef struct weiss_mesh_quality {
    weiss_gidx nnodes, ntets;
    weiss_gidx nsurface_nodes, ntriangles;
    double low[3], high[3]; /**< corners of the bounding box, m */
    weiss_gidx nedges;
    double edge_min, edge_mean, edge_max; /**< m */
    double volume; /**< m^3 */
    double area; /**< of the surface, m^2 */
    /** 3 x radius of the inscribed sphere / radius of the circumscribed sphere: 1 for a regular tetrahedron, 0 for a flat
     *  one. */
    double ratio_min, ratio_mean;
    weiss_gidx worst; /**< element with ratio_min, from 0 */
    weiss_gidx nflat; /**< elements with a ratio below WEISS_FLAT_RATIO */
    double angle_min, angle_max; /**< between faces, rad */
    int nregions;
    weiss_region_facts *regions; /**< ascending tags; owned */
    int nbodies; /**< parts that share no node */
    weiss_gidx nturned; /**< elements that were turned inside out (weiss_mesh_inspect puts them right) */
    weiss_gidx nunused; /**< nodes that belonged to no element (weiss_mesh_inspect drops them) */
    weiss_gidx npinched_edges; /**< edges at which more than two surface triangles meet */
    weiss_gidx npinched_nodes; /**< other nodes at which the surface touches itself */
} weiss_mesh_quality;

/** Elements flatter than this spoil the accuracy around them and are warned of. */
#define WEISS_FLAT_RATIO 0.05

void weiss_mesh_quality_free(weiss_mesh_quality *quality);

/** Makes a mesh usable and measures it: turns wrongly oriented elements (a note), leaves out unused nodes (a note),
 *  refuses degenerate elements, nodes at the same place, overlapping elements; warns of flat elements and of surfaces
 *  that touch themselves; notes several bodies. Coordinates must be in metres.
 *  @param keep     ntets: elements to keep, the others are left out first (unused nodes then are no surprise); NULL: all
 *  @param[out] quality  free with weiss_mesh_quality_free
 *  @return 0, WEISS_ERR_MESH, WEISS_ERR_MEMORY */
int weiss_mesh_inspect(weiss_context *ctx, weiss_tetmesh *mesh, const bool *keep,
                       weiss_mesh_quality *quality);

/** Measures without changing or judging; the mesh must pass weiss_tetmesh_check. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH */
int weiss_mesh_measure(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_mesh_quality *quality);

/** Edges of elements; an edge counts once for each element around it. */
typedef struct weiss_edge_count {
    weiss_gidx all, above; /**< above: longer than the limit */
    double longest; /**< m */
} weiss_edge_count;

/** Adds the edges of the elements of region @p tag to @p count. @param limit  m. Local. */
void weiss_mesh_count_edges(const weiss_tetmesh *mesh, int tag, double limit, weiss_edge_count *count);

#endif
