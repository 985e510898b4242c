#include "field/demag/direct.h"

#include "field/demag/factor.h"
#include "field/demag/lapack.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a local node is to this rank. */
enum { NOT_HERE = -1 };

struct weiss_direct {
    const weiss_mesh *mesh; /* borrowed */
    weiss_factor *factor;
    int ninner, nouter; /* unknowns eliminated here; interface unknowns next to them */
    weiss_lidx *node; /* ninner + nouter: the local node of each unknown of the factor */
    int64_t ninterface; /* of all ranks */
    int64_t *number; /* nouter + nkept: number in the interface */
    int nkept; /* owned interface unknowns */
    weiss_lidx *kept; /* nkept: their local nodes */
    double *
        inverse; /* (nouter + nkept) x ninterface, row-major: those rows of the inverse of the Schur complement */
    double *x; /* ninner + nouter */
    double *condensed; /* ninterface */
    double *values; /* nouter + nkept */
};

/* Marks interface nodes with their number, the others with NOT_HERE; nlocal doubles, ghosts included. Collective. */
static int number_interface(const weiss_poisson_problem *p, double *mark, int64_t *total)
{
    const weiss_mesh *mesh = p->mesh;
    int64_t mine = 0, before = 0;
    for (weiss_lidx i = 0; i < mesh->nowned; i++) {
        mark[i] = NOT_HERE;
        if (!p->unknown[i])
            continue;
        for (int64_t at = p->stiffness->row_begin[i]; at < p->stiffness->row_begin[i + 1]; at++) {
            weiss_lidx j = p->stiffness->column[at];
            if (j >= mesh->nowned && p->unknown[j] &&
                mesh->ghost_owner[j - mesh->nowned] > weiss_rank(mesh->ctx)) {
                mark[i] = (double)mine++;
                break;
            }
        }
    }
    if (MPI_Exscan(&mine, &before, 1, MPI_INT64_T, MPI_SUM, weiss_comm(mesh->ctx)) != MPI_SUCCESS ||
        MPI_Allreduce(&mine, total, 1, MPI_INT64_T, MPI_SUM, weiss_comm(mesh->ctx)) != MPI_SUCCESS)
        return weiss_fail(mesh->ctx, WEISS_ERR_MPI, "numbering the interface between ranks failed");
    if (weiss_rank(mesh->ctx) == 0)
        before = 0;
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        if (mark[i] != NOT_HERE)
            mark[i] += (double)before;
    return weiss_halo_update(mesh, 1, mark);
}

int weiss_direct_interface(const weiss_poisson_problem *p, int64_t *count)
{
    double *mark = NULL;
    int code = weiss_agree(p->mesh->ctx, WEISS_NEW(p->mesh->ctx, mark, p->mesh->nlocal));
    if (code == 0)
        code = number_interface(p, mark, count);
    free(mark);
    return code;
}

static bool is_pinned(const weiss_poisson_problem *p, weiss_lidx i)
{
    for (int k = 0; k < p->npinned; k++)
        if (p->pinned[k] == weiss_mesh_global(p->mesh, i))
            return true;
    return false;
}

/* Numbers the unknowns of the factor: inner ones, then the interface next to them. @p slot: nlocal, NOT_HERE where none. */
static int number_unknowns(weiss_direct *d, const weiss_poisson_problem *p, const double *mark, int *slot)
{
    const weiss_mesh *mesh = p->mesh;
    const weiss_csr *k = p->stiffness;
    WEISS_TRY(WEISS_NEW(mesh->ctx, d->node, mesh->nlocal));
    WEISS_TRY(WEISS_NEW(mesh->ctx, d->kept, mesh->nowned));
    WEISS_TRY(WEISS_NEW(mesh->ctx, d->number, mesh->nlocal + mesh->nowned));
    for (weiss_lidx i = 0; i < mesh->nlocal; i++)
        slot[i] = NOT_HERE;
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        if (p->unknown[i] && mark[i] == NOT_HERE) {
            slot[i] = d->ninner;
            d->node[d->ninner++] = i;
        }
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        for (int64_t at = k->row_begin[i]; at < k->row_begin[i + 1] && mark[i] == NOT_HERE && p->unknown[i];
             at++) {
            weiss_lidx j = k->column[at];
            if (mark[j] == NOT_HERE || slot[j] != NOT_HERE || !p->unknown[j])
                continue;
            d->number[d->nouter] = (int64_t)mark[j];
            slot[j] = d->ninner + d->nouter;
            d->node[d->ninner + d->nouter++] = j;
        }
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        if (mark[i] != NOT_HERE) {
            d->number[d->nouter + d->nkept] = (int64_t)mark[i];
            d->kept[d->nkept++] = i;
        }
    return 0;
}

