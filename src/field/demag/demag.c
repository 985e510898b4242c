/* The demagnetising field, by the hybrid method of D. R. Fredkin and T. R. Koehler, IEEE Trans. Magn. 26, 415 (1990).
 *
 *     u = u1 + u2, H = -grad u
 *     u1: Laplace u1 = div M inside, du1/dn = M . n on the surface, no field outside: a Neumann problem on each body
 *     u2: Laplace u2 = 0 inside and outside, jumps by u1 on the surface: u2 = B u1 there, a Dirichlet problem inside
 *
 * The energy is E = -mu0/2 sum_i moment_i m_i . H_i. The field is left out of the Jacobian of the time stepper: it is not
 * stiff, and so is evaluated about once per time step. docs/demagnetising-field.md tells more. */
#include "field/demag/boundary.h"
#include "field/demag/gather.h"
#include "field/demag/operators.h"
#include "field/demag/poisson.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Part of the tolerance that solving the Poisson problems may take. */
#define SOLVER_SHARE 0.1

typedef struct demag {
    const weiss_space *space; /* borrowed */
    weiss_potential_operators *operators;
    weiss_csr shell; /* K_ij of inner nodes i (rows of owned nodes) and surface nodes j */
    weiss_poisson *neumann;
    weiss_poisson *dirichlet;
    weiss_boundary *boundary;
    weiss_gather *gather;
    double *b; /* nowned */
    double *u1, *u2; /* nlocal: of the last evaluation, where iterations start */
    double *total; /* nlocal: u1 + u2 */
    double *surface; /* surface nodes: u1 */
    double *rows; /* rows of the boundary operator here: u2 */
    double product_seconds; /* spent in products with the boundary operator */
} demag;

static const weiss_key members[] = {
    {.name = "enabled",
     .kind = WEISS_KIND_FLAG,
     .fallback = "on",
     .help = "Whether there is a demagnetising field; `demag: off` leaves it out"},
    {.name = "tolerance",
     .kind = WEISS_KIND_NUMBER,
     .fallback = "1e-4",
     .min = WEISS_BOUNDARY_FINEST,
     .max = 0.1,
     .help = "Largest error of the boundary potential, relative to the largest potential"},
    {.name = "operator",
     .kind = WEISS_KIND_CHOICE,
     .choices = "auto dense hierarchical",
     .fallback = "auto",
     .help = "Boundary operator: all entries (dense), compressed (hierarchical), or by size"},
    {.name = "solver",
     .kind = WEISS_KIND_CHOICE,
     .choices = "auto direct iterative",
     .fallback = "auto",
     .help = "Solver of the Poisson problems: Cholesky factors (direct), multigrid (iterative), or by size"},
    {.name = "solver_tolerance",
     .kind = WEISS_KIND_NUMBER,
     .fallback = "1e-7",
     .min = 1e-14,
     .max = 1e-2,
     .help = "Relative residual at which the iterative solver stops"},
    {.name = NULL},
};

static const weiss_key section_key = {
    .name = "demag",
    .kind = WEISS_KIND_MAP,
    .members = members,
    .fallback = "{}",
    .bare = "enabled",
    .help = "Demagnetising field",
};

/* Marks inner nodes (nlocal) and keeps their couplings to the surface. */
static int split_nodes(demag *d, bool *inner)
{
    const weiss_mesh *mesh = d->space->mesh;
    const weiss_csr *k = &d->operators->stiffness;
    weiss_context *ctx = mesh->ctx;
    int64_t count = 0;
    for (weiss_lidx i = 0; i < mesh->nlocal; i++)
        inner[i] = true;
    for (int64_t i = 0; i < d->gather->nlocal; i++)
        inner[d->gather->local[i]] = false;
    d->shell.nrows = mesh->nowned;
    WEISS_TRY(WEISS_NEW(ctx, d->shell.row_begin, mesh->nowned + 1));
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        for (int64_t at = k->row_begin[i]; at < k->row_begin[i + 1] && inner[i]; at++)
            count += !inner[k->column[at]];
    WEISS_TRY(WEISS_NEW(ctx, d->shell.column, count));
    WEISS_TRY(WEISS_NEW(ctx, d->shell.value, count));
    count = 0;
    for (weiss_lidx i = 0; i < mesh->nowned; i++) {
        for (int64_t at = k->row_begin[i]; at < k->row_begin[i + 1] && inner[i]; at++)
            if (!inner[k->column[at]]) {
                d->shell.column[count] = k->column[at];
                d->shell.value[count++] = k->value[at];
            }
        d->shell.row_begin[i + 1] = count;
    }
    return 0;
}

