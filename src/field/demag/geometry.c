#include "field/demag/assembly.h"

#include "field/demag/kernel.h"

#include <math.h>
#include <stdlib.h>

static int make_rows(weiss_context *ctx, weiss_geometry *g, int64_t leaf)
{
    const weiss_surface *s = g->faces->surface;
    weiss_items items = {s->nnodes, s->xyz, s->xyz, s->xyz, g->faces->node_face};
    WEISS_TRY(weiss_tree_create(ctx, &items, leaf, WEISS_PANEL_ROWS, &g->rows));
    WEISS_TRY(WEISS_NEW(ctx, g->row_xyz, 3 * s->nnodes));
    for (int64_t i = 0; i < s->nnodes; i++)
        for (int d = 0; d < 3; d++)
            g->row_xyz[d * s->nnodes + i] = s->xyz[3 * g->rows->order[i] + d];
    WEISS_TRY(WEISS_NEW(ctx, g->box, g->rows->count));
    for (int64_t r = 0; r < g->rows->count; r++) {
        const weiss_cluster *c = &g->rows->cluster[r];
        weiss_points points = {(int)(c->end - c->begin), g->row_xyz + c->begin,
                               g->row_xyz + s->nnodes + c->begin, g->row_xyz + 2 * s->nnodes + c->begin};
        weiss_box_set(&g->box[r], &points);
    }
    return 0;
}

/* A column reaches over the triangles around it. */
static int make_columns(weiss_context *ctx, weiss_geometry *g, int64_t leaf)
{
    const weiss_facets *f = g->faces;
    int64_t n = f->ncolumns;
    double *xyz = NULL, *low = NULL, *high = NULL;
    int code;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, xyz, 3 * n));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, low, 3 * n));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, high, 3 * n));
    for (int64_t i = 0; i < 3 * n; i++)
        xyz[i] = low[i] = high[i] = f->surface->xyz[3 * f->column_node[i / 3] + i % 3];
    for (int64_t i = 0; i < 3 * f->surface->ntriangles; i++)
        for (int k = 0; k < 3; k++)
            for (int d = 0; d < 3; d++) {
                double at = f->triangle[i / 3].vertex[k][d], *l = &low[3 * f->corner_column[i] + d],
                       *h = &high[3 * f->corner_column[i] + d];
                *l = fmin(*l, at);
                *h = fmax(*h, at);
            }
    weiss_items items = {n, xyz, low, high, f->column_face};
    WEISS_TRY_OUT(code, weiss_tree_create(ctx, &items, leaf, 1, &g->columns));
out:
    free(xyz);
    free(low);
    free(high);
    return code;
}

static int find_triangles_around(weiss_context *ctx, weiss_geometry *g)
{
    const weiss_facets *f = g->faces;
    int64_t corners = 3 * f->surface->ntriangles;
    int32_t *position = NULL;
    int code;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, position, f->ncolumns));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, g->corner_position, corners));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, g->triangle_begin, f->ncolumns + 2));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, g->triangle_around, corners));
    for (int64_t i = 0; i < f->ncolumns; i++)
        position[g->columns->order[i]] = (int32_t)i;
    for (int64_t i = 0; i < corners; i++) {
        g->corner_position[i] = position[f->corner_column[i]];
        g->triangle_begin[g->corner_position[i] + 2]++;
    }
    for (int64_t i = 2; i < f->ncolumns + 2; i++)
        g->triangle_begin[i] += g->triangle_begin[i - 1];
    for (int64_t i = 0; i < corners; i++)
        g->triangle_around[g->triangle_begin[g->corner_position[i] + 1]++] = i / 3;
out:
    free(position);
    return code;
}

int weiss_geometry_create(weiss_context *ctx, const weiss_facets *faces, int64_t leaf, weiss_geometry **out)
{
    weiss_geometry *g = NULL;
    int code;
    *out = NULL;
    WEISS_TRY(WEISS_NEW(ctx, g, 1));
    g->faces = faces;
    WEISS_TRY_OUT(code, make_rows(ctx, g, leaf));
    WEISS_TRY_OUT(code, make_columns(ctx, g, leaf));
    WEISS_TRY_OUT(code, find_triangles_around(ctx, g));
    *out = g;
    g = NULL;
out:
    weiss_geometry_destroy(g);
    return code;
}

void weiss_geometry_destroy(weiss_geometry *g)
{
    if (!g)
        return;
    weiss_tree_destroy(g->rows);
    weiss_tree_destroy(g->columns);
    free(g->box);
    free(g->row_xyz);
    free(g->corner_position);
    free(g->triangle_begin);
    free(g->triangle_around);
    free(g);
}
