#include "field/demag/assembly.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOUR_PI (4.0 * 3.14159265358979323846)
/* Shares of the error budget of a row. A row lies in some tens of far blocks whose errors have different signs, so each
 * may use this part of the whole; measured so that the checked error stays below the tolerance. */
#define TRUNCATION_SHARE 0.015
#define INTERPOLATION_SHARE 0.7
#define QUADRATURE_SHARE 2.0
/* Rules are summed in single precision from this budget on. */
#define SINGLE_FROM 2e-5
/* A far block is stored in full when its factors would need more than this part of the space. */
#define WORTHWHILE 0.9

typedef struct assembler {
    weiss_context *ctx;
    const weiss_geometry *g;
    double tolerance;
    bool single; /* rules in single precision are good enough */
    int64_t *seen; /* per triangle: number of the block that used it last, plus 1 */
    int64_t stamp;
    weiss_assembly_counts counts;
} assembler;

static const weiss_cluster *column_cluster(const assembler *a, const weiss_block *b)
{
    return &a->g->columns->cluster[b->column];
}

static weiss_points row_points(const weiss_geometry *g, int64_t row)
{
    const weiss_cluster *r = &g->rows->cluster[row];
    int64_t n = g->faces->surface->nnodes;
    return (weiss_points){(int)(r->end - r->begin), g->row_xyz + r->begin, g->row_xyz + n + r->begin,
                          g->row_xyz + 2 * n + r->begin};
}

static double distance(const double a[3], const double b[3])
{
    return sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
                (a[2] - b[2]) * (a[2] - b[2]));
}

/* Entries of the columns of a cluster at points that lie in @p box: points x columns, column-major, overwritten. */
static void evaluate(assembler *a, const weiss_cluster *c, const weiss_box *box, const weiss_points *points,
                     double accuracy, double *entry)
{
    const weiss_geometry *g = a->g;
    size_t n = (size_t)points->count;
    memset(entry, 0, n * (size_t)(c->end - c->begin) * sizeof *entry);
    a->stamp++;
    for (int64_t i = g->triangle_begin[c->begin]; i < g->triangle_begin[c->end]; i++) {
        int64_t t = g->triangle_around[i];
        if (a->seen[t] == a->stamp)
            continue;
        a->seen[t] = a->stamp;
        const weiss_triangle *triangle = &g->faces->triangle[t];
        double *column[3];
        for (int k = 0; k < 3; k++) {
            int64_t at = g->corner_position[3 * t + k];
            column[k] = at >= c->begin && at < c->end ? entry + n * (size_t)(at - c->begin) : NULL;
        }
        double away = distance(triangle->centre, box->centre) - box->radius;
        weiss_triangle_add(triangle, weiss_triangle_rule(triangle, away, accuracy), a->single, points,
                           column);
    }
}

static int to_floats(weiss_context *ctx, const double *from, size_t count, float **out)
{
    WEISS_TRY(WEISS_NEW(ctx, *out, count));
    for (size_t i = 0; i < count; i++)
        (*out)[i] = (float)from[i];
    return 0;
}

static int fill_dense(assembler *a, weiss_factors *f)
{
    const weiss_cluster *c = column_cluster(a, &f->block);
    weiss_points rows = row_points(a->g, f->block.row);
    size_t count = (size_t)rows.count * (size_t)(c->end - c->begin);
    double *entry = NULL;
    int code;
    WEISS_TRY_OUT(code, WEISS_NEW(a->ctx, entry, count));
    evaluate(a, c, &a->g->box[f->block.row], &rows, QUADRATURE_SHARE * a->tolerance, entry);
    WEISS_TRY_OUT(code, to_floats(a->ctx, entry, count, &f->left));
    f->rank = 0;
    a->counts.near_blocks++;
out:
    free(entry);
    return code;
}

/* Sum over a row of the absolute entries of a far block is at most about this: the solid angle of the columns. */
static double weight_of(const weiss_cluster *c, double away)
{
    double ratio = c->radius / fmax(away, 1e-3 * c->radius);
    return fmin(1, ratio * ratio / 4);
}

static double accuracy_of(const assembler *a, double share, const weiss_cluster *c, double away)
{
    return fmin(0.1, share * a->tolerance / weight_of(c, away));
}

