#include "evolve/krylov.h"

#include <math.h>
#include <sunlinsol/sunlinsol_spgmr.h>

/** The content of our solver is SUNDIALS' one. */
static SUNLinearSolver inner(SUNLinearSolver solver)
{
    return solver->content;
}

static SUNLinearSolver_Type type_of(SUNLinearSolver solver)
{
    (void)solver;
    return SUNLINEARSOLVER_ITERATIVE;
}

static int set_product(SUNLinearSolver solver, void *data, SUNATimesFn product)
{
    return SUNLinSolSetATimes(inner(solver), data, product);
}

static int set_preconditioner(SUNLinearSolver solver, void *data, SUNPSetupFn setup, SUNPSolveFn solve)
{
    return SUNLinSolSetPreconditioner(inner(solver), data, setup, solve);
}

static int set_scaling(SUNLinearSolver solver, N_Vector left, N_Vector right)
{
    return SUNLinSolSetScalingVectors(inner(solver), left, right);
}

static int set_zero_guess(SUNLinearSolver solver, booleantype zero)
{
    return SUNLinSolSetZeroGuess(inner(solver), zero);
}

static int initialise(SUNLinearSolver solver)
{
    return SUNLinSolInitialize(inner(solver));
}

static int set_up(SUNLinearSolver solver, SUNMatrix matrix)
{
    return SUNLinSolSetup(inner(solver), matrix);
}

static int solve(SUNLinearSolver solver, SUNMatrix matrix, N_Vector x, N_Vector b, realtype tolerance)
{
    SUNLinearSolver gmres = inner(solver);
    int flag =
        SUNLinSolSolve(gmres, matrix, x, b, INFINITY); /* no iteration: only the norm of the residual */
    if (flag != SUNLS_SUCCESS)
        return flag;
    realtype wanted =
        fmin(tolerance * WEISS_KRYLOV_HEADROOM, WEISS_KRYLOV_REDUCTION * SUNLinSolResNorm(gmres));
    SUNLinSolSetZeroGuess(gmres, SUNTRUE);
    return SUNLinSolSolve(gmres, matrix, x, b, wanted);
}

static int iterations(SUNLinearSolver solver)
{
    return SUNLinSolNumIters(inner(solver));
}

static realtype residual_norm(SUNLinearSolver solver)
{
    return SUNLinSolResNorm(inner(solver));
}

static N_Vector residual(SUNLinearSolver solver)
{
    return SUNLinSolResid(inner(solver));
}

static sunindextype last_flag(SUNLinearSolver solver)
{
    return SUNLinSolLastFlag(inner(solver));
}

static int destroy(SUNLinearSolver solver)
{
    if (solver->content != NULL)
        SUNLinSolFree(inner(solver));
    solver->content = NULL;
    SUNLinSolFreeEmpty(solver);
    return SUNLS_SUCCESS;
}

SUNLinearSolver weiss_krylov_create(N_Vector like, bool preconditioned, int directions, SUNContext sundials)
{
    SUNLinearSolver solver = SUNLinSolNewEmpty(sundials);
    if (solver == NULL)
        return NULL;
    solver->ops->gettype = type_of;
    solver->ops->setatimes = set_product;
    solver->ops->setpreconditioner = set_preconditioner;
    solver->ops->setscalingvectors = set_scaling;
    solver->ops->setzeroguess = set_zero_guess;
    solver->ops->initialize = initialise;
    solver->ops->setup = set_up;
    solver->ops->solve = solve;
    solver->ops->numiters = iterations;
    solver->ops->resnorm = residual_norm;
    solver->ops->resid = residual;
    solver->ops->lastflag = last_flag;
    solver->ops->free = destroy;
    solver->content =
        SUNLinSol_SPGMR(like, preconditioned ? SUN_PREC_LEFT : SUN_PREC_NONE, directions, sundials);
    if (solver->content == NULL ||
        SUNLinSol_SPGMRSetGSType(inner(solver), SUN_CLASSICAL_GS) != SUNLS_SUCCESS) {
        destroy(solver);
        return NULL;
    }
    return solver;
}