/* What needs no communication. */
static int allocate(demag *d)
{
    const weiss_mesh *mesh = d->space->mesh;
    WEISS_TRY(weiss_potential_operators_create(d->space, &d->operators));
    WEISS_TRY(WEISS_NEW(mesh->ctx, d->b, mesh->nowned));
    WEISS_TRY(WEISS_NEW(mesh->ctx, d->u1, mesh->nlocal));
    WEISS_TRY(WEISS_NEW(mesh->ctx, d->u2, mesh->nlocal));
    WEISS_TRY(WEISS_NEW(mesh->ctx, d->total, mesh->nlocal));
    return WEISS_NEW(mesh->ctx, d->surface, mesh->surface.nnodes);
}

/* Position of a choice in its list of words, which is that of the enumeration. */
static int choice(const weiss_value *section, const char *key, const char *second, const char *third)
{
    const char *word = weiss_value_text(section, key);
    return strcmp(word, second) == 0 ? 1 : strcmp(word, third) == 0 ? 2 : 0;
}

static int make_boundary(demag *d, const weiss_value *section, bool *inner)
{
    const weiss_mesh *mesh = d->space->mesh;
    weiss_boundary_options options = {
        (weiss_boundary_kind)choice(section, "operator", "dense", "hierarchical"),
        weiss_value_number(section, "tolerance")};
    int64_t nrows;
    WEISS_TRY(weiss_boundary_create(mesh->ctx, &mesh->surface, &options, &d->boundary));
    const int64_t *row = weiss_boundary_rows(d->boundary, &nrows);
    WEISS_TRY(weiss_agree(mesh->ctx, WEISS_NEW(mesh->ctx, d->rows, nrows)));
    WEISS_TRY(weiss_gather_create(mesh, row, nrows, &d->gather));
    return weiss_agree(mesh->ctx, split_nodes(d, inner));
}

static int make_solvers(demag *d, const weiss_value *section, const bool *inner, bool *all)
{
    const weiss_mesh *mesh = d->space->mesh;
    weiss_poisson_options options = {(weiss_poisson_kind)choice(section, "solver", "direct", "iterative"),
                                     weiss_value_number(section, "solver_tolerance"),
                                     SOLVER_SHARE * weiss_value_number(section, "tolerance")};
    for (weiss_lidx i = 0; i < mesh->nlocal; i++)
        all[i] = true;
    weiss_poisson_problem neumann = {mesh, &d->operators->stiffness, all, mesh->body_node, mesh->nbodies};
    weiss_poisson_problem dirichlet = {mesh, &d->operators->stiffness, inner, NULL, 0};
    WEISS_TRY(weiss_poisson_create(&neumann, &options, &d->neumann));
    return weiss_poisson_create(&dirichlet, &options, &d->dirichlet);
}

static void destroy(void *data)
{
    demag *d = data;
    if (!d)
        return;
    weiss_potential_operators_destroy(d->operators);
    weiss_csr_destroy(&d->shell);
    weiss_poisson_destroy(d->neumann);
    weiss_poisson_destroy(d->dirichlet);
    weiss_boundary_destroy(d->boundary);
    weiss_gather_destroy(d->gather);
    free(d->b);
    free(d->u1);
    free(d->u2);
    free(d->total);
    free(d->surface);
    free(d->rows);
    free(d);
}

/* Makes all that an enabled term needs. Collective. */
static int build(demag *d, const weiss_value *section)
{
    weiss_context *ctx = d->space->ctx;
    const weiss_mesh *mesh = d->space->mesh;
    bool *inner = NULL, *all = NULL;
    int code = allocate(d);
    if (code == 0)
        code = WEISS_NEW(ctx, inner, mesh->nlocal);
    if (code == 0)
        code = WEISS_NEW(ctx, all, mesh->nlocal);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    WEISS_TRY_OUT(code, make_boundary(d, section, inner));
    WEISS_TRY_OUT(code, make_solvers(d, section, inner, all));
out:
    free(inner);
    free(all);
    return code;
}

