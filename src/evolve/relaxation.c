#include "evolve/relaxation.h"

#include <math.h>

/** Iterations without a new lowest torque or energy after which the relaxation gives up. */
#define PATIENCE 200
/** Relative change of the energy that counts as lower. */
#define ENERGY_RESOLUTION 1e-9

int weiss_relaxation_read(weiss_context *ctx, const weiss_value *config, weiss_relaxation *out)
{
    *out = (weiss_relaxation){.torque = weiss_value_number(config, "torque"),
                              .max_iterations = weiss_value_integer(config, "max_iterations")};
    return weiss_condition_read(ctx, config, "stop_when", &out->condition);
}

/** What has been reached so far, to see that nothing moves any more. */
typedef struct progress {
    double torque, energy;
    int64_t last; /* iteration of the last gain */
} progress;

static bool is_idle(progress *best, const weiss_minimiser *min, int64_t iteration)
{
    bool lower_torque = min->max_torque < best->torque * 0.999;
    bool lower_energy = min->energy < best->energy - ENERGY_RESOLUTION * fabs(best->energy);
    if (lower_torque)
        best->torque = min->max_torque;
    if (lower_energy || iteration == 0)
        best->energy = min->energy;
    if (lower_torque || lower_energy)
        best->last = iteration;
    return iteration - best->last >= PATIENCE;
}

static int test_condition(const weiss_minimiser *min, const weiss_relaxation *relaxation, double mean[3],
                          bool *holds)
{
    mean[0] = mean[1] = mean[2] = NAN;
    if (weiss_condition_wants_mean(&relaxation->condition))
        WEISS_TRY(weiss_space_mean(min->state->space, min->state->m, mean));
    *holds = weiss_condition_holds(&relaxation->condition, mean, min->max_torque);
    return 0;
}

/** Sets the outcome when there is one. */
static bool is_done(const weiss_minimiser *min, weiss_relaxation *r, bool condition, bool idle)
{
    const double torque = min->max_torque;
    const long long after = r->iterations;
    if (torque < r->torque) {
        r->outcome = WEISS_OUTCOME_COMPLETE;
        snprintf(r->reason, sizeof r->reason, "torque %.3g A/m below %g A/m after %lld iterations", torque,
                 r->torque, after);
    } else if (condition) {
        r->outcome = WEISS_OUTCOME_CONDITION;
        snprintf(r->reason, sizeof r->reason, "%s after %lld iterations, torque %.3g A/m", r->condition.text,
                 after, torque);
    } else if (min->stuck || idle || r->iterations >= r->max_iterations) {
        r->outcome = WEISS_OUTCOME_NOT_CONVERGED;
        snprintf(r->reason, sizeof r->reason,
                 "not converged: torque %.3g A/m after %lld iterations%s, asked %g A/m", torque, after,
                 min->stuck || idle ? " and no longer falling" : "", r->torque);
    } else {
        return false;
    }
    return true;
}

int weiss_relaxation_run(weiss_minimiser *min, weiss_relaxation *r, weiss_reporting *reporting,
                         double fraction)
{
    progress best = {.torque = INFINITY, .energy = INFINITY};
    double mean[3];
    bool holds;
    r->iterations = 0;
    WEISS_TRY(weiss_minimiser_start(min));
    WEISS_TRY(test_condition(min, r, mean, &holds));
    while (!is_done(min, r, holds, is_idle(&best, min, r->iterations))) {
        WEISS_TRY(weiss_minimiser_step(min));
        r->iterations++;
        reporting->run->steps++;
        WEISS_TRY(test_condition(min, r, mean, &holds));
        int code = weiss_reporting_step(reporting, fraction, mean, min->max_torque, min->energy);
        if (code == WEISS_STOPPED) {
            r->outcome = WEISS_OUTCOME_STOPPED;
            snprintf(r->reason, sizeof r->reason, "stopped after %lld iterations, torque %.3g A/m",
                     (long long)r->iterations, min->max_torque);
        }
        WEISS_TRY(code);
    }
    return 0;
}
