#include "field/demag/facets.h"

#include <math.h>
#include <stdlib.h>

/* In a plane: within this fraction of the size of the surface, and normals parallel to the square root of it. */
#define FLAT 1e-8

/* A side of a triangle, to find its neighbours. */
typedef struct side {
    int64_t low, high;
    int64_t triangle;
} side;

static int compare_sides(const void *pa, const void *pb)
{
    const side *a = pa, *b = pb;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    return (a->triangle > b->triangle) - (a->triangle < b->triangle);
}

/* Triangles across side k of triangle t: neighbour[3 * t + k], -1 when there is none. Where more than two triangles share
 * a side (bodies that touch along an edge) one of them is named. */
static int find_neighbours(weiss_context *ctx, const weiss_surface *surface, int64_t **out)
{
    int64_t n = 3 * surface->ntriangles, *neighbour = NULL;
    side *sides = NULL;
    int code;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, neighbour, n));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, sides, n));
    for (int64_t i = 0; i < n; i++) {
        int64_t a = surface->triangle[i], b = surface->triangle[i % 3 == 2 ? i - 2 : i + 1];
        sides[i] = (side){a < b ? a : b, a < b ? b : a, i};
        neighbour[i] = -1;
    }
    qsort(sides, (size_t)n, sizeof *sides, compare_sides);
    for (int64_t i = 0; i + 1 < n; i++)
        if (sides[i].low == sides[i + 1].low && sides[i].high == sides[i + 1].high) {
            neighbour[sides[i].triangle] = sides[i + 1].triangle / 3;
            neighbour[sides[i + 1].triangle] = sides[i].triangle / 3;
        }
    *out = neighbour;
    neighbour = NULL;
out:
    free(neighbour);
    free(sides);
    return code;
}

static double extent(const weiss_surface *surface)
{
    double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY}, largest = 0;
    for (int64_t i = 0; i < 3 * surface->nnodes; i++) {
        low[i % 3] = fmin(low[i % 3], surface->xyz[i]);
        high[i % 3] = fmax(high[i % 3], surface->xyz[i]);
    }
    for (int d = 0; d < 3; d++)
        largest = fmax(largest, high[d] - low[d]);
    return largest;
}

static int set_triangles(weiss_context *ctx, weiss_facets *faces)
{
    const weiss_surface *s = faces->surface;
    for (int64_t t = 0; t < s->ntriangles; t++) {
        const weiss_gidx *corner = s->triangle + 3 * t;
        weiss_triangle_set(&faces->triangle[t], s->xyz + 3 * corner[0], s->xyz + 3 * corner[1],
                           s->xyz + 3 * corner[2]);
        if (!(faces->triangle[t].area > 0) || !isfinite(faces->triangle[t].normal[0]))
            return weiss_fail(ctx, WEISS_ERR_MESH,
                              "surface triangle with nodes %lld, %lld, %lld has no area; repair the mesh",
                              (long long)s->node[corner[0]], (long long)s->node[corner[1]],
                              (long long)s->node[corner[2]]);
    }
    return 0;
}

static bool in_plane(const weiss_facets *faces, const weiss_plane *plane, const weiss_triangle *t)
{
    double parallel = 0;
    for (int d = 0; d < 3; d++)
        parallel += plane->normal[d] * t->normal[d];
    if (parallel < 1 - FLAT)
        return false;
    for (int k = 0; k < 3; k++) {
        double height = -plane->offset;
        for (int d = 0; d < 3; d++)
            height += plane->normal[d] * t->vertex[k][d];
        if (fabs(height) > faces->tolerance)
            return false;
    }
    return true;
}

/* Collects in @p queue the triangles connected to @p seed in its plane, marking them -2; returns how many. */
static int64_t grow_face(weiss_facets *faces, const int64_t *neighbour, int64_t seed, int64_t *queue,
                         weiss_plane *plane)
{
    const weiss_triangle *first = &faces->triangle[seed];
    int64_t head = 0, tail = 0;
    plane->offset = 0;
    for (int d = 0; d < 3; d++) {
        plane->normal[d] = first->normal[d];
        plane->offset += first->normal[d] * first->centre[d];
    }
    queue[tail++] = seed;
    faces->triangle_face[seed] = -2;
    while (head < tail) {
        int64_t t = queue[head++];
        for (int k = 0; k < 3; k++) {
            int64_t next = neighbour[3 * t + k];
            if (next < 0 || faces->triangle_face[next] != -1 ||
                !in_plane(faces, plane, &faces->triangle[next]))
                continue;
            faces->triangle_face[next] = -2;
            queue[tail++] = next;
        }
    }
    return tail;
}

