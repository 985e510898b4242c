#include "mesh/quality.h"

#include "mesh/geometry.h"
#include "mesh/graph.h"
#include "mesh/pinch.h"

#include <stdlib.h>
#include <string.h>

void weiss_mesh_quality_free(weiss_mesh_quality *quality)
{
    free(quality->regions);
    memset(quality, 0, sizeof *quality);
}

static void get_corners(const weiss_tetmesh *mesh, weiss_gidx e, const double *x[4])
{
    for (int c = 0; c < 4; c++)
        x[c] = mesh->xyz + 3 * mesh->tet[4 * e + c];
}

/** 3 r / R = 216 V^2 / (S sqrt((p+q+r)(p+q-r)(p-q+r)(-p+q+r))), with the area S of the faces and the products p, q, r of
 *  opposite edges (r = 3V / S; 24 V R is the root). */
static double radius_ratio(const double *const x[4])
{
    double area = 0, volume = weiss_tet_volume(x[0], x[1], x[2], x[3]);
    for (int f = 0; f < 4; f++)
        area +=
            weiss_triangle_area(x[weiss_tet_face[f][0]], x[weiss_tet_face[f][1]], x[weiss_tet_face[f][2]]);
    double p = weiss_distance(x[0], x[1]) * weiss_distance(x[2], x[3]);
    double q = weiss_distance(x[0], x[2]) * weiss_distance(x[1], x[3]);
    double r = weiss_distance(x[0], x[3]) * weiss_distance(x[1], x[2]);
    double square = (p + q + r) * (p + q - r) * (p - q + r) * (-p + q + r);
    return square > 0 ? 216 * volume * volume / (area * sqrt(square)) : 0;
}

/** Widens [*low, *high] by the six angles between the faces. */
static void face_angles(const double *const x[4], double *low, double *high)
{
    double normal[4][3];
    for (int f = 0; f < 4; f++) {
        double a[3], b[3];
        weiss_subtract(x[weiss_tet_face[f][1]], x[weiss_tet_face[f][0]], a);
        weiss_subtract(x[weiss_tet_face[f][2]], x[weiss_tet_face[f][0]], b);
        weiss_cross(a, b, normal[f]);
    }
    for (int k = 0; k < 6; k++) {
        const double *a = normal[weiss_tet_edge[k][0]], *b = normal[weiss_tet_edge[k][1]];
        double cosine = -weiss_dot(a, b) / sqrt(weiss_dot(a, a) * weiss_dot(b, b));
        double angle = acos(fmax(-1, fmin(1, cosine)));
        *low = fmin(*low, angle);
        *high = fmax(*high, angle);
    }
}

static int by_tag(const void *a, const void *b)
{
    const weiss_region_facts *x = a, *y = b;
    return (x->tag > y->tag) - (x->tag < y->tag);
}

/** The facts of a region; adds it when it is new. NULL when out of memory (error stored). */
static weiss_region_facts *find_region(weiss_context *ctx, const weiss_tetmesh *mesh, int tag,
                                       size_t *capacity, weiss_mesh_quality *q)
{
    for (int r = 0; r < q->nregions; r++)
        if (q->regions[r].tag == tag)
            return &q->regions[r];
    if (weiss_grow(ctx, &q->regions, capacity, (size_t)q->nregions + 1, sizeof *q->regions) != 0)
        return NULL;
    q->regions[q->nregions] = (weiss_region_facts){.tag = tag, .name = weiss_tetmesh_region_name(mesh, tag)};
    return &q->regions[q->nregions++];
}

static int measure_tets(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_mesh_quality *q)
{
    size_t capacity = 0;
    q->ratio_min = HUGE_VAL;
    q->angle_min = HUGE_VAL;
    weiss_region_facts *region = NULL;
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        const double *x[4];
        get_corners(mesh, e, x);
        double volume = weiss_tet_volume(x[0], x[1], x[2], x[3]), ratio = radius_ratio(x);
        if (region == NULL || region->tag != mesh->region[e])
            region = find_region(ctx, mesh, mesh->region[e], &capacity, q);
        if (region == NULL)
            return WEISS_ERR_MEMORY;
        region->ntets++;
        region->volume += volume;
        q->volume += volume;
        q->ratio_mean += ratio / (double)mesh->ntets;
        q->nflat += ratio < WEISS_FLAT_RATIO;
        if (ratio < q->ratio_min) {
            q->ratio_min = ratio;
            q->worst = e;
        }
        face_angles(x, &q->angle_min, &q->angle_max);
    }
    qsort(q->regions, (size_t)q->nregions, sizeof *q->regions, by_tag);
    return 0;
}

