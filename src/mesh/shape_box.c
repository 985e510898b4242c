/* box: [x, y, z], centred at the origin. */
#include "mesh/shapes.h"
#include "mesh/solid.h"

#include <math.h>

static int build(const weiss_gmsh *gmsh, const weiss_solid *solid)
{
    int ierr;
    const double *l = solid->extent;
    gmsh->add_box(-l[0] / 2, -l[1] / 2, -l[2] / 2, l[0], l[1], l[2], -1, &ierr);
    return ierr;
}

/** Distances to the nearest face along each axis. */
static void face_distances(const weiss_solid *solid, const double x[3], double distance[3])
{
    for (int k = 0; k < 3; k++)
        distance[k] = solid->extent[k] / 2 - fabs(x[k]);
}

static double surface_distance(const weiss_solid *solid, const double x[3])
{
    double d[3];
    face_distances(solid, x, d);
    return fmin(d[0], fmin(d[1], d[2]));
}

static double rim_distance(const weiss_solid *solid, const double x[3])
{
    double d[3];
    face_distances(solid, x, d);
    return fmin(hypot(d[0], d[1]), fmin(hypot(d[1], d[2]), hypot(d[2], d[0])));
}

int weiss_shape_box(weiss_context *ctx, const weiss_value *mesh, const weiss_value *shape,
                    weiss_tetmesh **out)
{
    const double *l = shape->numbers;
    weiss_solid solid = {.name = "box",
                         .extent = {l[0], l[1], l[2]},
                         .volume = l[0] * l[1] * l[2],
                         .build = build,
                         .surface_distance = surface_distance,
                         .rim_distance = rim_distance};
    return weiss_solid_mesh(ctx, mesh, &solid, out);
}
