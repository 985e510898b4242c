/* CVODE: variable-order BDF (or Adams) with Newton and preconditioned GMRES. */
#include "evolve/integrator.h"
#include "evolve/krylov.h"
#include "evolve/vector3.h"

#include <cvode/cvode.h>
#include <cvode/cvode_proj.h>
#include <math.h>
#include <string.h>

/** Tolerance of GMRES as a share of that of Newton's method. */
#define KRYLOV_TOLERANCE 0.05

static int jacobian_product(N_Vector v, N_Vector Jv, realtype time, N_Vector y, N_Vector fy, void *data,
                            N_Vector room)
{
    weiss_integrator *it = data;
    (void)time, (void)y, (void)fy, (void)room; /* the right side was evaluated here last: llg keeps m and H */
    return weiss_llg_product(it->llg, N_VGetArrayPointer(v), N_VGetArrayPointer(Jv));
}

static int setup_preconditioner(realtype time, N_Vector y, N_Vector fy, booleantype reuse,
                                booleantype *is_new, realtype gamma, void *data)
{
    weiss_integrator *it = data;
    (void)time, (void)y, (void)fy, (void)reuse;
    *is_new = SUNTRUE;
    return weiss_preconditioner_setup(it->preconditioner, gamma);
}

/** Never called: the linear solver applies the preconditioner itself. CVODE wants one to set it up. */
static int apply_preconditioner(realtype time, N_Vector y, N_Vector fy, N_Vector r, N_Vector z,
                                realtype gamma, realtype delta, int side, void *data)
{
    (void)time, (void)y, (void)fy, (void)r, (void)z, (void)gamma, (void)delta, (void)side, (void)data;
    return -1;
}

/** Takes the solution of a step back to |m| = 1, and the part along m out of the error estimate. CVODE
 * corrects its history by the same (Eich, SIAM J. Numer. Anal. 30, 1467 (1993)), so that the order and the
 * steps stay as they are. */
static int project(realtype time, N_Vector y, N_Vector correction, realtype epsilon, N_Vector error,
                   void *data)
{
    weiss_integrator *it = data;
    const double *m = N_VGetArrayPointer(y);
    double *c = N_VGetArrayPointer(correction), *e = error != NULL ? N_VGetArrayPointer(error) : NULL;
    (void)time, (void)epsilon;
    for (size_t i = 0; i < 3 * it->llg->nowned; i += 3) {
        double length = sqrt(weiss_dot3(m + i, m + i)), scale = 1 / length - 1;
        double along = e != NULL ? weiss_dot3(m + i, e + i) / (length * length) : 0;
        it->length_error = fmax(it->length_error, fabs(length - 1));
        for (size_t k = i; k < i + 3; k++) {
            c[k] = scale * m[k];
            if (e != NULL)
                e[k] -= along * m[k];
        }
    }
    return 0;
}

