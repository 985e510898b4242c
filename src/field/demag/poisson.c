#include "field/demag/poisson.h"

#include "field/demag/direct.h"
#include "field/demag/iterative.h"

#include <stdlib.h>

/* `auto` solves directly up to these sizes; beyond, memory and set-up time of the factors or of the dense matrix of the
 * interface grow faster than what they save. Measured (docs/demagnetising-field.md). */
#define DIRECT_UNKNOWNS_PER_RANK 400000
#define DIRECT_INTERFACE 4000
/* No direct solution beyond: the interface's matrix is indexed with 32 bits. */
#define LARGEST_INTERFACE 30000

struct weiss_poisson {
    const weiss_mesh *mesh; /* borrowed */
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
    s->mesh = p->mesh;
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
    if (s->figures.direct)
        WEISS_TRY_OUT(code, weiss_direct_create(p, &s->direct));
    else
        WEISS_TRY_OUT(code, weiss_iterative_create(p, options->tolerance, &s->iterative));
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
    free(s);
}

int weiss_poisson_solve(weiss_poisson *s, const double *b, double *x)
{
    return s->direct ? weiss_direct_solve(s->direct, b, x) : weiss_iterative_solve(s->iterative, b, x);
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
