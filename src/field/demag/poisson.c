#include "field/demag/poisson.h"

#include "field/demag/direct.h"
#include "field/demag/iterative.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* `auto` solves directly up to these sizes. Setting up factors grows with about the square of the unknowns, so that beyond
 * it pays back only after several hundred fields (extrapolated from 69,000 nodes, docs/demagnetising-field.md). The dense
 * matrix of an interface of this size takes 128 MB on each rank while it is made. */
#define DIRECT_UNKNOWNS_PER_RANK 300000
#define DIRECT_INTERFACE 4000
/* No direct solution beyond: the interface's matrix is indexed with 32 bits. */
#define LARGEST_INTERFACE 30000

struct weiss_poisson {
    const weiss_mesh *mesh; /* borrowed */
    const weiss_csr *stiffness; /* borrowed */
    bool *unknown; /* nlocal */
    weiss_lidx *pinned; /* npinned, owned nodes */
    int npinned;
    double *residual; /* nowned */
    double *correction; /* nowned */
    double *x; /* nlocal */
    weiss_direct *direct;
    weiss_iterative *iterative;
    weiss_poisson_figures figures;
};

static int measure(const weiss_poisson_problem *p, weiss_poisson_figures *figures, int64_t *largest)
{
    int64_t unknowns = 0;
    for (weiss_lidx i = 0; i < p->mesh->nowned; i++)
        unknowns += p->unknown[i];
    WEISS_TRY(weiss_direct_interface(p, &figures->interface));
    if (MPI_Allreduce(&unknowns, &figures->unknowns, 1, MPI_INT64_T, MPI_SUM, weiss_comm(p->mesh->ctx)) !=
            MPI_SUCCESS ||
        MPI_Allreduce(&unknowns, largest, 1, MPI_INT64_T, MPI_MAX, weiss_comm(p->mesh->ctx)) != MPI_SUCCESS)
        return weiss_fail(p->mesh->ctx, WEISS_ERR_MPI, "counting the unknowns of the potential failed");
    return 0;
}

/* out = matrix x, at owned unknowns; the matrix includes the pins. Collective. */
static int multiply(weiss_poisson *s, const double *x, double *out)
{
    const weiss_csr *k = s->stiffness;
    for (weiss_lidx i = 0; i < s->mesh->nowned; i++)
        s->x[i] = s->unknown[i] ? x[i] : 0;
    WEISS_TRY(weiss_halo_update(s->mesh, 1, s->x));
    for (weiss_lidx i = 0; i < s->mesh->nowned; i++) {
        double sum = 0;
        for (int64_t at = k->row_begin[i]; at < k->row_begin[i + 1] && s->unknown[i]; at++)
            sum += k->value[at] * s->x[k->column[at]];
        out[i] = sum;
    }
    for (int p = 0; p < s->npinned; p++)
        out[s->pinned[p]] += *weiss_csr_entry(k, s->pinned[p], s->pinned[p]) * s->x[s->pinned[p]];
    return 0;
}

/* Solves for the product of the matrix with a known function, linear in space plus a wave, and notes the error. */
static int try_solution(weiss_poisson *s)
{
    const weiss_mesh *mesh = s->mesh;
    double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY},
           worst[2] = {0, 0};
    for (int64_t i = 0; i < 3 * mesh->surface.nnodes; i++) {
        low[i % 3] = fmin(low[i % 3], mesh->surface.xyz[i]);
        high[i % 3] = fmax(high[i % 3], mesh->surface.xyz[i]);
    }
    double size = fmax(high[0] - low[0], fmax(high[1] - low[1], high[2] - low[2])), *known = s->correction;
    for (weiss_lidx i = 0; i < mesh->nowned; i++) {
        double t[3];
        for (int d = 0; d < 3; d++)
            t[d] = size > 0 ? (mesh->xyz[3 * (size_t)i + (size_t)d] - low[d]) / size : 0;
        known[i] = t[0] - 2 * t[1] + 1.5 * t[2] + 0.5 * cos(9 * (t[0] + t[1] + t[2]));
    }
    WEISS_TRY(multiply(s, known, s->residual));
    WEISS_TRY(weiss_direct_solve(s->direct, s->residual, s->x));
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        if (s->unknown[i]) {
            worst[0] = fmax(worst[0], fabs(s->x[i] - known[i]));
            worst[1] = fmax(worst[1], fabs(known[i]));
        }
    if (MPI_Allreduce(MPI_IN_PLACE, worst, 2, MPI_DOUBLE, MPI_MAX, weiss_comm(mesh->ctx)) != MPI_SUCCESS)
        return weiss_fail(mesh->ctx, WEISS_ERR_MPI, "checking the solver of the potential failed");
    s->figures.error = worst[1] > 0 ? worst[0] / worst[1] : 0;
    return 0;
}

