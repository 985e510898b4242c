/* The shapes that `mesh:` knows. A new one is a file with a function and a line in WEISS_SHAPES. */
#ifndef WEISS_MESH_SHAPES_H
#define WEISS_MESH_SHAPES_H

#include "mesh/source.h"

extern const weiss_key weiss_shape_cylinder_members[];
extern const weiss_key weiss_shape_sphere_members[];
extern const weiss_key weiss_shape_ellipsoid_members[];
extern const weiss_key weiss_shape_grid_members[];

/** X(name, fields of its weiss_key). The function that makes it is weiss_shape_NAME. */
#define WEISS_SHAPES(X)                                                                                      \
    X(box, .kind = WEISS_KIND_VECTOR, .quantity = WEISS_LENGTH, .positive = true,                            \
      .help = "Box with these lengths along x, y, z, centred at the origin (Gmsh)",                          \
      .example = "[30 nm, 30 nm, 100 nm]")                                                                   \
    X(cylinder, .kind = WEISS_KIND_MAP, .members = weiss_shape_cylinder_members,                             \
      .help = "Cylinder along z, centred at the origin (Gmsh)", .example = "{radius: 50 nm, height: 20 nm}") \
    X(sphere, .kind = WEISS_KIND_MAP, .members = weiss_shape_sphere_members, .bare = "radius",               \
      .help = "Sphere, centred at the origin (Gmsh)", .example = "{radius: 10 nm}")                          \
    X(ellipsoid, .kind = WEISS_KIND_MAP, .members = weiss_shape_ellipsoid_members, .bare = "semi_axes",      \
      .help = "Ellipsoid, centred at the origin (Gmsh)", .example = "{semi_axes: [30 nm, 10 nm, 10 nm]}")    \
    X(grid, .kind = WEISS_KIND_MAP, .members = weiss_shape_grid_members,                                     \
      .help = "Structured box of tetrahedra, centred at the origin (needs neither Gmsh nor max_edge)",       \
      .example = "{size: [80 nm, 4 nm, 4 nm], cells: [80, 4, 4]}")

#define X(shape, ...)                                                                                        \
    int weiss_shape_##shape(weiss_context *ctx, const weiss_value *mesh, const weiss_value *value,           \
                            weiss_tetmesh **out);
WEISS_SHAPES(X)
#undef X

#endif
