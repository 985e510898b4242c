/* cylinder: {radius, height} along z; sphere: {radius}; ellipsoid: {semi_axes}. All centred at the origin. */
#include "mesh/shapes.h"
#include "mesh/solid.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

#define LENGTH_KEY(key, words, shown)                                                                        \
    {                                                                                                        \
        .name = key, .kind = WEISS_KIND_NUMBER, .quantity = WEISS_LENGTH, .required = true,                  \
        .positive = true, .help = words, .example = shown                                                    \
    }

const weiss_key weiss_shape_cylinder_members[] = {LENGTH_KEY("radius", "Radius", "50 nm"),
                                                  LENGTH_KEY("height", "Height, along z", "20 nm"),
                                                  {.name = NULL}};

const weiss_key weiss_shape_sphere_members[] = {LENGTH_KEY("radius", "Radius", "10 nm"), {.name = NULL}};

const weiss_key weiss_shape_ellipsoid_members[] = {{.name = "semi_axes",
                                                    .kind = WEISS_KIND_VECTOR,
                                                    .quantity = WEISS_LENGTH,
                                                    .required = true,
                                                    .positive = true,
                                                    .help = "Half lengths along x, y, z",
                                                    .example = "[30 nm, 10 nm, 10 nm]"},
                                                   {.name = NULL}};

static int build_cylinder(const weiss_gmsh *gmsh, const weiss_solid *solid)
{
    int ierr;
    double height = solid->extent[2];
    gmsh->add_cylinder(0, 0, -height / 2, 0, 0, height, solid->extent[0] / 2, -1, 2 * pi, &ierr);
    return ierr;
}

static double cylinder_surface_distance(const weiss_solid *solid, const double x[3])
{
    return fmin(solid->extent[0] / 2 - hypot(x[0], x[1]), solid->extent[2] / 2 - fabs(x[2]));
}

static double cylinder_rim_distance(const weiss_solid *solid, const double x[3])
{
    return hypot(solid->extent[0] / 2 - hypot(x[0], x[1]), solid->extent[2] / 2 - fabs(x[2]));
}

int weiss_shape_cylinder(weiss_context *ctx, const weiss_value *mesh, const weiss_value *shape,
                         weiss_tetmesh **out)
{
    double radius = weiss_value_number(shape, "radius"), height = weiss_value_number(shape, "height");
    weiss_solid solid = {.name = "cylinder",
                         .extent = {2 * radius, 2 * radius, height},
                         .volume = pi * radius * radius * height,
                         .build = build_cylinder,
                         .surface_distance = cylinder_surface_distance,
                         .rim_distance = cylinder_rim_distance};
    return weiss_solid_mesh(ctx, mesh, &solid, out);
}

/** A unit sphere, stretched when the axes differ (a stretched surface has no simple form in the geometry kernel). */
static int build_ellipsoid(const weiss_gmsh *gmsh, const weiss_solid *solid)
{
    int ierr, volume[2] = {3, 0};
    const double *l = solid->extent;
    bool sphere = l[0] == l[1] && l[1] == l[2];
    volume[1] = gmsh->add_sphere(0, 0, 0, sphere ? l[0] / 2 : 1, -1, -pi / 2, pi / 2, 2 * pi, &ierr);
    if (ierr == 0 && !sphere)
        gmsh->dilate(volume, 2, 0, 0, 0, l[0] / 2, l[1] / 2, l[2] / 2, &ierr);
    return ierr;
}

/** To first order in the distance: f / |grad f| of f = 1 - sum (x/a)^2; exact for a sphere's centre and surface. */
static double ellipsoid_surface_distance(const weiss_solid *solid, const double x[3])
{
    double level = 0, slope = 0;
    for (int k = 0; k < 3; k++) {
        double a = solid->extent[k] / 2, scaled = x[k] / a;
        level += scaled * scaled;
        slope += scaled * scaled / (a * a);
    }
    double radius = sqrt(level),
           shortest = fmin(solid->extent[0], fmin(solid->extent[1], solid->extent[2])) / 2;
    return slope > 0 ? (1 - radius) * radius / sqrt(slope) : shortest;
}

static int mesh_ellipsoid(weiss_context *ctx, const weiss_value *mesh, const char *name,
                          const double semi_axes[3], weiss_tetmesh **out)
{
    const double *a = semi_axes;
    weiss_solid solid = {.name = name,
                         .extent = {2 * a[0], 2 * a[1], 2 * a[2]},
                         .volume = 4 * pi / 3 * a[0] * a[1] * a[2],
                         .build = build_ellipsoid,
                         .surface_distance = ellipsoid_surface_distance};
    return weiss_solid_mesh(ctx, mesh, &solid, out);
}

int weiss_shape_sphere(weiss_context *ctx, const weiss_value *mesh, const weiss_value *shape,
                       weiss_tetmesh **out)
{
    double radius = weiss_value_number(shape, "radius");
    return mesh_ellipsoid(ctx, mesh, "sphere", (double[]){radius, radius, radius}, out);
}

int weiss_shape_ellipsoid(weiss_context *ctx, const weiss_value *mesh, const weiss_value *shape,
                          weiss_tetmesh **out)
{
    return mesh_ellipsoid(ctx, mesh, "ellipsoid", weiss_value_vector(shape, "semi_axes"), out);
}
