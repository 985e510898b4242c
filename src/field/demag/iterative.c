#include "field/demag/iterative.h"

#include <petscksp.h>
#include <stdlib.h>

#define MOST_ITERATIONS 500

struct weiss_iterative {
    weiss_context *ctx; /* borrowed */
    PetscInt nunknowns; /* owned */
    weiss_lidx *node; /* nunknowns, local nodes */
    Mat matrix;
    KSP solver;
    Vec b, x;
    int64_t iterations;
};

static int petsc_failed(weiss_context *ctx, PetscErrorCode code)
{
    const char *text = NULL;
    PetscErrorMessage(code, &text, NULL);
    return weiss_fail(ctx, WEISS_ERR_LIBRARY, "PETSc failed while solving for the potential: %s",
                      text ? text : "no text");
}

#define PETSC_TRY(ctx, call)                                                                                 \
    do {                                                                                                     \
        PetscErrorCode petsc_code_ = (call);                                                                 \
        if (petsc_code_ != 0)                                                                                \
            return petsc_failed((ctx), petsc_code_);                                                         \
    } while (0)

static int start_petsc(weiss_context *ctx)
{
    PetscBool running = PETSC_FALSE;
    char program[] = "weiss", no_signals[] = "-no_signal_handler", no_file[] = "-skip_petscrc";
    char *arguments[] = {program, no_signals, no_file, NULL}, **argv = arguments;
    int argc = 3;
    PETSC_TRY(ctx, PetscInitialized(&running));
    if (!running)
        PETSC_TRY(ctx, PetscInitialize(&argc, &argv, NULL, NULL));
    return 0;
}

/* Rows of the matrix: unknowns numbered over the ranks. @p number: nlocal, -1 where not unknown, ghosts included. */
static int number_unknowns(weiss_iterative *s, const weiss_poisson_problem *p, double *number)
{
    const weiss_mesh *mesh = p->mesh;
    int64_t before = 0, mine = 0;
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        if (p->unknown[i])
            s->node[mine++] = i;
    s->nunknowns = (PetscInt)mine;
    if (MPI_Exscan(&mine, &before, 1, MPI_INT64_T, MPI_SUM, weiss_comm(s->ctx)) != MPI_SUCCESS)
        return weiss_fail(s->ctx, WEISS_ERR_MPI, "numbering the unknowns failed");
    if (weiss_rank(s->ctx) == 0)
        before = 0;
    for (weiss_lidx i = 0; i < mesh->nlocal; i++)
        number[i] = -1;
    for (int64_t i = 0; i < mine; i++)
        number[s->node[i]] = (double)(before + i);
    return weiss_halo_update(mesh, 1, number);
}

/* Collective. */
static int fill_matrix(weiss_iterative *s, const weiss_poisson_problem *p, const double *number)
{
    const weiss_csr *k = p->stiffness;
    PetscInt *here = NULL, *there = NULL;
    int code = WEISS_NEW(s->ctx, here, s->nunknowns);
    if (code == 0)
        code = WEISS_NEW(s->ctx, there, s->nunknowns);
    WEISS_TRY_OUT(code, weiss_agree(s->ctx, code));
    for (PetscInt i = 0; i < s->nunknowns; i++)
        for (int64_t at = k->row_begin[s->node[i]]; at < k->row_begin[s->node[i] + 1]; at++)
            if (p->unknown[k->column[at]])
                (k->column[at] < p->mesh->nowned ? here : there)[i]++;
    PetscErrorCode petsc = MatCreateAIJ(weiss_comm(s->ctx), s->nunknowns, s->nunknowns, PETSC_DETERMINE,
                                        PETSC_DETERMINE, 0, here, 0, there, &s->matrix);
    for (PetscInt i = 0; i < s->nunknowns && petsc == 0; i++) {
        weiss_lidx node = s->node[i];
        PetscInt row = (PetscInt)number[node];
        bool pinned = false;
        for (int q = 0; q < p->npinned; q++)
            pinned = pinned || p->pinned[q] == weiss_mesh_global(p->mesh, node);
        for (int64_t at = k->row_begin[node]; at < k->row_begin[node + 1] && petsc == 0; at++) {
            weiss_lidx j = k->column[at];
            PetscInt column = (PetscInt)number[j];
            PetscScalar value = k->value[at] * (j == node && pinned ? 2 : 1);
            if (p->unknown[j])
                petsc = MatSetValues(s->matrix, 1, &row, 1, &column, &value, INSERT_VALUES);
        }
    }
    code = petsc == 0 ? 0 : petsc_failed(s->ctx, petsc);
out:
    free(here);
    free(there);
    return code;
}

