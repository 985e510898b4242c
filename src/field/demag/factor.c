#include "field/demag/factor.h"

#include "field/demag/kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <suitesparse/cholmod.h>

/* Columns of a panel: few enough that its square part is small, many enough for long loops. */
#define PANEL_COLUMNS 32

/* Some columns of the factor: the inverse of the square part on the diagonal, and the rows below it. */
typedef struct panel {
    int first, columns; /* in the order of elimination */
    int64_t row; /* into rows[] */
    int nrows; /* below the square part */
    size_t square, below; /* into data[] */
} panel;

struct weiss_factor {
    int n;
    int *position; /* n: where unknown i stands in the order of elimination */
    panel *panel;
    int64_t npanels, nrows;
    int *rows; /* in the order of elimination; each list is padded to a multiple of WEISS_SWEEP_ROWS with n */
    float *data;
    size_t length;
    double *x; /* n + 1, in the order of elimination; the last takes the padding */
    double *work; /* rows of one panel */
};

static int fail(weiss_context *ctx, const cholmod_common *c)
{
    switch (c->status) {
    case CHOLMOD_OUT_OF_MEMORY:
        return weiss_fail(ctx, WEISS_ERR_MEMORY,
                          "out of memory while factorising; use `demag: {solver: iterative}`");
    case CHOLMOD_TOO_LARGE:
        return weiss_fail(ctx, WEISS_ERR_LIBRARY,
                          "matrix too large to factorise; use `demag: {solver: iterative}`");
    case CHOLMOD_NOT_POSDEF:
        return weiss_fail(ctx, WEISS_ERR_LIBRARY,
                          "matrix of the potential is not positive definite: check the mesh");
    default:
        return weiss_fail(ctx, WEISS_ERR_LIBRARY, "CHOLMOD failed with status %d", c->status);
    }
}

static int to_sparse(weiss_context *ctx, const weiss_entries *m, int limit, cholmod_common *c,
                     cholmod_sparse **out)
{
    cholmod_triplet *t =
        cholmod_allocate_triplet((size_t)limit, (size_t)limit, (size_t)m->count, -1, CHOLMOD_REAL, c);
    if (!t)
        return fail(ctx, c);
    int *row = t->i, *column = t->j;
    double *value = t->x;
    for (int64_t k = 0; k < m->count; k++) {
        if (m->row[k] < m->column[k] || m->row[k] >= limit)
            continue;
        row[t->nnz] = m->row[k];
        column[t->nnz] = m->column[k];
        value[t->nnz++] = m->value[k];
    }
    *out = cholmod_triplet_to_sparse(t, t->nnz, c);
    cholmod_free_triplet(&t, c);
    return *out ? 0 : fail(ctx, c);
}

/* A fill-reducing order of the unknowns before @p kept, then the kept ones. */
static int find_order(weiss_context *ctx, const weiss_entries *m, int kept, cholmod_common *c, int *order)
{
    cholmod_sparse *part = NULL;
    WEISS_TRY(to_sparse(ctx, m, kept, c, &part));
    cholmod_factor *symbolic = cholmod_analyze(part, c);
    if (symbolic)
        memcpy(order, symbolic->Perm, (size_t)kept * sizeof *order);
    for (int i = kept; i < m->n; i++)
        order[i] = i;
    int code = symbolic ? 0 : fail(ctx, c);
    cholmod_free_factor(&symbolic, c);
    cholmod_free_sparse(&part, c);
    return code;
}

static int factorise(weiss_context *ctx, const weiss_entries *m, int kept, cholmod_common *c,
                     cholmod_factor **out)
{
    cholmod_sparse *whole = NULL;
    int *order = NULL, code;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, order, m->n));
    if (kept < m->n && kept > 0)
        WEISS_TRY_OUT(code, find_order(ctx, m, kept, c, order));
    WEISS_TRY_OUT(code, to_sparse(ctx, m, m->n, c, &whole));
    if (kept < m->n) {
        for (int i = 0; i < m->n && kept == 0; i++)
            order[i] = i;
        c->nmethods = 1;
        c->method[0].ordering = CHOLMOD_GIVEN;
    }
    *out = cholmod_analyze_p(whole, kept < m->n ? order : NULL, NULL, 0, c);
    if (!*out || !cholmod_factorize(whole, *out, c) || c->status != CHOLMOD_OK)
        code = fail(ctx, c);
