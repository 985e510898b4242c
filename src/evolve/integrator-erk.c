/* ARKODE's explicit Runge-Kutta method of Dormand and Prince, order 5(4): for checking the implicit methods. */
#include "evolve/integrator.h"

#include <arkode/arkode_erkstep.h>

#define SETUP(call)                                                                                          \
    do {                                                                                                     \
        int flag_ = (call);                                                                                  \
        if (flag_ != 0)                                                                                      \
            return weiss_integrator_fail_setup(it, #call, flag_);                                            \
    } while (0)

static int create_erk(weiss_integrator *it, const weiss_integrator_options *options)
{
    it->memory = ERKStepCreate(weiss_integrator_rhs, options->start, it->y, it->sundials);
    if (it->memory == NULL)
        return weiss_integrator_fail_setup(it, "ERKStepCreate", -1);
    SETUP(ERKStepSetErrHandlerFn(it->memory, weiss_integrator_hear, it));
    SETUP(ERKStepSetUserData(it->memory, it));
    SETUP(ERKStepSetTableNum(it->memory, ARKODE_DORMAND_PRINCE_7_4_5));
    SETUP(ERKStepSStolerances(it->memory, options->rtol, options->atol));
    if (options->max_step > 0)
        SETUP(ERKStepSetMaxStep(it->memory, options->max_step));
    if (options->first_step > 0)
        SETUP(ERKStepSetInitStep(it->memory, options->first_step));
    return 0;
}

static void destroy_erk(weiss_integrator *it)
{
    if (it->memory != NULL)
        ERKStepFree(&it->memory);
}

static int stop_erk_at(weiss_integrator *it, double time)
{
    return ERKStepSetStopTime(it->memory, time);
}

static int step_erk(weiss_integrator *it)
{
    return ERKStepEvolve(it->memory, it->end, it->y, &it->time, ARK_ONE_STEP);
}

static int interpolate_erk(weiss_integrator *it, double time, N_Vector out)
{
    return ERKStepGetDky(it->memory, time, 0, out);
}

static double last_step_of_erk(weiss_integrator *it)
{
    realtype step = 0;
    ERKStepGetLastStep(it->memory, &step);
    return step;
}

static void statistics_of_erk(weiss_integrator *it, weiss_statistic_fn fn, void *self)
{
    long attempts = 0, error = 0;
    ERKStepGetNumStepAttempts(it->memory, &attempts);
    ERKStepGetNumErrTestFails(it->memory, &error);
    fn(self, "step_attempts", (double)attempts);
    fn(self, "error_test_failures", (double)error);
}

const weiss_integrator_method weiss_integrator_erk = {
    .create = create_erk,
    .destroy = destroy_erk,
    .stop_at = stop_erk_at,
    .step = step_erk,
    .interpolate = interpolate_erk,
    .statistics = statistics_of_erk,
    .last_step = last_step_of_erk,
};