/* Entries of the factor's matrix: rows of inner unknowns and their mirror images; the interface part only gets a diagonal
 * large enough to make the matrix positive definite (what it is does not matter, weiss_factor_create takes it off). */
static int gather_entries(const weiss_direct *d, const weiss_poisson_problem *p, const int *slot,
                          weiss_entries *m)
{
    const weiss_csr *k = p->stiffness;
    weiss_context *ctx = p->mesh->ctx;
    double *diagonal = NULL;
    int64_t room = d->nouter;
    int code;
    for (int i = 0; i < d->ninner; i++)
        room += k->row_begin[d->node[i] + 1] - k->row_begin[d->node[i]];
    *m = (weiss_entries){.n = d->ninner + d->nouter};
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, m->row, room));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, m->column, room));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, m->value, room));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, diagonal, d->nouter));
    for (int i = 0; i < d->ninner; i++) {
        weiss_lidx node = d->node[i];
        double factor = is_pinned(p, node) ? 2 : 1;
        for (int64_t at = k->row_begin[node]; at < k->row_begin[node + 1]; at++) {
            int j = slot[k->column[at]];
            double value = k->value[at] * (j == i ? factor : 1);
            if (j == NOT_HERE || (j < d->ninner && j > i))
                continue;
            m->row[m->count] = j > i ? j : i;
            m->column[m->count] = j > i ? i : j;
            m->value[m->count++] = value;
            if (j >= d->ninner)
                diagonal[j - d->ninner] += 4 * fabs(value) + *weiss_csr_entry(k, node, node);
        }
    }
    for (int i = 0; i < d->nouter; i++) {
        m->row[m->count] = m->column[m->count] = d->ninner + i;
        m->value[m->count++] = diagonal[i];
    }
out:
    free(diagonal);
    return code;
}

/* Adds this rank's part to the Schur complement (ninterface^2): what its elimination takes, and K of its own rows. */
static void add_schur(const weiss_direct *d, const weiss_poisson_problem *p, const double *mark,
                      const double *taken, double *schur)
{
    const weiss_csr *k = p->stiffness;
    for (int i = 0; i < d->nouter; i++)
        for (int j = 0; j < d->nouter; j++)
            schur[d->number[i] * d->ninterface + d->number[j]] +=
                taken[(size_t)i * (size_t)d->nouter + (size_t)j];
    for (int i = 0; i < d->nkept; i++) {
        weiss_lidx node = d->kept[i];
        int64_t row = d->number[d->nouter + i] * d->ninterface;
        for (int64_t at = k->row_begin[node]; at < k->row_begin[node + 1]; at++) {
            weiss_lidx j = k->column[at];
            if (p->unknown[j] && mark[j] != NOT_HERE)
                schur[row + (int64_t)mark[j]] += k->value[at] * (j == node && is_pinned(p, node) ? 2 : 1);
        }
    }
}

/* The rows of the inverse that this rank needs. Collective. */
static int invert_schur(weiss_direct *d, double *schur)
{
    weiss_context *ctx = d->mesh->ctx;
    int n = (int)d->ninterface, rows = d->nouter + d->nkept, info = 0, code;
    if (MPI_Allreduce(MPI_IN_PLACE, schur, (int)(d->ninterface * d->ninterface), MPI_DOUBLE, MPI_SUM,
                      weiss_comm(ctx)) != MPI_SUCCESS)
        return weiss_fail(ctx, WEISS_ERR_MPI, "adding up the Schur complement failed");
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, d->inverse, (size_t)rows * (size_t)n));
    for (int i = 0; i < rows; i++)
        d->inverse[(size_t)i * (size_t)n + (size_t)d->number[i]] = 1;
    dpotrf_("L", &n, schur, &n, &info);
    if (info == 0 && rows > 0)
        dpotrs_("L", &n, &rows, schur, &n, d->inverse, &n, &info);
    if (info != 0)
        code = weiss_fail(ctx, WEISS_ERR_LIBRARY,
                          "matrix of the interface between ranks is not positive definite");