out:
    free(order);
    cholmod_free_sparse(&whole, c);
    return code;
}

static int round_up(int n)
{
    return (n + WEISS_SWEEP_ROWS - 1) / WEISS_SWEEP_ROWS * WEISS_SWEEP_ROWS;
}

/* Number of columns of supernode s that are eliminated: they come first. */
static int eliminated_columns(const cholmod_factor *l, int s, int kept)
{
    const int *super = l->super, *order = l->Perm;
    int count = 0;
    while (super[s] + count < super[s + 1] && order[super[s] + count] < kept)
        count++;
    return count;
}

/* Cuts the supernodes into panels and lays out their data. */
static int plan(weiss_context *ctx, const cholmod_factor *l, int kept, weiss_factor *f)
{
    const int *super = l->super, *pi = l->pi;
    int64_t panels = 0, rows = 0;
    for (int s = 0; s < (int)l->nsuper; s++)
        panels += (eliminated_columns(l, s, kept) + PANEL_COLUMNS - 1) / PANEL_COLUMNS;
    WEISS_TRY(WEISS_NEW(ctx, f->panel, panels));
    for (int s = 0; s < (int)l->nsuper; s++) {
        int columns = eliminated_columns(l, s, kept), all = pi[s + 1] - pi[s];
        for (int j = 0; j < columns; j += PANEL_COLUMNS) {
            int n = columns - j < PANEL_COLUMNS ? columns - j : PANEL_COLUMNS;
            panel *p = &f->panel[f->npanels++];
            *p =
                (panel){super[s] + j, n, rows, all - j - n, f->length, f->length + (size_t)(round_up(n) * n)};
            f->length = p->below + (size_t)round_up(p->nrows) * (size_t)n;
            rows += round_up(p->nrows);
        }
    }
    f->nrows = rows;
    WEISS_TRY(WEISS_NEW(ctx, f->rows, rows));
    return WEISS_NEW(ctx, f->data, f->length);
}

/* Packs one panel: @p block is its square part and rows in CHOLMOD's column-major array with that leading dimension. */
static void pack(const weiss_factor *f, const panel *p, const double *block, int leading, const int *rows)
{
    float *square = f->data + p->square, *below = f->data + p->below;
    int padded = round_up(p->columns);
    for (int j = 0; j < p->columns;
         j++) { /* column j of the inverse of the triangle, by forward substitution */
        double inverse[PANEL_COLUMNS];
        for (int i = j; i < p->columns; i++) {
            double sum = i == j;
            for (int k = j; k < i; k++)
                sum -= block[k * leading + i] * inverse[k];
            inverse[i] = sum / block[i * leading + i];
            square[j * padded + i] = (float)inverse[i];
        }
    }
    for (int j = 0; j < p->columns; j++)
        for (int i = 0; i < p->nrows; i++)
            below[(i / WEISS_SWEEP_ROWS * p->columns + j) * WEISS_SWEEP_ROWS + i % WEISS_SWEEP_ROWS] =
                (float)block[(size_t)j * (size_t)leading + (size_t)(p->columns + i)];
    for (int i = 0; i < round_up(p->nrows); i++)
        f->rows[p->row + i] = i < p->nrows ? rows[i] : f->n;
}

static void pack_all(const cholmod_factor *l, int kept, const weiss_factor *f)
{
    const int *pi = l->pi, *px = l->px, *rows = l->s;
    const double *x = l->x;
    const panel *p = f->panel;
    for (int s = 0; s < (int)l->nsuper; s++) {
        int columns = eliminated_columns(l, s, kept), leading = pi[s + 1] - pi[s];
        for (int j = 0; j < columns; j += PANEL_COLUMNS, p++)
            pack(f, p, x + px[s] + (size_t)j * (size_t)leading + (size_t)j, leading,
                 rows + pi[s] + j + p->columns);
    }
}