static int find_faces(weiss_context *ctx, weiss_facets *faces, int64_t smallest)
{
    int64_t n = faces->surface->ntriangles, *neighbour = NULL, *queue = NULL;
    size_t capacity = 0;
    int code;
    WEISS_TRY_OUT(code, find_neighbours(ctx, faces->surface, &neighbour));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, queue, n));
    WEISS_TRY_OUT(code, weiss_grow(ctx, &faces->plane, &capacity, 1, sizeof *faces->plane));
    faces->plane[0] = (weiss_plane){{0, 0, 0}, 0};
    faces->nfaces = 1;
    for (int64_t t = 0; t < n; t++)
        faces->triangle_face[t] = -1;
    for (int64_t t = 0; t < n; t++) {
        if (faces->triangle_face[t] != -1)
            continue;
        weiss_plane plane;
        int64_t count = grow_face(faces, neighbour, t, queue, &plane);
        int32_t face = 0;
        if (count >= smallest) {
            face = faces->nfaces++;
            WEISS_TRY_OUT(
                code, weiss_grow(ctx, &faces->plane, &capacity, (size_t)faces->nfaces, sizeof *faces->plane));
            faces->plane[face] = plane;
        }
        for (int64_t i = 0; i < count; i++)
            faces->triangle_face[queue[i]] = face;
    }
out:
    free(neighbour);
    free(queue);
    return code;
}

/* Numbers the columns face by face, in the order of the triangles, and names the largest flat face of each node. */
static int number_columns(weiss_context *ctx, weiss_facets *faces)
{
    const weiss_surface *s = faces->surface;
    int64_t *start = NULL, *order = NULL, *size = NULL;
    int32_t *last = NULL;
    int code;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, start, faces->nfaces + 1));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, size, faces->nfaces));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, order, s->ntriangles));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, last, s->nnodes)); /* newest column of a node, plus 1 */
    for (int64_t t = 0; t < s->ntriangles; t++)
        size[faces->triangle_face[t]]++;
    for (int32_t f = 0; f < faces->nfaces; f++)
        start[f + 1] = start[f] + size[f];
    for (int64_t t = 0; t < s->ntriangles; t++)
        order[start[faces->triangle_face[t]]++] = t;
    for (int64_t i = 0; i < s->ntriangles; i++) {
        int64_t t = order[i];
        int32_t face = faces->triangle_face[t];
        for (int k = 0; k < 3; k++) {
            weiss_gidx node = s->triangle[3 * t + k];
            int32_t column = last[node] - 1;
            if (column < 0 || faces->column_face[column] != face) {
                column = (int32_t)faces->ncolumns++;
                last[node] = column + 1;
                faces->column_node[column] = (int32_t)node;
                faces->column_face[column] = face;
                if (face > 0 && (faces->node_face[node] == 0 || size[face] > size[faces->node_face[node]]))
                    faces->node_face[node] = face;
            }
            faces->corner_column[3 * t + k] = column;
        }
    }
out:
    free(start);
    free(size);
    free(order);
    free(last);
    return code;
}

int weiss_facets_create(weiss_context *ctx, const weiss_surface *surface, int64_t smallest,
                        weiss_facets **out)
{
    weiss_facets *faces = NULL;
    int64_t corners = 3 * surface->ntriangles;
    int code;
    *out = NULL;
    WEISS_TRY(WEISS_NEW(ctx, faces, 1));
    faces->surface = surface;
    faces->tolerance = FLAT * extent(surface);
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, faces->triangle, surface->ntriangles));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, faces->triangle_face, surface->ntriangles));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, faces->corner_column, corners));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, faces->column_node, corners));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, faces->column_face, corners));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, faces->node_face, surface->nnodes));
    WEISS_TRY_OUT(code, set_triangles(ctx, faces));
    WEISS_TRY_OUT(code, find_faces(ctx, faces, smallest));
    WEISS_TRY_OUT(code, number_columns(ctx, faces));
    *out = faces;
    faces = NULL;
out:
    weiss_facets_destroy(faces);
    return code;
}

void weiss_facets_destroy(weiss_facets *faces)
{
    if (!faces)
        return;
    free(faces->triangle);
    free(faces->triangle_face);
    free(faces->plane);
    free(faces->column_node);
    free(faces->column_face);
    free(faces->corner_column);
    free(faces->node_face);
    free(faces);
}
