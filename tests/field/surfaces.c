#include "surfaces.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A surface that grows: nodes at the same place (to 1e-9 of the unit) are one node. */
typedef struct grower {
    weiss_surface s;
    int64_t room, *table; /* open addressing on rounded coordinates; -1: free */
    double unit;
} grower;

static void *checked(void *pointer)
{
    assert(pointer);
    return pointer;
}

static grower grow_begin(int64_t triangles, double unit)
{
    grower g = {.unit = unit, .room = 8 * triangles + 64};
    g.s.xyz = checked(calloc((size_t)(9 * triangles), sizeof(double)));
    g.s.node = checked(calloc((size_t)(3 * triangles), sizeof(weiss_gidx)));
    g.s.triangle = checked(calloc((size_t)(3 * triangles), sizeof(weiss_gidx)));
    g.s.body = checked(calloc((size_t)triangles, sizeof(int32_t)));
    g.table = checked(malloc((size_t)g.room * sizeof *g.table));
    memset(g.table, 0xff, (size_t)g.room * sizeof *g.table);
    return g;
}

static weiss_gidx node_at(grower *g, const double at[3])
{
    uint64_t hash = 1469598103934665603u;
    for (int d = 0; d < 3; d++)
        hash = (hash ^ (uint64_t)llround(at[d] / g->unit * 1e6)) * 1099511628211u;
    for (int64_t slot = (int64_t)(hash % (uint64_t)g->room);; slot = (slot + 1) % g->room) {
        int64_t n = g->table[slot];
        if (n < 0) {
            n = g->table[slot] = g->s.nnodes++;
            memcpy(g->s.xyz + 3 * n, at, 3 * sizeof(double));
            g->s.node[n] = n;
            return n;
        }
        const double *there = g->s.xyz + 3 * n;
        if (fabs(there[0] - at[0]) + fabs(there[1] - at[1]) + fabs(there[2] - at[2]) < 1e-9 * g->unit)
            return n;
    }
}

static void add_triangle(grower *g, const double a[3], const double b[3], const double c[3])
{
    weiss_gidx *corner = g->s.triangle + 3 * g->s.ntriangles++;
    corner[0] = node_at(g, a);
    corner[1] = node_at(g, b);
    corner[2] = node_at(g, c);
}

static weiss_surface grow_end(grower *g)
{
    free(g->table);
    return g->s;
}

weiss_surface weiss_test_box(const double corner[3], const double size[3], const int cells[3])
{
    int64_t count =
        4 * ((int64_t)cells[0] * cells[1] + (int64_t)cells[1] * cells[2] + (int64_t)cells[2] * cells[0]);
    grower g = grow_begin(count, size[0] + size[1] + size[2]);
    for (int face = 0; face < 6; face++) {
        int normal = face / 2, u = (normal + 1) % 3, v = (normal + 2) % 3, upper = face % 2;
        for (int i = 0; i < cells[u]; i++)
            for (int j = 0; j < cells[v]; j++) {
                double p[4][3];
                for (int k = 0; k < 4; k++) {
                    p[k][normal] = corner[normal] + upper * size[normal];
                    p[k][u] = corner[u] + size[u] * (i + (k == 1 || k == 2)) / cells[u];
                    p[k][v] = corner[v] + size[v] * (j + (k >= 2)) / cells[v];
                }
                add_triangle(&g, p[0], p[upper ? 1 : 2], p[upper ? 2 : 1]);
                add_triangle(&g, p[0], p[upper ? 2 : 3], p[upper ? 3 : 2]);
            }
    }
    return grow_end(&g);
}

/* Quarters the triangle of three unit vectors. */
static void quarter(grower *g, const double centre[3], double radius, const double corner[3][3], int times)
{
    double side[3][3], at[3][3];
    if (times == 0) {
        for (int k = 0; k < 3; k++)
            for (int d = 0; d < 3; d++)
                at[k][d] = centre[d] + radius * corner[k][d];
        add_triangle(g, at[0], at[1], at[2]);
        return;
    }
    for (int k = 0; k < 3; k++) {
        double square = 0;
        for (int d = 0; d < 3; d++) {
            side[k][d] = corner[k][d] + corner[(k + 1) % 3][d];
            square += side[k][d] * side[k][d];
        }
        for (int d = 0; d < 3; d++)
            side[k][d] /= sqrt(square);
    }
    for (int k = 0; k < 3; k++) {
        double part[3][3];
        memcpy(part[0], corner[k], sizeof part[0]);
        memcpy(part[1], side[k], sizeof part[1]);
        memcpy(part[2], side[(k + 2) % 3], sizeof part[2]);
        quarter(g, centre, radius, (const double(*)[3])part, times - 1);
    }
    quarter(g, centre, radius, (const double(*)[3])side, times - 1);
}

