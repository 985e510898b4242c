#include "mesh/solid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Asked for edges of length 1, Gmsh makes some of 2 and a mean of 1.3. A little less gives as many nodes as a grid of
 * cubes with that edge: 4,000 for a bar of 30 x 30 x 100 nm with max_edge 3 nm. */
static const double calibration = 0.955;
/* Gmsh puts some 1.2 nodes into a cube of edge max_edge. */
static const double nodes_per_cube = 1.2, most_nodes = 2e8;

const weiss_key weiss_grading_members[] = {
    {.name = "surface_edge",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_LENGTH,
     .positive = true,
     .help = "Length of edges at the surface, at most max_edge",
     .example = "2 nm"},
    {.name = "rim_edge",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_LENGTH,
     .positive = true,
     .help = "Length of edges along the sharp edges of a box or cylinder, at most surface_edge",
     .example = "1 nm"},
    {.name = "growth",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_PURE,
     .fallback = "0.3",
     .min = 0.01,
     .max = 2,
     .help = "Increase of the edge length per distance from the surface or sharp edge, until max_edge is "
             "reached"},
    {.name = NULL}};

/** Wanted edge lengths, in units of max_edge. */
typedef struct sizing {
    const weiss_solid *solid;
    double surface, rim, growth;
} sizing;

static double size_at(int dim, int tag, double x, double y, double z, void *data)
{
    const sizing *s = data;
    const double place[3] = {x, y, z};
    double size = 1;
    (void)dim;
    (void)tag;
    if (s->surface < 1)
        size = fmin(size, s->surface + s->growth * fmax(0, s->solid->surface_distance(s->solid, place)));
    if (s->rim < s->surface)
        size = fmin(size, s->rim + s->growth * fmax(0, s->solid->rim_distance(s->solid, place)));
    return calibration * size;
}

static double largest_extent(const weiss_solid *solid)
{
    return fmax(solid->extent[0], fmax(solid->extent[1], solid->extent[2]));
}

/** Reads max_edge and the grading. */
static int read_sizes(weiss_context *ctx, const weiss_value *mesh, const weiss_solid *solid, double *max_edge,
                      sizing *sizes)
{
    const weiss_value *given = weiss_value_get(mesh, "max_edge"), *grading = weiss_value_get(mesh, "grading");
    const weiss_value *surface = weiss_value_get(grading, "surface_edge"),
                      *rim = weiss_value_get(grading, "rim_edge");
    if (given == NULL)
        return weiss_fail_at(ctx, mesh,
                             "max_edge is missing: expected the length of edges for %s, such as "
                             "`max_edge: 3 nm`",
                             solid->name);
    if (given->number > largest_extent(solid))
        return weiss_fail_at(ctx, given,
                             "%g m is longer than the %s itself (%g m): expected a shorter edge, such as "
                             "`3 nm`",
                             given->number, solid->name, largest_extent(solid));
    *max_edge = given->number;
    *sizes = (sizing){.solid = solid, .surface = 1, .rim = 1, .growth = 0};
    if (grading == NULL)
        return 0;
    sizes->growth = weiss_value_number(grading, "growth");
    if (surface != NULL)
        sizes->surface = surface->number / *max_edge;
    if (sizes->surface > 1)
        return weiss_fail_at(ctx, surface, "%g m is longer than max_edge (%g m): expected at most that",
                             surface->number, *max_edge);
    sizes->rim = sizes->surface;
    if (rim == NULL)
        return 0;
    if (solid->rim_distance == NULL)
        return weiss_fail_at(ctx, rim, "%s has no sharp edges: leave it out", solid->name);
    sizes->rim = rim->number / *max_edge;
    if (sizes->rim > sizes->surface)
        return weiss_fail_at(ctx, rim,
                             "%g m is longer than the edges at the surface (%g m): expected at most that",
                             rim->number, sizes->surface * *max_edge);
    return 0;
}

/** Refuses what would run for hours and then out of memory. The surface layer is estimated as one growth length. */
static int check_effort(weiss_context *ctx, const weiss_value *mesh, const weiss_solid *solid,
                        const sizing *sizes)
{
    double area = 2 * (solid->extent[0] * solid->extent[1] + solid->extent[1] * solid->extent[2] +
                       solid->extent[2] * solid->extent[0]);
    double nodes = nodes_per_cube * solid->volume;
    if (sizes->surface < 1)
        nodes += area / (sizes->surface * sizes->surface);
    if (nodes > most_nodes)
        return weiss_fail_at(
            ctx, weiss_value_get(mesh, "max_edge"),
            "the mesh would have about %.1g nodes: expected at most %.1g; are units and edge lengths "
            "right?",
            nodes, most_nodes);
    return 0;
}

