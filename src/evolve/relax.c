/* Stage `relax`: to a minimum of the energy. */
#include "evolve/perturb.h"
#include "evolve/relaxation.h"

#include <string.h>

typedef struct relaxing {
    weiss_minimiser *minimiser;
    weiss_relaxation relaxation;
    weiss_reporting reporting;
} relaxing;

static int prepare(weiss_stage_run *run, relaxing *r)
{
    const weiss_value *config = run->config;
    const bool resumed = run->nresume > WEISS_RESUME_STEPS;
    run->steps = resumed ? (int64_t)run->resume[WEISS_RESUME_STEPS] : 0;
    WEISS_TRY(weiss_relaxation_read(run->state->ctx, config, &r->relaxation));
    WEISS_TRY(weiss_reporting_create(run, &r->reporting));
    WEISS_TRY(weiss_minimiser_create(run->state, weiss_value_number(config, "max_rotation"), &r->minimiser));
    if (!resumed && run->index == 0)
        WEISS_TRY(weiss_reporting_show(&r->reporting, -1, true, false));
    if (!resumed && weiss_value_number(config, "perturb") > 0)
        WEISS_TRY(weiss_perturb(run->state, weiss_value_number(config, "perturb"),
                                (uint64_t)weiss_value_integer(config, "seed")));
    run->nresume = WEISS_RESUME_STEPS + 1;
    run->resume[WEISS_RESUME_STEPS] = (double)run->steps;
    return 0;
}

static void tell_statistics(const weiss_stage_run *run, const weiss_minimiser *minimiser)
{
    if (run->statistic == NULL)
        return;
    run->statistic(run->statistic_self, "iterations", (double)run->steps);
    run->statistic(run->statistic_self, "field_evaluations", (double)minimiser->evaluations);
    run->statistic(run->statistic_self, "shortened_steps", (double)minimiser->shortened);
    run->statistic(run->statistic_self, "final_torque_A_per_m", minimiser->max_torque);
}

static int run_relax(weiss_stage_run *run)
{
    relaxing r = {.minimiser = NULL};
    int code;
    WEISS_TRY_OUT(code, prepare(run, &r));
    code = weiss_relaxation_run(r.minimiser, &r.relaxation, &r.reporting, -1);
    if (code == 0)
        code = weiss_reporting_show(&r.reporting, 1, true, weiss_value_flag(run->config, "fields"));
    if (code >= 0) {
        run->outcome = code == WEISS_STOPPED ? WEISS_OUTCOME_STOPPED : r.relaxation.outcome;
        memcpy(run->reason, r.relaxation.reason, sizeof r.relaxation.reason);
        tell_statistics(run, r.minimiser);
    }
out:
    weiss_minimiser_destroy(r.minimiser);
    weiss_reporting_destroy(&r.reporting);
    return code;
}

static int check_relax(weiss_context *ctx, const weiss_value *config)
{
    weiss_condition condition;
    return weiss_condition_read(ctx, config, "stop_when", &condition);
}

static const weiss_key keys[] = {
    WEISS_RELAXATION_KEYS,
    {.name = "perturb",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_ANGLE,
     .fallback = "0 deg",
     .min = 0,
     .max = 1.6,
     .help = "Turn the moments by a random angle of this size first, to leave symmetric unstable states"},
    {.name = "fields", .kind = WEISS_KIND_FLAG, .fallback = "true", .help = "Fields of the relaxed state"},
    {.name = "stop_when",
     .kind = WEISS_KIND_TEXT,
     .help = "End early when this holds: mx, my, mz or max_torque, then < <= > or >=, then a value",
     .example = "mx < 0"},
    {.name = NULL},
};

const weiss_stage_class weiss_stage_relax = {
    .name = "relax",
    .help = "Goes to a minimum of the energy",
    .keys = keys,
    .bare = "torque",
    .check = check_relax,
    .run = run_relax,
};
