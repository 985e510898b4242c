#include "field/demag/boundary.h"

#include "field/demag/assembly.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows and columns of a leaf; larger leaves store more, smaller ones make more and shorter loops. Measured. */
#define LEAF 32
/* A block is far when its columns are this many radii away from the middle of its rows. Measured. */
#define SEPARATION 1.5
/* Flat faces with fewer triangles are not worth columns of their own. */
#define SMALLEST_FACE 16
/* Below this number of surface nodes the full matrix is as fast. Measured. */
#define DENSE_BELOW 500
#define ROWS_CHECKED 48
#define ATTEMPTS 4

struct weiss_boundary {
    weiss_context *ctx; /* borrowed */
    weiss_panels *panels;
    int64_t nnodes, ncolumns, row_begin, nrows;
    int64_t *row_node; /* nrows, in the order of the row tree */
    int32_t *column_node; /* ncolumns, in the order of the column tree */
    int32_t *body; /* nnodes */
    int nbodies;
    double *mean, *weight; /* nbodies: mean of u1, and 1 / number of nodes */
    float *diagonal; /* nrows */
    float *x; /* ncolumns */
    float *y; /* nnodes, rows of this rank are used */
    weiss_boundary_figures figures;
};

static int set_bodies(weiss_boundary *b, const weiss_surface *s)
{
    WEISS_TRY(WEISS_NEW(b->ctx, b->body, s->nnodes));
    for (int64_t t = 0; t < s->ntriangles; t++) {
        if (s->body[t] >= b->nbodies)
            b->nbodies = s->body[t] + 1;
        for (int k = 0; k < 3; k++)
            b->body[s->triangle[3 * t + k]] = s->body[t];
    }
    WEISS_TRY(WEISS_NEW(b->ctx, b->mean, b->nbodies));
    WEISS_TRY(WEISS_NEW(b->ctx, b->weight, b->nbodies));
    for (int64_t i = 0; i < s->nnodes; i++)
        b->weight[b->body[i]]++;
    for (int i = 0; i < b->nbodies; i++)
        b->weight[i] = b->weight[i] > 0 ? 1 / b->weight[i] : 0;
    return 0;
}

static int set_order(weiss_boundary *b, const weiss_geometry *g, const int64_t *cut)
{
    weiss_context *ctx = b->ctx;
    b->row_begin = cut[weiss_rank(ctx)];
    b->nrows = cut[weiss_rank(ctx) + 1] - b->row_begin;
    b->ncolumns = g->faces->ncolumns;
    WEISS_TRY(WEISS_NEW(ctx, b->row_node, b->nrows));
    WEISS_TRY(WEISS_NEW(ctx, b->diagonal, b->nrows));
    WEISS_TRY(WEISS_NEW(ctx, b->column_node, b->ncolumns));
    WEISS_TRY(WEISS_NEW(ctx, b->x, b->ncolumns));
    WEISS_TRY(WEISS_NEW(ctx, b->y, b->nnodes));
    for (int64_t i = 0; i < b->nrows; i++)
        b->row_node[i] = g->rows->order[b->row_begin + i];
    for (int64_t j = 0; j < b->ncolumns; j++)
        b->column_node[j] = g->faces->column_node[g->columns->order[j]];
    return 0;
}

/* Largest row sum of |stored - exact| over rows spread evenly over this rank's. */
static int check_rows(weiss_boundary *b, const weiss_facets *faces, double *error, int *checked)
{
    int64_t wanted = (ROWS_CHECKED + weiss_size(b->ctx) - 1) / weiss_size(b->ctx);
    double *exact = NULL, *stored = NULL;
    int code;
    *error = 0;
    *checked = (int)(b->nrows < wanted ? b->nrows : wanted);
    WEISS_TRY_OUT(code, WEISS_NEW(b->ctx, exact, b->nnodes));
    WEISS_TRY_OUT(code, WEISS_NEW(b->ctx, stored, b->ncolumns));
    for (int k = 0; k < *checked; k++) {
        int64_t row = (2 * k + 1) * b->nrows / (2 * *checked);
        double sum = 0;
        weiss_exact_row(faces, b->row_node[row], exact);
        memset(stored, 0, (size_t)b->ncolumns * sizeof *stored);
        weiss_panels_row(b->panels, b->row_begin + row, stored);
        for (int64_t j = 0; j < b->ncolumns; j++)
            exact[b->column_node[j]] -= stored[j];
        for (int64_t j = 0; j < b->nnodes; j++)
            sum += fabs(exact[j]);
        *error = fmax(*error, sum);
    }
out:
    free(exact);
    free(stored);
    return code;
}

