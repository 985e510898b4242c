#include "field/demag/blocks.h"

#include <math.h>
#include <stdlib.h>

/* Rank that a far block is thought to have when costs are estimated, before any is known. */
#define TYPICAL_RANK 10

typedef struct walk {
    weiss_context *ctx;
    const weiss_blocking *from;
    weiss_blocks *blocks;
    size_t capacity;
    int64_t begin, end;
} walk;

/* All rows of the cluster lie in the plane of the columns' face: their entries are zero. */
static bool in_plane(const weiss_facets *faces, const weiss_cluster *row, const weiss_cluster *column)
{
    if (column->face <= 0)
        return false;
    if (row->face == column->face)
        return true;
    const weiss_plane *plane = &faces->plane[column->face];
    double reach = 0, height = -plane->offset;
    for (int d = 0; d < 3; d++) {
        height += plane->normal[d] * (row->low[d] + row->high[d]) / 2;
        reach += fabs(plane->normal[d]) * (row->high[d] - row->low[d]) / 2;
    }
    return fabs(height) + reach <= faces->tolerance;
}

static int add_block(walk *w, int64_t row, int64_t column, bool far)
{
    weiss_blocks *p = w->blocks;
    WEISS_TRY(weiss_grow(w->ctx, &p->block, &w->capacity, (size_t)p->count + 1, sizeof *p->block));
    p->block[p->count++] = (weiss_block){row, column, far};
    return 0;
}

/* Depth is that of the two trees, so recursion is shallow. */
static int visit(walk *w, int64_t row, int64_t column)
{
    const weiss_blocking *from = w->from;
    const weiss_cluster *r = &from->rows->cluster[row], *c = &from->columns->cluster[column];
    bool inside = w->begin <= r->begin && r->end <= w->end;
    if (r->end <= w->begin || w->end <= r->begin || in_plane(from->faces, r, c))
        return 0;
    if (inside && from->separation > 0) {
        const weiss_box *box = &from->box[row];
        if (weiss_cluster_distance(c, box->centre) >= from->separation * box->radius && box->radius > 0)
            return add_block(w, row, column, true);
    }
    if (r->child == 0 && c->child == 0)
        return add_block(w, row, column, false);
    bool split_row = r->child != 0 && (c->child == 0 || !inside || r->radius >= c->radius);
    for (int half = 0; half < 2; half++)
        WEISS_TRY(split_row ? visit(w, r->child + half, column) : visit(w, row, c->child + half));
    return 0;
}

static int compare_blocks(const void *pa, const void *pb)
{
    const weiss_block *a = pa, *b = pb;
    if (a->row != b->row)
        return a->row < b->row ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

int weiss_blocks_create(weiss_context *ctx, const weiss_blocking *from, int64_t begin, int64_t end,
                        weiss_blocks **out)
{
    walk w = {.ctx = ctx, .from = from, .begin = begin, .end = end};
    int code;
    *out = NULL;
    WEISS_TRY(WEISS_NEW(ctx, w.blocks, 1));
    WEISS_TRY_OUT(code, weiss_grow(ctx, &w.blocks->block, &w.capacity, 1, sizeof *w.blocks->block));
    if (begin < end)
        WEISS_TRY_OUT(code, visit(&w, 0, 0));
    qsort(w.blocks->block, (size_t)w.blocks->count, sizeof *w.blocks->block, compare_blocks);
    *out = w.blocks;
    w.blocks = NULL;
out:
    weiss_blocks_destroy(w.blocks);
    return code;
}

void weiss_blocks_destroy(weiss_blocks *blocks)
{
    if (!blocks)
        return;
    free(blocks->block);
    free(blocks);
}

int weiss_blocks_cut(weiss_context *ctx, const weiss_blocking *from, int parts, int64_t *cut)
{
    const weiss_tree *rows = from->rows;
    int64_t n = rows->count > 0 ? rows->cluster[0].end : 0;
    weiss_blocks *all = NULL;
    double *cost = NULL;
    char *leaf_end = NULL;
    int code;
    WEISS_TRY_OUT(code, weiss_blocks_create(ctx, from, 0, n, &all));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, cost, n + 1));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, leaf_end, n + 1));
    for (int64_t i = 0; i < all->count; i++) {
        const weiss_cluster *r = &rows->cluster[all->block[i].row],
                            *c = &from->columns->cluster[all->block[i].column];
        double nr = (double)(r->end - r->begin), nc = (double)(c->end - c->begin);
        double per_row = all->block[i].far ? TYPICAL_RANK * (nr + nc) / nr : nc;
        cost[r->begin] += per_row;
        cost[r->end] -= per_row;
    }
    for (int64_t i = 0; i < rows->count; i++)
        if (rows->cluster[i].child == 0)
            leaf_end[rows->cluster[i].end] = 1;
    /* First differences to running costs, then to sums: cost[i] becomes the cost of the rows before i. */
    double running = 0, sum = 0;
    for (int64_t i = 0; i <= n; i++) {
        running += cost[i];
        cost[i] = sum;
        sum += running;
    }
    int part = 0;
    cut[part++] = 0;
    for (int64_t i = 0; i <= n && part < parts; i++)
        while (part < parts && (i == n || (leaf_end[i] && cost[i] >= cost[n] * part / parts)))
            cut[part++] = i;
    cut[parts] = n;
out:
    free(cost);
    free(leaf_end);
    weiss_blocks_destroy(all);
    return code;
}