/** Node coordinates by tag, for looking up the corners of elements. */
static int copy_mesh(weiss_context *ctx, const size_t *tag, const double *xyz, size_t nnodes,
                     const size_t *corner, size_t ncorners, weiss_tetmesh **out)
{
    int code = 0;
    weiss_gidx *index = NULL;
    size_t largest = 0, used = 0;
    weiss_tetmesh *mesh = NULL;
    for (size_t i = 0; i < nnodes; i++)
        largest = tag[i] > largest ? tag[i] : largest;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, index, largest + 1));
    for (size_t i = 0; i < ncorners; i++)
        index[corner[i]] = 1;
    for (size_t i = 0; i < nnodes; i++)
        used += index[tag[i]] != 0;
    WEISS_TRY_OUT(code, weiss_tetmesh_create(ctx, (weiss_gidx)used, (weiss_gidx)ncorners / 4, &mesh));
    used = 0;
    for (size_t i = 0; i < nnodes; i++)
        if (index[tag[i]] != 0) {
            index[tag[i]] = (weiss_gidx)used;
            memcpy(mesh->xyz + 3 * used++, xyz + 3 * i, 3 * sizeof *xyz);
        }
    for (size_t i = 0; i < ncorners; i++)
        mesh->tet[i] = index[corner[i]];
    for (weiss_gidx e = 0; e < mesh->ntets; e++)
        mesh->region[e] = 1;
    *out = mesh;
out:
    free(index);
    return code;
}

static int fetch(const weiss_gmsh *gmsh, weiss_tetmesh **out)
{
    enum { TETRAHEDRON = 4 };
    int code = 0, ierr = 0;
    size_t *tag = NULL, *element = NULL, *corner = NULL, nnodes = 0, nxyz, nparameters, nelements,
           ncorners = 0;
    double *xyz = NULL, *parameter = NULL;
    gmsh->get_nodes(&tag, &nnodes, &xyz, &nxyz, &parameter, &nparameters, -1, -1, 0, 0, &ierr);
    WEISS_TRY_OUT(code, weiss_gmsh_check(gmsh, ierr, "hand out its nodes"));
    gmsh->get_elements(TETRAHEDRON, &element, &nelements, &corner, &ncorners, -1, 0, 1, &ierr);
    WEISS_TRY_OUT(code, weiss_gmsh_check(gmsh, ierr, "hand out its elements"));
    if (ncorners == 0) {
        code = weiss_fail(gmsh->ctx, WEISS_ERR_LIBRARY, "Gmsh made no tetrahedra; try another max_edge");
        goto out;
    }
    WEISS_TRY_OUT(code, copy_mesh(gmsh->ctx, tag, xyz, nnodes, corner, ncorners, out));
out:
    gmsh->release(tag);
    gmsh->release(xyz);
    gmsh->release(parameter);
    gmsh->release(element);
    gmsh->release(corner);
    return code;
}

static int run_gmsh(const weiss_gmsh *gmsh, sizing *sizes, weiss_tetmesh **out)
{
    int ierr = sizes->solid->build(gmsh, sizes->solid);
    WEISS_TRY(weiss_gmsh_check(gmsh, ierr, "build the solid"));
    gmsh->synchronize(&ierr);
    WEISS_TRY(weiss_gmsh_check(gmsh, ierr, "build the solid"));
    gmsh->set_size_callback(size_at, sizes, &ierr);
    WEISS_TRY(weiss_gmsh_check(gmsh, ierr, "take the edge lengths"));
    gmsh->generate(3, &ierr);
    WEISS_TRY(weiss_gmsh_check(gmsh, ierr, "mesh the solid"));
    return fetch(gmsh, out);
}

int weiss_solid_mesh(weiss_context *ctx, const weiss_value *mesh, weiss_solid *solid, weiss_tetmesh **out)
{
    double max_edge = 0;
    sizing sizes;
    weiss_gmsh gmsh;
    *out = NULL;
    WEISS_TRY(read_sizes(ctx, mesh, solid, &max_edge, &sizes));
    for (int k = 0; k < 3; k++)
        solid->extent[k] /= max_edge;
    solid->volume /= max_edge * max_edge * max_edge;
    WEISS_TRY(check_effort(ctx, mesh, solid, &sizes));
    int code = weiss_gmsh_open(ctx, &gmsh);
    if (code == 0)
        code = run_gmsh(&gmsh, &sizes, out);
    weiss_gmsh_close(&gmsh);
    if (code == 0)
        weiss_tetmesh_scale(*out, max_edge);
    return code;
}