/** Runs a set-up call of SUNDIALS. */
#define SETUP(call)                                                                                          \
    do {                                                                                                     \
        int flag_ = (call);                                                                                  \
        if (flag_ != 0)                                                                                      \
            return weiss_integrator_fail_setup(it, #call, flag_);                                            \
    } while (0)

static int create_linear_solver(weiss_integrator *it)
{
    it->linear_solver = weiss_krylov_create(it->llg->state->ctx, it->preconditioner, it->y, it->sundials);
    if (it->linear_solver == NULL)
        return weiss_integrator_fail_setup(it, "SUNLinSolNewEmpty", -1);
    SETUP(CVodeSetLinearSolver(it->memory, it->linear_solver, NULL));
    SETUP(CVodeSetEpsLin(it->memory, KRYLOV_TOLERANCE / WEISS_KRYLOV_HEADROOM));
    SETUP(CVodeSetJacTimes(it->memory, NULL, jacobian_product));
    SETUP(CVodeSetPreconditioner(it->memory, setup_preconditioner, apply_preconditioner));
    return 0;
}

/** Highest order of BDF that is stable for all modes. Precession with damping alpha gives eigenvalues at
 * least atan(alpha) away from the imaginary axis. BDF of order 3, 4, 5 is stable only farther than 90
 * - 86.03, 90 - 73.35, 90 - 51.84 degrees away (Hairer and Wanner, Solving Ordinary Differential Equations
 * II, V.2): beyond that, spin waves grow out of rounding and the error control answers with tiny steps. */
static int stable_order(const weiss_integrator *it, int *order)
{
    static const double least_alpha[] = {0.0694, 0.299, 0.786}; /* tangents of those angles */
    const weiss_state *state = it->llg->state;
    double alpha = INFINITY;
    for (size_t i = 0; i < it->llg->nowned; i++)
        alpha = fmin(alpha, state->space->alpha[i]);
    if (MPI_Allreduce(MPI_IN_PLACE, &alpha, 1, MPI_DOUBLE, MPI_MIN, weiss_comm(state->ctx)) != MPI_SUCCESS)
        return weiss_fail(state->ctx, WEISS_ERR_MPI,
                          "the smallest damping could not be found: MPI_Allreduce failed");
    *order = 2;
    while (*order < 5 && alpha >= least_alpha[*order - 2])
        (*order)++;
    return 0;
}

static int create_cvode(weiss_integrator *it, const weiss_integrator_options *options)
{
    const bool adams = strcmp(options->method, "adams") == 0;
    int order = 2;
    WEISS_TRY(stable_order(it, &order));
    WEISS_TRY(weiss_preconditioner_create(it->llg, options->preconditioner, &it->preconditioner));
    it->memory = CVodeCreate(adams ? CV_ADAMS : CV_BDF, it->sundials);
    if (it->memory == NULL)
        return weiss_integrator_fail_setup(it, "CVodeCreate", -1);
    SETUP(CVodeSetErrHandlerFn(it->memory, weiss_integrator_hear, it));
    SETUP(CVodeSetUserData(it->memory, it));
    SETUP(CVodeInit(it->memory, weiss_integrator_rhs, options->start, it->y));
    SETUP(CVodeSStolerances(it->memory, options->rtol, options->atol));
    if (!adams) {
        SETUP(CVodeSetMaxOrd(it->memory, order));
        SETUP(CVodeSetProjFn(it->memory, project));
        SETUP(CVodeSetProjFrequency(it->memory, 1));
    }
    if (options->max_step > 0)
        SETUP(CVodeSetMaxStep(it->memory, options->max_step));
    if (options->first_step > 0)
        SETUP(CVodeSetInitStep(it->memory, options->first_step));
    return create_linear_solver(it);
}

static void destroy_cvode(weiss_integrator *it)
{
    if (it->memory != NULL)
        CVodeFree(&it->memory);
}

static int stop_cvode_at(weiss_integrator *it, double time)
{
    return CVodeSetStopTime(it->memory, time);
}

static int step_cvode(weiss_integrator *it)
{
    return CVode(it->memory, it->end, it->y, &it->time, CV_ONE_STEP);
}

static int interpolate_cvode(weiss_integrator *it, double time, N_Vector out)
{
    return CVodeGetDky(it->memory, time, 0, out);
}

static double last_step_of_cvode(weiss_integrator *it)
{
    realtype step = 0;
    CVodeGetLastStep(it->memory, &step);
    return step;
}

static void statistics_of_cvode(weiss_integrator *it, weiss_statistic_fn fn, void *self)
{
    long nonlinear = 0, krylov = 0, setups = 0, error = 0, convergence = 0, linear = 0;
    CVodeGetNumNonlinSolvIters(it->memory, &nonlinear);
    CVodeGetNumLinIters(it->memory, &krylov);
    CVodeGetNumPrecEvals(it->memory, &setups);
    CVodeGetNumErrTestFails(it->memory, &error);
    CVodeGetNumNonlinSolvConvFails(it->memory, &convergence);
    CVodeGetNumLinConvFails(it->memory, &linear);
    fn(self, "nonlinear_iterations", (double)nonlinear);
    fn(self, "krylov_iterations", (double)krylov);
    fn(self, "jacobian_products", (double)it->llg->products);
    fn(self, "preconditioner_setups", (double)setups);
    fn(self, "error_test_failures", (double)error);
    fn(self, "nonlinear_failures", (double)convergence);
    fn(self, "krylov_failures", (double)linear);
}

const weiss_integrator_method weiss_integrator_cvode = {
    .create = create_cvode,
    .destroy = destroy_cvode,
    .stop_at = stop_cvode_at,
    .step = step_cvode,
    .interpolate = interpolate_cvode,
    .statistics = statistics_of_cvode,
    .last_step = last_step_of_cvode,
};