out:
    return weiss_agree(ctx, code);
}

/* Local part of creation, up to the factor and the Schur complement. */
static int eliminate(weiss_direct *d, const weiss_poisson_problem *p, const double *mark, double **schur)
{
    weiss_context *ctx = p->mesh->ctx;
    weiss_entries entries = {0};
    double *taken = NULL;
    int *slot = NULL, code;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, slot, p->mesh->nlocal));
    WEISS_TRY_OUT(code, number_unknowns(d, p, mark, slot));
    WEISS_TRY_OUT(code, gather_entries(d, p, slot, &entries));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, taken, (size_t)d->nouter * (size_t)d->nouter));
    WEISS_TRY_OUT(code,
                  weiss_factor_create(ctx, &entries, d->ninner, d->nouter > 0 ? taken : NULL, &d->factor));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, d->x, d->ninner + d->nouter));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, d->values, d->nouter + d->nkept));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, d->condensed, d->ninterface));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, *schur, d->ninterface * d->ninterface));
    add_schur(d, p, mark, taken, *schur);
out:
    free(slot);
    free(taken);
    free(entries.row);
    free(entries.column);
    free(entries.value);
    return code;
}

int weiss_direct_create(const weiss_poisson_problem *p, weiss_direct **out)
{
    weiss_context *ctx = p->mesh->ctx;
    weiss_direct *d = NULL;
    double *mark = NULL, *schur = NULL;
    int code = 0;
    *out = NULL;
    code = WEISS_NEW(ctx, d, 1);
    if (code == 0)
        code = WEISS_NEW(ctx, mark, p->mesh->nlocal);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    d->mesh = p->mesh;
    WEISS_TRY_OUT(code, weiss_agree(ctx, number_interface(p, mark, &d->ninterface)));
    WEISS_TRY_OUT(code, weiss_agree(ctx, eliminate(d, p, mark, &schur)));
    if (d->ninterface > 0)
        WEISS_TRY_OUT(code, invert_schur(d, schur));
    *out = d;
    d = NULL;
out:
    free(mark);
    free(schur);
    weiss_direct_destroy(d);
    return code;
}

void weiss_direct_destroy(weiss_direct *d)
{
    if (!d)
        return;
    weiss_factor_destroy(d->factor);
    free(d->node);
    free(d->number);
    free(d->kept);
    free(d->inverse);
    free(d->x);
    free(d->condensed);
    free(d->values);
    free(d);
}

int weiss_direct_solve(weiss_direct *d, const double *b, double *x)
{
    int rows = d->nouter + d->nkept;
    for (int i = 0; i < d->ninner; i++)
        d->x[i] = b[d->node[i]];
    memset(d->x + d->ninner, 0, (size_t)d->nouter * sizeof *d->x);
    weiss_factor_forward(d->factor, d->x);
    if (d->ninterface > 0) {
        memset(d->condensed, 0, (size_t)d->ninterface * sizeof *d->condensed);
        for (int i = 0; i < d->nouter; i++)
            d->condensed[d->number[i]] = d->x[d->ninner + i];
        for (int i = 0; i < d->nkept; i++)
            d->condensed[d->number[d->nouter + i]] += b[d->kept[i]];
        if (MPI_Allreduce(MPI_IN_PLACE, d->condensed, (int)d->ninterface, MPI_DOUBLE, MPI_SUM,
                          weiss_comm(d->mesh->ctx)) != MPI_SUCCESS)
            return weiss_fail(d->mesh->ctx, WEISS_ERR_MPI,
                              "adding up the right side of the interface failed");
        cblas_dgemv(CblasRowMajor, CblasNoTrans, rows, (int)d->ninterface, 1, d->inverse, (int)d->ninterface,
                    d->condensed, 1, 0, d->values, 1);
        memcpy(d->x + d->ninner, d->values, (size_t)d->nouter * sizeof *d->x);
        for (int i = 0; i < d->nkept; i++)
            x[d->kept[i]] = d->values[d->nouter + i];
    }
    weiss_factor_backward(d->factor, d->x);
    for (int i = 0; i < d->ninner; i++)
        x[d->node[i]] = d->x[i];
    return 0;
}

int64_t weiss_direct_size(const weiss_direct *d)
{
    return weiss_factor_size(d->factor) + (d->nouter + d->nkept) * d->ninterface;
}
