/* Solids that Gmsh meshes: what a shape must tell, and the one path from there to a mesh. Rank 0 only. */
#ifndef WEISS_MESH_SOLID_H
#define WEISS_MESH_SOLID_H

#include "mesh/gmsh_library.h"
#include "mesh/tetmesh.h"
#include "problem/schema.h"

/** A solid centred at the origin. Gmsh's tolerances are absolute, so it works in units of max_edge; so do the functions
 *  here. */
typedef struct weiss_solid weiss_solid;
struct weiss_solid {
    const char *name; /**< for messages */
    double extent[3]; /**< full lengths along x, y, z */
    double volume;
    /** Adds the solid to the model. @return an error code of Gmsh, 0 when all is well */
    int (*build)(const weiss_gmsh *gmsh, const weiss_solid *solid);
    /** Distance of an inner point to the surface (may be estimated). */
    double (*surface_distance)(const weiss_solid *solid, const double x[3]);
    /** Distance to the nearest sharp edge; NULL when the solid has none. */
    double (*rim_distance)(const weiss_solid *solid, const double x[3]);
};

/** Meshes a solid with the sizes that the `mesh:` map asks for (max_edge, grading). @p solid comes in metres and is
 *  scaled in place. The mesh is in metres, region 1. Local. The same request gives the same mesh.
 *  @return 0, WEISS_ERR_VALUE, WEISS_ERR_LIBRARY, WEISS_ERR_MEMORY */
int weiss_solid_mesh(weiss_context *ctx, const weiss_value *mesh, weiss_solid *solid, weiss_tetmesh **out);

/** Members of `grading:`. */
extern const weiss_key weiss_grading_members[];

#endif
