#include "evolve/integrator.h"

#include <nvector/nvector_parallel.h>
#include <stdlib.h>
#include <string.h>

static int wrap_vector(weiss_integrator *it, double *data, N_Vector *out)
{
    weiss_context *ctx = it->llg->state->ctx;
    *out = N_VMake_Parallel(weiss_comm(ctx), 3 * (sunindextype)it->llg->nowned,
                            3 * (sunindextype)it->llg->state->mesh->nnodes_global, data, it->sundials);
    if (*out == NULL || N_VEnableFusedOps_Parallel(*out, SUNTRUE) != 0)
        return weiss_integrator_fail_setup(it, "N_VMake_Parallel", -1);
    return 0;
}

static int make_vectors(weiss_integrator *it)
{
    const weiss_state *state = it->llg->state;
    MPI_Comm comm = weiss_comm(state->ctx);
    WEISS_TRY(WEISS_NEW(state->ctx, it->m, 3 * it->llg->nowned));
    WEISS_TRY(WEISS_NEW(state->ctx, it->dense, 3 * it->llg->nowned));
    if (SUNContext_Create(&comm, &it->sundials) != 0)
        return weiss_integrator_fail_setup(it, "SUNContext_Create", -1);
    WEISS_TRY(wrap_vector(it, it->m, &it->y));
    WEISS_TRY(wrap_vector(it, it->dense, &it->y_dense));
    memcpy(it->m, state->m, 3 * it->llg->nowned * sizeof *it->m);
    return 0;
}

int weiss_integrator_create(weiss_llg *llg, const weiss_integrator_options *options, weiss_integrator **out)
{
    weiss_context *ctx = llg->state->ctx;
    weiss_integrator *it = NULL;
    *out = NULL;
    int code = WEISS_NEW(ctx, it, 1);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    it->llg = llg;
    it->time = options->start;
    it->end = options->end;
    it->method = strcmp(options->method, "rk") == 0 ? &weiss_integrator_erk : &weiss_integrator_cvode;
    code = make_vectors(it);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    code = it->method->create(it, options);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    *out = it;
    return 0;
out:
    weiss_integrator_destroy(it);
    return code;
}

void weiss_integrator_destroy(weiss_integrator *it)
{
    if (it == NULL)
        return;
    if (it->method != NULL)
        it->method->destroy(it);
    if (it->linear_solver != NULL)
        SUNLinSolFree(it->linear_solver);
    if (it->y != NULL)
        N_VDestroy(it->y);
    if (it->y_dense != NULL)
        N_VDestroy(it->y_dense);
    if (it->sundials != NULL)
        SUNContext_Free(&it->sundials);
    weiss_preconditioner_destroy(it->preconditioner);
    free(it->m);
    free(it->dense);
    free(it);
}

int weiss_integrator_rhs(realtype time, N_Vector y, N_Vector ydot, void *integrator)
{
    const weiss_integrator *it = integrator;
    return weiss_llg_evaluate(it->llg, time, N_VGetArrayPointer(y), N_VGetArrayPointer(ydot));
}

void weiss_integrator_hear(int code, const char *module, const char *function, char *message,
                           void *integrator)
{
    weiss_integrator *it = integrator;
    (void)code;
    (void)module;
    snprintf(it->said, sizeof it->said, "%s: %s", function, message);
    for (char *c = it->said; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
}

int weiss_integrator_fail_setup(weiss_integrator *it, const char *call, int flag)
{
    return weiss_fail(it->llg->state->ctx, WEISS_ERR_LIBRARY,
                      "dynamics: the time integrator could not be set up: %s of SUNDIALS returned %d%s%s",
                      call, flag, it->said[0] ? ": " : "", it->said);
}

static int fail_step(weiss_integrator *it, int flag)
{
    weiss_context *ctx = it->llg->state->ctx;
    int code = weiss_agree(ctx, weiss_error_code(ctx)); /* the error of a term says more */
    if (code != 0)
        return code;
    char when[32], step[32];
    weiss_format_quantity(it->time, WEISS_TIME, 6, when, sizeof when);
    weiss_format_quantity(it->method->last_step(it), WEISS_TIME, 3, step, sizeof step);
    return weiss_fail(
        ctx, WEISS_ERR_CONVERGENCE,
        "dynamics: the integrator gave up at t = %s of the stage, after %lld steps, the last of %s "
        "(SUNDIALS flag %d, %s). Try a larger rtol if it is below 1e-9, a smaller first_step or max_step, "
        "and check the units of the materials",
        when, (long long)it->steps, step, flag, it->said[0] ? it->said : "the time does not advance");
}

/** Where the next step must end: at the end, or where it could overlook a pulse. A rest that is shorter than rounding
 *  allows to step over is taken along. */
static double farthest(const weiss_integrator *it)
{
    const double step = weiss_effective_longest_step(it->llg->state->effective, it->time),
                 rest = it->end - it->time;
    return step < rest * (1 - 1e-6) ? it->time + step : it->end;
}

int weiss_integrator_step(weiss_integrator *it)
{
    const double before = it->time;
    it->said[0] = '\0';
    int flag = it->method->stop_at(it, farthest(it));
    if (flag >= 0)
        flag = it->method->step(it);
    if (flag < 0 || !(it->time > before))
        return fail_step(it, flag);
    it->steps++;
    return 0;
}

int weiss_integrator_interpolate(weiss_integrator *it, double time, const double **m)
{
    *m = it->dense;
    if (time >= it->time) {
        memcpy(it->dense, it->m, 3 * it->llg->nowned * sizeof *it->m);
        return 0;
    }
    int flag = it->method->interpolate(it, time, it->y_dense);
    return flag < 0 ? fail_step(it, flag) : 0;
}

void weiss_integrator_statistics(weiss_integrator *it, weiss_statistic_fn fn, void *self)
{
    fn(self, "steps", (double)it->steps);
    fn(self, "field_evaluations", (double)it->llg->evaluations);
    it->method->statistics(it, fn, self);
    fn(self, "last_step_s", it->method->last_step(it));
}