/* L_gg L_gg^T minus what the matrix has there. Rows and columns of kept unknowns are dense enough to be taken as full. */
static int find_schur(weiss_context *ctx, const cholmod_factor *l, const weiss_entries *m, int kept,
                      double *schur)
{
    const int *super = l->super, *pi = l->pi, *px = l->px, *rows = l->s, *order = l->Perm;
    const double *x = l->x;
    size_t n = (size_t)(m->n - kept);
    double *lower = NULL; /* L_gg with rows and columns by number of the unknown */
    WEISS_TRY(WEISS_NEW(ctx, lower, n * n));
    for (int s = 0; s < (int)l->nsuper; s++)
        for (int c = super[s]; c < super[s + 1]; c++) {
            int j = c - super[s], leading = pi[s + 1] - pi[s];
            for (int i = j; i < leading && order[c] >= kept; i++)
                lower[(size_t)(order[c] - kept) * n + (size_t)(order[rows[pi[s] + i]] - kept)] =
                    x[(size_t)px[s] + (size_t)j * (size_t)leading + (size_t)i];
        }
    weiss_kernel_outer((int)n, lower, schur);
    for (int64_t k = 0; k < m->count; k++)
        if (m->column[k] >= kept && m->row[k] >= m->column[k]) {
            size_t i = (size_t)(m->row[k] - kept), j = (size_t)(m->column[k] - kept);
            schur[j * n + i] -= m->value[k];
            if (i != j)
                schur[i * n + j] -= m->value[k];
        }
    free(lower);
    return 0;
}

static int take_over(weiss_context *ctx, const cholmod_factor *l, const weiss_entries *m, int kept,
                     double *schur, weiss_factor *f)
{
    const int *order = l->Perm;
    int widest = 0;
    f->n = m->n;
    WEISS_TRY(WEISS_NEW(ctx, f->position, f->n));
    for (int i = 0; i < f->n; i++)
        f->position[order[i]] = i;
    WEISS_TRY(plan(ctx, l, kept, f));
    pack_all(l, kept, f);
    for (int64_t i = 0; i < f->npanels; i++)
        widest = f->panel[i].nrows > widest ? f->panel[i].nrows : widest;
    WEISS_TRY(WEISS_NEW(ctx, f->work, round_up(widest)));
    return schur ? find_schur(ctx, l, m, kept, schur) : 0;
}

int weiss_factor_create(weiss_context *ctx, const weiss_entries *matrix, int kept, double *schur,
                        weiss_factor **out)
{
    cholmod_common common;
    cholmod_factor *l = NULL;
    weiss_factor *f = NULL;
    int code;
    *out = NULL;
    cholmod_start(&common);
    common.supernodal = CHOLMOD_SUPERNODAL;
    common.print = 0;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, f, 1));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, f->x, matrix->n + 1));
    if (matrix->n > 0) {
        WEISS_TRY_OUT(code, factorise(ctx, matrix, kept, &common, &l));
        WEISS_TRY_OUT(code, take_over(ctx, l, matrix, kept, schur, f));
    }
    *out = f;
    f = NULL;
out:
    cholmod_free_factor(&l, &common);
    cholmod_finish(&common);
    weiss_factor_destroy(f);
    return code;
}

void weiss_factor_destroy(weiss_factor *f)
{
    if (!f)
        return;
    free(f->position);
    free(f->panel);
    free(f->rows);
    free(f->data);
    free(f->x);
    free(f->work);
    free(f);
}

void weiss_factor_forward(weiss_factor *f, double *x)
{
    for (int i = 0; i < f->n; i++)
        f->x[f->position[i]] = x[i];
    for (int64_t i = 0; i < f->npanels; i++) {
        const panel *p = &f->panel[i];
        weiss_kernel_forward(p->columns, round_up(p->nrows), f->data + p->square, f->data + p->below,
                             f->rows + p->row, f->x + p->first, f->x);
    }
    for (int i = 0; i < f->n; i++)
        x[i] = f->x[f->position[i]];
}

void weiss_factor_backward(weiss_factor *f, double *x)
{
    for (int i = 0; i < f->n; i++)
        f->x[f->position[i]] = x[i];
    f->x[f->n] = 0;
    for (int64_t i = f->npanels - 1; i >= 0; i--) {
        const panel *p = &f->panel[i];
        weiss_kernel_backward(p->columns, round_up(p->nrows), f->data + p->square, f->data + p->below,
                              f->rows + p->row, f->x + p->first, f->x, f->work);
    }
    for (int i = 0; i < f->n; i++)
        x[i] = f->x[f->position[i]];
}

int64_t weiss_factor_size(const weiss_factor *f)
{
    return (int64_t)f->length;
}