/* What checking and refining need. Local. */
static int keep_problem(weiss_poisson *s, const weiss_poisson_problem *p)
{
    weiss_context *ctx = p->mesh->ctx;
    s->mesh = p->mesh;
    s->stiffness = p->stiffness;
    WEISS_TRY(WEISS_NEW(ctx, s->unknown, p->mesh->nlocal));
    WEISS_TRY(WEISS_NEW(ctx, s->pinned, p->npinned));
    WEISS_TRY(WEISS_NEW(ctx, s->residual, p->mesh->nowned));
    WEISS_TRY(WEISS_NEW(ctx, s->correction, p->mesh->nowned));
    WEISS_TRY(WEISS_NEW(ctx, s->x, p->mesh->nlocal));
    memcpy(s->unknown, p->unknown, (size_t)p->mesh->nlocal * sizeof *s->unknown);
    for (int i = 0; i < p->npinned; i++) {
        weiss_gidx local = p->pinned[i] - p->mesh->node_begin;
        if (local >= 0 && local < p->mesh->nowned)
            s->pinned[s->npinned++] = (weiss_lidx)local;
    }
    return 0;
}

int weiss_poisson_create(const weiss_poisson_problem *p, const weiss_poisson_options *options,
                         weiss_poisson **out)
{
    weiss_context *ctx = p->mesh->ctx;
    weiss_poisson *s = NULL;
    double start = MPI_Wtime(), seconds;
    int64_t largest = 0;
    int code;
    *out = NULL;
    WEISS_TRY(weiss_agree(ctx, WEISS_NEW(ctx, s, 1)));
    WEISS_TRY_OUT(code, weiss_agree(ctx, keep_problem(s, p)));
    WEISS_TRY_OUT(code, weiss_agree(ctx, measure(p, &s->figures, &largest)));
    s->figures.direct = options->kind == WEISS_POISSON_DIRECT ||
                        (options->kind == WEISS_POISSON_AUTO && largest <= DIRECT_UNKNOWNS_PER_RANK &&
                         s->figures.interface <= DIRECT_INTERFACE);
    if (s->figures.direct && s->figures.interface > LARGEST_INTERFACE) {
        code = weiss_fail(
            ctx, WEISS_ERR_VALUE,
            "%lld unknowns of the potential lie between ranks, too many for a direct solution (at most %d); "
            "use `demag: {solver: iterative}` or fewer ranks",
            (long long)s->figures.interface, LARGEST_INTERFACE);
        goto out;
    }
    if (s->figures.direct) {
        WEISS_TRY_OUT(code, weiss_direct_create(p, &s->direct));
        WEISS_TRY_OUT(code, weiss_agree(ctx, try_solution(s)));
        s->figures.refined = !(s->figures.error <= options->error);
    } else {
        WEISS_TRY_OUT(code, weiss_iterative_create(p, options->tolerance, &s->iterative));
    }
    seconds = MPI_Wtime() - start;
    if (MPI_Allreduce(&seconds, &s->figures.seconds, 1, MPI_DOUBLE, MPI_MAX, weiss_comm(ctx)) != MPI_SUCCESS)
        WEISS_TRY_OUT(code, weiss_fail(ctx, WEISS_ERR_MPI, "timing the solver of the potential failed"));
    *out = s;
    s = NULL;
out:
    weiss_poisson_destroy(s);
    return code;
}

void weiss_poisson_destroy(weiss_poisson *s)
{
    if (!s)
        return;
    weiss_direct_destroy(s->direct);
    weiss_iterative_destroy(s->iterative);
    free(s->unknown);
    free(s->pinned);
    free(s->residual);
    free(s->correction);
    free(s->x);
    free(s);
}

int weiss_poisson_solve(weiss_poisson *s, const double *b, double *x)
{
    if (s->iterative)
        return weiss_iterative_solve(s->iterative, b, x);
    WEISS_TRY(weiss_direct_solve(s->direct, b, x));
    if (!s->figures.refined)
        return 0;
    WEISS_TRY(multiply(s, x, s->residual));
    for (weiss_lidx i = 0; i < s->mesh->nowned; i++)
        s->residual[i] = b[i] - s->residual[i];
    WEISS_TRY(weiss_direct_solve(s->direct, s->residual, s->correction));
    for (weiss_lidx i = 0; i < s->mesh->nowned; i++)
        if (s->unknown[i])
            x[i] += s->correction[i];
    return 0;
}

int weiss_poisson_figures_of(const weiss_poisson *s, weiss_poisson_figures *figures)
{
    int64_t stored = s->direct ? weiss_direct_size(s->direct) : 0;
    *figures = s->figures;
    figures->iterations = s->iterative ? weiss_iterative_iterations(s->iterative) : 0;
    if (MPI_Allreduce(&stored, &figures->stored, 1, MPI_INT64_T, MPI_SUM, weiss_comm(s->mesh->ctx)) !=
        MPI_SUCCESS)
        return weiss_fail(s->mesh->ctx, WEISS_ERR_MPI, "adding up the size of the factors failed");
    return 0;
}