static int set_solver(weiss_iterative *s, double tolerance)
{
    PC preconditioner;
    PETSC_TRY(s->ctx, MatAssemblyBegin(s->matrix, MAT_FINAL_ASSEMBLY));
    PETSC_TRY(s->ctx, MatAssemblyEnd(s->matrix, MAT_FINAL_ASSEMBLY));
    PETSC_TRY(s->ctx, MatSetOption(s->matrix, MAT_SPD, PETSC_TRUE));
    PETSC_TRY(s->ctx, MatCreateVecs(s->matrix, &s->x, &s->b));
    PETSC_TRY(s->ctx, KSPCreate(weiss_comm(s->ctx), &s->solver));
    PETSC_TRY(s->ctx, KSPSetOperators(s->solver, s->matrix, s->matrix));
    PETSC_TRY(s->ctx, KSPSetType(s->solver, KSPCG));
    PETSC_TRY(s->ctx, KSPSetNormType(s->solver, KSP_NORM_UNPRECONDITIONED));
    PETSC_TRY(s->ctx, KSPSetInitialGuessNonzero(s->solver, PETSC_TRUE));
    PETSC_TRY(s->ctx, KSPSetTolerances(s->solver, tolerance, 0, PETSC_DEFAULT, MOST_ITERATIONS));
    PETSC_TRY(s->ctx, KSPGetPC(s->solver, &preconditioner));
    PETSC_TRY(s->ctx, PCSetType(preconditioner, PCHYPRE));
    PETSC_TRY(s->ctx, PCHYPRESetType(preconditioner, "boomeramg"));
    /* For three dimensions: thin the levels by keeping only strong couplings, and coarsen in parallel. */
    PETSC_TRY(s->ctx,
              PetscOptionsSetValue(NULL, "-weiss_potential_pc_hypre_boomeramg_strong_threshold", "0.5"));
    PETSC_TRY(s->ctx, PetscOptionsSetValue(NULL, "-weiss_potential_pc_hypre_boomeramg_coarsen_type", "HMIS"));
    PETSC_TRY(s->ctx, PetscOptionsSetValue(NULL, "-weiss_potential_pc_hypre_boomeramg_interp_type", "ext+i"));
    PETSC_TRY(s->ctx, KSPSetOptionsPrefix(s->solver, "weiss_potential_"));
    PETSC_TRY(s->ctx, KSPSetFromOptions(s->solver));
    PETSC_TRY(s->ctx, KSPSetUp(s->solver));
    return 0;
}

int weiss_iterative_create(const weiss_poisson_problem *p, double tolerance, weiss_iterative **out)
{
    weiss_context *ctx = p->mesh->ctx;
    weiss_iterative *s = NULL;
    double *number = NULL;
    int code;
    *out = NULL;
    WEISS_TRY(weiss_agree(ctx, start_petsc(ctx)));
    code = WEISS_NEW(ctx, s, 1);
    if (code == 0) {
        s->ctx = ctx;
        code = WEISS_NEW(ctx, s->node, p->mesh->nowned);
    }
    if (code == 0)
        code = WEISS_NEW(ctx, number, p->mesh->nlocal);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    WEISS_TRY_OUT(code, weiss_agree(ctx, number_unknowns(s, p, number)));
    WEISS_TRY_OUT(code, weiss_agree(ctx, fill_matrix(s, p, number)));
    WEISS_TRY_OUT(code, weiss_agree(ctx, set_solver(s, tolerance)));
    *out = s;
    s = NULL;
out:
    free(number);
    weiss_iterative_destroy(s);
    return code;
}

void weiss_iterative_destroy(weiss_iterative *s)
{
    if (!s)
        return;
    KSPDestroy(&s->solver);
    VecDestroy(&s->b);
    VecDestroy(&s->x);
    MatDestroy(&s->matrix);
    free(s->node);
    free(s);
}

static int copy_in(weiss_iterative *s, Vec to, const double *from)
{
    PetscScalar *values;
    PETSC_TRY(s->ctx, VecGetArrayWrite(to, &values));
    for (PetscInt i = 0; i < s->nunknowns; i++)
        values[i] = from[s->node[i]];
    PETSC_TRY(s->ctx, VecRestoreArrayWrite(to, &values));
    return 0;
}

int weiss_iterative_solve(weiss_iterative *s, const double *b, double *x)
{
    KSPConvergedReason reason;
    PetscInt iterations;
    const PetscScalar *values;
    WEISS_TRY(copy_in(s, s->b, b));
    WEISS_TRY(copy_in(s, s->x, x));
    PETSC_TRY(s->ctx, KSPSolve(s->solver, s->b, s->x));
    PETSC_TRY(s->ctx, KSPGetConvergedReason(s->solver, &reason));
    PETSC_TRY(s->ctx, KSPGetIterationNumber(s->solver, &iterations));
    s->iterations += iterations;
    if (reason < 0)
        return weiss_fail(
            s->ctx, WEISS_ERR_CONVERGENCE,
            "the iteration for the magnetic potential did not converge in %d steps (PETSc's reason %d); "
            "use `demag: {solver: direct}` or a looser solver_tolerance",
            (int)iterations, (int)reason);
    PETSC_TRY(s->ctx, VecGetArrayRead(s->x, &values));
    for (PetscInt i = 0; i < s->nunknowns; i++)
        x[s->node[i]] = values[i];
    PETSC_TRY(s->ctx, VecRestoreArrayRead(s->x, &values));
    return 0;
}

int64_t weiss_iterative_iterations(const weiss_iterative *s)
{
    return s->iterations;
}