static int measure_edges(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_mesh_quality *q)
{
    int code = 0;
    weiss_lists tets = {0}, neighbours = {0};
    WEISS_TRY_OUT(code, weiss_graph_node_tets(ctx, mesh, &tets));
    WEISS_TRY_OUT(code, weiss_graph_node_nodes(ctx, mesh, &tets, &neighbours));
    q->edge_min = HUGE_VAL;
    for (weiss_lidx i = 0; i < neighbours.n; i++)
        for (weiss_lidx k = neighbours.start[i]; k < neighbours.start[i + 1]; k++) {
            if (neighbours.item[k] < i)
                continue;
            double length =
                weiss_distance(mesh->xyz + 3 * (size_t)i, mesh->xyz + 3 * (size_t)neighbours.item[k]);
            q->edge_min = fmin(q->edge_min, length);
            q->edge_max = fmax(q->edge_max, length);
            q->edge_mean += length;
            q->nedges++;
        }
    q->edge_mean /= (double)q->nedges;
out:
    weiss_lists_free(&tets);
    weiss_lists_free(&neighbours);
    return code;
}

static int measure_surface(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_mesh_quality *q)
{
    int code = 0;
    weiss_faces faces = {0};
    bool *seen = NULL;
    WEISS_TRY_OUT(code, weiss_faces_find(ctx, mesh, &faces));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, seen, mesh->nnodes));
    q->ntriangles = faces.n;
    for (weiss_gidx f = 0; f < faces.n; f++) {
        const weiss_gidx *v = faces.node + 3 * f;
        q->area += weiss_triangle_area(mesh->xyz + 3 * v[0], mesh->xyz + 3 * v[1], mesh->xyz + 3 * v[2]);
        for (int k = 0; k < 3; k++) {
            q->nsurface_nodes += !seen[v[k]];
            seen[v[k]] = true;
        }
    }
    code = weiss_faces_count_pinches(ctx, &faces, mesh->nnodes, &q->npinched_edges, &q->npinched_nodes);
out:
    weiss_faces_free(&faces);
    free(seen);
    return code;
}

int weiss_mesh_measure(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_mesh_quality *quality)
{
    int code = 0;
    weiss_lidx *body = NULL;
    memset(quality, 0, sizeof *quality);
    quality->nnodes = mesh->nnodes;
    quality->ntets = mesh->ntets;
    for (int k = 0; k < 3; k++) {
        quality->low[k] = HUGE_VAL;
        quality->high[k] = -HUGE_VAL;
        for (weiss_gidx i = 0; i < mesh->nnodes; i++) {
            quality->low[k] = fmin(quality->low[k], mesh->xyz[3 * i + k]);
            quality->high[k] = fmax(quality->high[k], mesh->xyz[3 * i + k]);
        }
    }
    WEISS_TRY_OUT(code, measure_tets(ctx, mesh, quality));
    WEISS_TRY_OUT(code, measure_edges(ctx, mesh, quality));
    WEISS_TRY_OUT(code, measure_surface(ctx, mesh, quality));
    WEISS_TRY_OUT(code, weiss_graph_bodies(ctx, mesh, &body, &quality->nbodies));
out:
    free(body);
    if (code != 0)
        weiss_mesh_quality_free(quality);
    return code;
}

void weiss_mesh_count_edges(const weiss_tetmesh *mesh, int tag, double limit, weiss_edge_count *count)
{
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        const double *x[4];
        if (mesh->region[e] != tag)
            continue;
        get_corners(mesh, e, x);
        for (int k = 0; k < 6; k++) {
            double length = weiss_distance(x[weiss_tet_edge[k][0]], x[weiss_tet_edge[k][1]]);
            count->all++;
            count->above += length > limit;
            count->longest = fmax(count->longest, length);
        }
    }
}
