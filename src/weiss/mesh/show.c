/* The facts of a mesh, printed. */
#include "base/text.h"
#include "base/units.h"
#include "mesh/faces.h"
#include "mesh/geometry.h"
#include "mesh/graph.h"
#include "mesh/source.h"
#include "weiss/mesh/mesh.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Totals of one region. */
typedef struct region {
    int tag;
    weiss_gidx ntets;
    double volume;
} region;

typedef struct facts {
    double low[3], high[3];
    double edge_min, edge_max,
        edge_mean; /**< over the edges of each tetrahedron: inner edges count several times */
    double worst; /**< quality of the worst tetrahedron */
    double mean_quality;
    region *regions; /**< owned; in the order of their first tetrahedron */
    size_t nregions, capacity;
} facts;

/** Shape of a tetrahedron, 12 (3 V)^(2/3) over the sum of its squared edges: 1 when regular, 0 when flat. */
static double quality(double volume, const double edge[6])
{
    double sum = 0.0;
    for (int i = 0; i < 6; i++)
        sum += edge[i] * edge[i];
    return sum > 0.0 ? 12.0 * pow(3.0 * fabs(volume), 2.0 / 3.0) / sum : 0.0;
}

static int add_to_region(weiss_context *ctx, facts *f, int tag, double volume)
{
    size_t i = 0;
    while (i < f->nregions && f->regions[i].tag != tag)
        i++;
    if (i == f->nregions) {
        WEISS_TRY(weiss_grow(ctx, &f->regions, &f->capacity, f->nregions + 1, sizeof *f->regions));
        f->regions[f->nregions++] = (region){.tag = tag};
    }
    f->regions[i].ntets++;
    f->regions[i].volume += fabs(volume);
    return 0;
}

static int gather(weiss_context *ctx, const weiss_tetmesh *mesh, facts *f)
{
    *f = (facts){.low = {INFINITY, INFINITY, INFINITY},
                 .high = {-INFINITY, -INFINITY, -INFINITY},
                 .edge_min = INFINITY,
                 .worst = INFINITY};
    for (weiss_gidx i = 0; i < 3 * mesh->nnodes; i++) {
        f->low[i % 3] = fmin(f->low[i % 3], mesh->xyz[i]);
        f->high[i % 3] = fmax(f->high[i % 3], mesh->xyz[i]);
    }
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        const double *corner[4];
        double edge[6];
        for (int k = 0; k < 4; k++)
            corner[k] = &mesh->xyz[3 * mesh->tet[4 * e + k]];
        for (int k = 0; k < 6; k++) {
            edge[k] = weiss_distance(corner[weiss_tet_edge[k][0]], corner[weiss_tet_edge[k][1]]);
            f->edge_min = fmin(f->edge_min, edge[k]);
            f->edge_max = fmax(f->edge_max, edge[k]);
            f->edge_mean += edge[k] / (6.0 * (double)mesh->ntets);
        }
        double volume = weiss_tet_volume(corner[0], corner[1], corner[2], corner[3]),
               q = quality(volume, edge);
        f->worst = fmin(f->worst, q);
        f->mean_quality += q / (double)mesh->ntets;
        WEISS_TRY(add_to_region(ctx, f, mesh->region[e], volume));
    }
    return 0;
}

/** Number of triangles of the surface, and of bodies. */
static int count_surface(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_gidx *triangles, int *nbodies)
{
    int code;
    weiss_faces faces = {0};
    weiss_lidx *body = NULL;
    WEISS_TRY_OUT(code, weiss_faces_find(ctx, mesh, &faces));
    *triangles = faces.n;
    WEISS_TRY_OUT(code, weiss_graph_bodies(ctx, mesh, &body, nbodies));
out:
    free(body);
    weiss_faces_free(&faces);
    return code;
}

/** A length in metres with a prefix, or as the file has it. */
static const char *length_text(double value, bool metres, char *out, size_t size)
{
    if (metres)
        return weiss_format_quantity(value, WEISS_LENGTH, 4, out, size);
    snprintf(out, size, "%.4g", value);
    return out;
}

static void print_regions(const weiss_tetmesh *mesh, const facts *f, bool metres)
{
    char shown[WEISS_TEXT_SHOWN];
    for (size_t i = 0; i < f->nregions; i++) {
        const region *r = &f->regions[i];
        const char *name = weiss_tetmesh_region_name(mesh, r->tag);
        printf("region %d%s%s%s: %lld tetrahedra, volume %.6g%s\n", r->tag, name[0] != '\0' ? " \"" : "",
               weiss_text_show(name, shown), name[0] != '\0' ? "\"" : "", (long long)r->ntets, r->volume,
               metres ? " m^3" : "");
    }
}

int weiss_mesh_show(weiss_context *ctx, const weiss_tetmesh *mesh, const char *name, bool metres)
{
    facts f = {0};
    char a[32], b[32], c[32];
    weiss_gidx triangles = 0;
    int nbodies = 0, code;
    WEISS_TRY_OUT(code, gather(ctx, mesh, &f));
    WEISS_TRY_OUT(code, count_surface(ctx, mesh, &triangles, &nbodies));
    printf("%s: %lld nodes, %lld tetrahedra, %lld surface triangles, %d %s\n", name, (long long)mesh->nnodes,
           (long long)mesh->ntets, (long long)triangles, nbodies, nbodies == 1 ? "body" : "bodies");
    printf("size: %s x %s x %s%s\n", length_text(f.high[0] - f.low[0], metres, a, sizeof a),
           length_text(f.high[1] - f.low[1], metres, b, sizeof b),
           length_text(f.high[2] - f.low[2], metres, c, sizeof c), metres ? "" : ", in units of the file");
    printf("edges: %s to %s, mean %s\n", length_text(f.edge_min, metres, a, sizeof a),
           length_text(f.edge_max, metres, b, sizeof b), length_text(f.edge_mean, metres, c, sizeof c));
    printf("quality: worst %.2f, mean %.2f (1 is a regular tetrahedron, 0 a flat one)\n", f.worst,
           f.mean_quality);
    print_regions(mesh, &f, metres);
out:
    free(f.regions);
    return code;
}

int weiss_mesh_check_format(weiss_context *ctx, const char *format)
{
    char shown[WEISS_TEXT_SHOWN], known[512] = "";
    for (int i = 0; weiss_mesh_format_table[i] != NULL; i++) {
        const weiss_mesh_format *one = weiss_mesh_format_table[i];
        if (one->write == NULL)
            continue;
        if (strcmp(one->name, format) == 0)
            return 0;
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used > 0 ? ", " : "", one->name);
    }
    return weiss_fail(ctx, WEISS_ERR_USAGE, "no mesh can be written as \"%s\"; the formats are %s",
                      weiss_text_show(format, shown), known);
}

int weiss_mesh_parse_unit(weiss_context *ctx, const char *unit, double *metres)
{
    char text[64], why[160], shown[WEISS_TEXT_SHOWN];
    *metres = 0.0;
    if (unit == NULL)
        return 0;
    snprintf(text, sizeof text, "1 %s", unit);
    if (!weiss_parse_quantity(text, WEISS_LENGTH, metres, why, sizeof why))
        return weiss_fail(ctx, WEISS_ERR_USAGE, "--unit: expected a unit of length such as nm, found \"%s\"",
                          weiss_text_show(unit, shown));
    return 0;
}