static int fill_far(assembler *a, const weiss_interpolation *p, weiss_factors *f)
{
    const weiss_cluster *c = column_cluster(a, &f->block);
    const weiss_box *box = &a->g->box[f->block.row];
    int columns = (int)(c->end - c->begin), code;
    double *entry = NULL, *weighted = NULL, *left = NULL, *right = NULL, *full = NULL;
    weiss_points points = {p->npoints, p->xyz, p->xyz + p->npoints, p->xyz + 2 * p->npoints};
    double away = weiss_cluster_distance(c, box->centre) - box->radius;
    double threshold = TRUNCATION_SHARE * a->tolerance * sqrt((double)p->nrows / columns);
    WEISS_TRY_OUT(code, WEISS_NEW(a->ctx, entry, (size_t)p->npoints * (size_t)columns));
    evaluate(a, c, box, &points, accuracy_of(a, QUADRATURE_SHARE, c, away), entry);
    if (p->weight) {
        WEISS_TRY_OUT(code, WEISS_NEW(a->ctx, weighted, (size_t)p->rank * (size_t)columns));
        weiss_multiply(p->rank, columns, p->npoints, p->weight, entry, weighted);
    }
    WEISS_TRY_OUT(code, weiss_truncate(a->ctx, p->rank, columns, weighted ? weighted : entry, threshold,
                                       &f->rank, &left, &right));
    if ((double)f->rank * (p->nrows + columns) > WORTHWHILE * p->nrows * columns) {
        code = fill_dense(a, f);
        goto out;
    }
    a->counts.far_blocks++;
    a->counts.rank_sum += f->rank;
    if (f->rank == 0)
        goto out;
    if (p->basis) {
        WEISS_TRY_OUT(code, WEISS_NEW(a->ctx, full, (size_t)p->nrows * (size_t)f->rank));
        weiss_multiply(p->nrows, f->rank, p->rank, p->basis, left, full);
    }
    WEISS_TRY_OUT(code, to_floats(a->ctx, full ? full : left, (size_t)p->nrows * (size_t)f->rank, &f->left));
    WEISS_TRY_OUT(code, to_floats(a->ctx, right, (size_t)f->rank * (size_t)columns, &f->right));
out:
    free(entry);
    free(weighted);
    free(left);
    free(right);
    free(full);
    return code;
}

/* All far blocks of a cluster of rows share one interpolation: that of the most demanding of them. */
static int interpolate_rows(assembler *a, const weiss_factors *first, int64_t count, weiss_interpolation *out)
{
    const weiss_box *box = &a->g->box[first->block.row];
    weiss_points rows = row_points(a->g, first->block.row);
    int order[3] = {1, 1, 1};
    for (int64_t i = 0; i < count; i++) {
        const weiss_cluster *c = column_cluster(a, &first[i].block);
        if (!first[i].block.far)
            continue;
        double away = weiss_cluster_distance(c, box->centre);
        int wanted[3];
        weiss_box_orders(box, away, accuracy_of(a, INTERPOLATION_SHARE, c, away - box->radius), wanted);
        for (int d = 0; d < 3; d++)
            order[d] = wanted[d] > order[d] ? wanted[d] : order[d];
    }
    return weiss_interpolation_create(a->ctx, box, order, &rows, out);
}

static int fill_rows(assembler *a, weiss_factors *first, int64_t count)
{
    weiss_interpolation interpolation = {0};
    bool any_far = false;
    int code = 0;
    for (int64_t i = 0; i < count; i++)
        any_far = any_far || first[i].block.far;
    if (any_far)
        WEISS_TRY_OUT(code, interpolate_rows(a, first, count, &interpolation));
    for (int64_t i = 0; i < count; i++)
        WEISS_TRY_OUT(code,
                      first[i].block.far ? fill_far(a, &interpolation, &first[i]) : fill_dense(a, &first[i]));
out:
    weiss_interpolation_clear(&interpolation);
    return code;
}

int weiss_assemble(weiss_context *ctx, const weiss_geometry *g, const weiss_blocks *blocks, double tolerance,
                   weiss_panels **out, weiss_assembly_counts *counts)
{
    assembler a = {.ctx = ctx, .g = g, .tolerance = tolerance, .single = tolerance >= SINGLE_FROM};
    weiss_factors *factors = NULL;
    int code;
    *out = NULL;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, a.seen, g->faces->surface->ntriangles));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, factors, blocks->count));
    for (int64_t i = 0; i < blocks->count; i++)
        factors[i].block = blocks->block[i];
    for (int64_t i = 0, next; i < blocks->count; i = next) {
        for (next = i + 1; next < blocks->count && blocks->block[next].row == blocks->block[i].row; next++)
            continue;
        WEISS_TRY_OUT(code, fill_rows(&a, factors + i, next - i));
    }
    WEISS_TRY_OUT(code, weiss_panels_create(ctx, g->rows, g->columns, factors, blocks->count, out));
    *counts = a.counts;
out:
    for (int64_t i = 0; factors && i < blocks->count; i++) {
        free(factors[i].left);
        free(factors[i].right);
    }
    free(factors);
    free(a.seen);
    return code;
}

void weiss_exact_row(const weiss_facets *faces, int64_t node, double *entry)
{
    const weiss_surface *s = faces->surface;
    const double *at = s->xyz + 3 * node;
    weiss_points point = {1, at, at + 1, at + 2};
    memset(entry, 0, (size_t)s->nnodes * sizeof *entry);
    for (int64_t t = 0; t < s->ntriangles; t++) {
        const weiss_gidx *corner = s->triangle + 3 * t;
        double *const column[3] = {entry + corner[0], entry + corner[1], entry + corner[2]};
        weiss_triangle_add(&faces->triangle[t], WEISS_RULE_EXACT, false, &point, column);
    }
}