static void set_diagonal(weiss_boundary *b)
{
    memset(b->y, 0, (size_t)b->nnodes * sizeof *b->y);
    for (int64_t j = 0; j < b->ncolumns; j++)
        b->x[j] = 1;
    weiss_panels_apply(b->panels, b->x, b->y);
    for (int64_t i = 0; i < b->nrows; i++)
        b->diagonal[i] = -1 - b->y[b->row_begin + i];
}

/* Adds up the figures of all ranks. */
static int share_figures(weiss_boundary *b, const weiss_assembly_counts *counts, double error, int checked)
{
    int64_t sum[5] = {weiss_panels_bytes(b->panels), counts->near_blocks, counts->far_blocks,
                      counts->rank_sum, checked};
    if (MPI_Allreduce(MPI_IN_PLACE, sum, 5, MPI_INT64_T, MPI_SUM, weiss_comm(b->ctx)) != MPI_SUCCESS ||
        MPI_Allreduce(&error, &b->figures.error, 1, MPI_DOUBLE, MPI_MAX, weiss_comm(b->ctx)) != MPI_SUCCESS)
        return weiss_fail(b->ctx, WEISS_ERR_MPI, "adding up figures of the boundary operator failed");
    b->figures.bytes = sum[0];
    b->figures.near_blocks = sum[1];
    b->figures.far_blocks = sum[2];
    b->figures.mean_rank = sum[2] > 0 ? (double)sum[3] / (double)sum[2] : 0;
    b->figures.rows_checked = (int)sum[4];
    return 0;
}

/* One attempt: blocks, entries, check. Collective. */
static int attempt(weiss_boundary *b, const weiss_geometry *g, bool hierarchical, double tolerance)
{
    weiss_context *ctx = b->ctx;
    weiss_blocking blocking = {g->faces, g->rows, g->columns, g->box, hierarchical ? SEPARATION : 0};
    weiss_blocks *blocks = NULL;
    weiss_assembly_counts counts = {0};
    double error = 0;
    int code, checked = 0;
    weiss_panels_destroy(b->panels);
    b->panels = NULL;
    b->figures.hierarchical = hierarchical;
    WEISS_TRY_OUT(code, weiss_blocks_create(ctx, &blocking, b->row_begin, b->row_begin + b->nrows, &blocks));
    WEISS_TRY_OUT(code, weiss_assemble(ctx, g, blocks, tolerance, &b->panels, &counts));
    WEISS_TRY_OUT(code, check_rows(b, g->faces, &error, &checked));
out:
    weiss_blocks_destroy(blocks);
    WEISS_TRY(weiss_agree(ctx, code));
    return weiss_agree(ctx, share_figures(b, &counts, error, checked));
}

/* Attempts with ever smaller budgets, then all entries. */
static int assemble_checked(weiss_boundary *b, const weiss_geometry *g, const weiss_boundary_options *options)
{
    double budget = options->tolerance;
    bool hierarchical = options->kind == WEISS_BOUNDARY_HIERARCHICAL ||
                        (options->kind == WEISS_BOUNDARY_AUTO && b->nnodes >= DENSE_BELOW);
    for (int i = 0; hierarchical && i < ATTEMPTS; i++) {
        WEISS_TRY(attempt(b, g, true, budget));
        if (b->figures.error <= options->tolerance)
            return 0;
        weiss_info(b->ctx, "boundary operator: error %.2g is above the tolerance %.2g; assembling again",
                   b->figures.error, options->tolerance);
        budget *= fmax(0.1, 0.5 * options->tolerance / b->figures.error);
    }
    if (hierarchical)
        weiss_warn(b->ctx,
                   "boundary operator: the compressed form misses the tolerance %.2g (error %.2g); taking "
                   "all entries, "
                   "which needs %.3g MB",
                   options->tolerance, b->figures.error, 4e-6 * (double)b->nnodes * (double)b->ncolumns);
    WEISS_TRY(attempt(b, g, false, options->tolerance));
    if (b->figures.error > options->tolerance)
        weiss_warn(b->ctx,
                   "boundary operator: error %.2g, above the tolerance %.2g: single precision allows no less",
                   b->figures.error, options->tolerance);
    return 0;
}