weiss_surface weiss_test_sphere(const double centre[3], double radius, int times)
{
    static const int faces[20][3] = {{0, 11, 5}, {0, 5, 1},  {0, 1, 7},   {0, 7, 10}, {0, 10, 11},
                                     {1, 5, 9},  {5, 11, 4}, {11, 10, 2}, {10, 7, 6}, {7, 1, 8},
                                     {3, 9, 4},  {3, 4, 2},  {3, 2, 6},   {3, 6, 8},  {3, 8, 9},
                                     {4, 9, 5},  {2, 4, 11}, {6, 2, 10},  {8, 6, 7},  {9, 8, 1}};
    double t = (1 + sqrt(5)) / 2, length = sqrt(1 + t * t), vertex[12][3];
    const double raw[12][3] = {{-1, t, 0},  {1, t, 0},  {-1, -t, 0}, {1, -t, 0}, {0, -1, t},  {0, 1, t},
                               {0, -1, -t}, {0, 1, -t}, {t, 0, -1},  {t, 0, 1},  {-t, 0, -1}, {-t, 0, 1}};
    for (int i = 0; i < 36; i++)
        vertex[i / 3][i % 3] = raw[i / 3][i % 3] / length;
    grower g = grow_begin(20 * ((int64_t)1 << (2 * times)), radius);
    for (int f = 0; f < 20; f++) {
        double corner[3][3];
        for (int k = 0; k < 3; k++)
            memcpy(corner[k], vertex[faces[f][k]], sizeof corner[k]);
        quarter(&g, centre, radius, (const double(*)[3])corner, times);
    }
    return grow_end(&g);
}

void weiss_test_invert(weiss_surface *s)
{
    for (int64_t t = 0; t < s->ntriangles; t++) {
        weiss_gidx swap = s->triangle[3 * t];
        s->triangle[3 * t] = s->triangle[3 * t + 1];
        s->triangle[3 * t + 1] = swap;
    }
}

weiss_surface weiss_test_join(weiss_surface a, weiss_surface b, int body)
{
    int64_t n = a.nnodes + b.nnodes, m = a.ntriangles + b.ntriangles;
    a.xyz = checked(realloc(a.xyz, (size_t)(3 * n) * sizeof *a.xyz));
    a.node = checked(realloc(a.node, (size_t)n * sizeof *a.node));
    a.triangle = checked(realloc(a.triangle, (size_t)(3 * m) * sizeof *a.triangle));
    a.body = checked(realloc(a.body, (size_t)m * sizeof *a.body));
    memcpy(a.xyz + 3 * a.nnodes, b.xyz, (size_t)(3 * b.nnodes) * sizeof *a.xyz);
    for (int64_t i = 0; i < b.nnodes; i++)
        a.node[a.nnodes + i] = a.nnodes + i;
    for (int64_t i = 0; i < 3 * b.ntriangles; i++)
        a.triangle[3 * a.ntriangles + i] = b.triangle[i] + a.nnodes;
    for (int64_t t = 0; t < b.ntriangles; t++)
        a.body[a.ntriangles + t] = body;
    a.nnodes = n;
    a.ntriangles = m;
    weiss_test_free(&b);
    return a;
}

void weiss_test_rotate(weiss_surface *s, double angle)
{
    double c = cos(angle), f = sin(angle) / sqrt(3), u = (1 - c) / 3;
    for (int64_t i = 0; i < s->nnodes; i++) {
        double *x = s->xyz + 3 * i, sum = x[0] + x[1] + x[2];
        double y[3] = {c * x[0] + f * (x[2] - x[1]) + u * sum, c * x[1] + f * (x[0] - x[2]) + u * sum,
                       c * x[2] + f * (x[1] - x[0]) + u * sum};
        memcpy(x, y, sizeof y);
    }
}

void weiss_test_free(weiss_surface *s)
{
    free(s->xyz);
    free(s->node);
    free(s->triangle);
    free(s->body);
    memset(s, 0, sizeof *s);
}