static int create(const weiss_space *space, const weiss_value *section, void **data)
{
    demag *d = NULL;
    *data = NULL;
    if (!weiss_value_flag(section, "enabled"))
        return 0;
    WEISS_TRY(weiss_agree(space->ctx, WEISS_NEW(space->ctx, d, 1)));
    d->space = space;
    int code = build(d, section);
    if (code != 0) {
        destroy(d);
        return code;
    }
    *data = d;
    return 0;
}

/* Both parts of the potential, at owned nodes. Collective. */
static int solve(demag *d, const double *m)
{
    const weiss_mesh *mesh = d->space->mesh;
    weiss_potential_source(d->operators, m, d->b);
    WEISS_TRY(weiss_poisson_solve(d->neumann, d->b, d->u1));
    WEISS_TRY(weiss_gather_all(d->gather, d->u1, d->surface));
    double begin = MPI_Wtime();
    weiss_boundary_apply(d->boundary, d->surface, d->rows);
    d->product_seconds += MPI_Wtime() - begin;
    WEISS_TRY(weiss_gather_return(d->gather, d->rows, d->u2));
    for (weiss_lidx i = 0; i < mesh->nowned; i++) {
        double sum = 0;
        for (int64_t at = d->shell.row_begin[i]; at < d->shell.row_begin[i + 1]; at++)
            sum -= d->shell.value[at] * d->u2[d->shell.column[at]];
        d->b[i] = sum;
    }
    return weiss_poisson_solve(d->dirichlet, d->b, d->u2);
}

static int evaluate(void *data, const weiss_point *at, double *field, double *energy)
{
    demag *d = data;
    const weiss_mesh *mesh = d->space->mesh;
    WEISS_TRY(solve(d, at->m));
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        d->total[i] = d->u1[i] + d->u2[i];
    WEISS_TRY(weiss_halo_update(mesh, 1, d->total));
    double work = weiss_potential_field(d->operators, d->total, at->m, field);
    if (energy)
        *energy -= 0.5 * WEISS_MU0 * work;
    return 0;
}

static int statistics(void *data, weiss_statistic_fn fn, void *self)
{
    const demag *d = data;
    const weiss_boundary_figures *b = weiss_boundary_figures_of(d->boundary);
    weiss_poisson_figures neumann, dirichlet;
    WEISS_TRY(weiss_poisson_figures_of(d->neumann, &neumann));
    WEISS_TRY(weiss_poisson_figures_of(d->dirichlet, &dirichlet));
    fn(self, "surface_nodes", (double)b->nodes);
    fn(self, "flat_faces", (double)b->faces);
    fn(self, "boundary_bytes", (double)b->bytes);
    fn(self, "bytes_per_surface_node", b->nodes > 0 ? (double)b->bytes / (double)b->nodes : 0);
    fn(self, "boundary_error", b->error);
    fn(self, "boundary_rows_checked", b->rows_checked);
    fn(self, "boundary_hierarchical", b->hierarchical);
    fn(self, "boundary_near_blocks", (double)b->near_blocks);
    fn(self, "boundary_far_blocks", (double)b->far_blocks);
    fn(self, "boundary_mean_rank", b->mean_rank);
    fn(self, "boundary_seconds", b->seconds);
    fn(self, "boundary_product_seconds", d->product_seconds);
    fn(self, "solver_direct", neumann.direct && dirichlet.direct);
    fn(self, "solver_error", fmax(neumann.error, dirichlet.error));
    fn(self, "solver_refined", neumann.refined || dirichlet.refined);
    fn(self, "solver_stored_numbers", (double)(neumann.stored + dirichlet.stored));
    fn(self, "solver_interface", (double)(neumann.interface + dirichlet.interface));
    fn(self, "solver_iterations", (double)(neumann.iterations + dirichlet.iterations));
    fn(self, "solver_seconds", neumann.seconds + dirichlet.seconds);
    return 0;
}

const weiss_term_class weiss_demag_term = {
    .name = "demag",
    .help = "Demagnetising field, hybrid finite and boundary elements",
    .section = &section_key,
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .statistics = statistics,
};