static int prepare(weiss_boundary *b, const weiss_surface *surface, weiss_facets **faces,
                   weiss_geometry **geometry)
{
    weiss_context *ctx = b->ctx;
    int64_t *cut = NULL;
    int code;
    WEISS_TRY_OUT(code, set_bodies(b, surface));
    WEISS_TRY_OUT(code, weiss_facets_create(ctx, surface, SMALLEST_FACE, faces));
    WEISS_TRY_OUT(code, weiss_geometry_create(ctx, *faces, LEAF, geometry));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, cut, weiss_size(ctx) + 1));
    weiss_blocking blocking = {*faces, (*geometry)->rows, (*geometry)->columns, (*geometry)->box, SEPARATION};
    WEISS_TRY_OUT(code, weiss_blocks_cut(ctx, &blocking, weiss_size(ctx), cut));
    WEISS_TRY_OUT(code, set_order(b, *geometry, cut));
    b->figures.nodes = surface->nnodes;
    b->figures.faces = (*faces)->nfaces - 1;
    b->figures.columns = b->ncolumns;
out:
    free(cut);
    return weiss_agree(ctx, code);
}

int weiss_boundary_create(weiss_context *ctx, const weiss_surface *surface,
                          const weiss_boundary_options *options, weiss_boundary **out)
{
    weiss_boundary *b = NULL;
    weiss_facets *faces = NULL;
    weiss_geometry *geometry = NULL;
    double start = MPI_Wtime(), seconds;
    int code;
    *out = NULL;
    WEISS_TRY(weiss_agree(ctx, WEISS_NEW(ctx, b, 1)));
    b->ctx = ctx;
    b->nnodes = surface->nnodes;
    WEISS_TRY_OUT(code, prepare(b, surface, &faces, &geometry));
    WEISS_TRY_OUT(code, assemble_checked(b, geometry, options));
    set_diagonal(b);
    seconds = MPI_Wtime() - start;
    if (MPI_Allreduce(&seconds, &b->figures.seconds, 1, MPI_DOUBLE, MPI_MAX, weiss_comm(ctx)) != MPI_SUCCESS)
        WEISS_TRY_OUT(code,
                      weiss_fail(ctx, WEISS_ERR_MPI, "adding up figures of the boundary operator failed"));
    *out = b;
    b = NULL;
out:
    weiss_geometry_destroy(geometry);
    weiss_facets_destroy(faces);
    weiss_boundary_destroy(b);
    return code;
}

void weiss_boundary_destroy(weiss_boundary *b)
{
    if (!b)
        return;
    weiss_panels_destroy(b->panels);
    free(b->row_node);
    free(b->column_node);
    free(b->body);
    free(b->mean);
    free(b->weight);
    free(b->diagonal);
    free(b->x);
    free(b->y);
    free(b);
}

const int64_t *weiss_boundary_rows(const weiss_boundary *b, int64_t *count)
{
    *count = b->nrows;
    return b->row_node;
}

void weiss_boundary_apply(weiss_boundary *b, const double *u1, double *u2)
{
    memset(b->mean, 0, (size_t)b->nbodies * sizeof *b->mean);
    for (int64_t i = 0; i < b->nnodes; i++)
        b->mean[b->body[i]] += u1[i] * b->weight[b->body[i]];
    for (int64_t j = 0; j < b->ncolumns; j++)
        b->x[j] = (float)(u1[b->column_node[j]] - b->mean[b->body[b->column_node[j]]]);
    memset(b->y + b->row_begin, 0, (size_t)b->nrows * sizeof *b->y);
    weiss_panels_apply(b->panels, b->x, b->y);
    for (int64_t i = 0; i < b->nrows; i++) {
        int64_t node = b->row_node[i];
        u2[i] = (double)b->y[b->row_begin + i] + (double)b->diagonal[i] * (u1[node] - b->mean[b->body[node]]);
    }
}

const weiss_boundary_figures *weiss_boundary_figures_of(const weiss_boundary *b)
{
    return &b->figures;
}
