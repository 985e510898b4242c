/* Stage `hysteresis`: relaxes at each of a sequence of applied fields, each time from the state before. */
#include "evolve/perturb.h"
#include "evolve/relaxation.h"

#include <math.h>
#include <string.h>

/** Where resume[] holds what, after the steps. */
enum { RESUME_FIELD = WEISS_RESUME_STEPS + 1, RESUME_BEGUN, RESUME_UNCONVERGED, RESUME_COUNT };

typedef struct loop {
    weiss_stage_run *run;
    const double *from, *to; /* A/m */
    int64_t steps, count; /* steps of one way; fields in all */
    double perturb; /* rad */
    uint64_t seed;
    bool fields;
    weiss_condition condition;
    weiss_minimiser *minimiser;
    weiss_relaxation relaxation;
    weiss_reporting reporting;
    int64_t index; /* of the field being relaxed */
    int64_t unconverged;
    char worst[160]; /* the first field that did not converge, in words */
} loop;

/** Field number @p index: from .. to, then back again. */
static void field_at(const loop *l, int64_t index, double field[3])
{
    int64_t along = index <= l->steps ? index : 2 * l->steps - index;
    double share = (double)along / (double)l->steps;
    for (int k = 0; k < 3; k++)
        field[k] = along == l->steps ? l->to[k] : l->from[k] + share * (l->to[k] - l->from[k]);
}

static void set_resume(loop *l, bool begun)
{
    double *resume = l->run->resume;
    resume[WEISS_RESUME_STEPS] = (double)l->run->steps;
    resume[RESUME_FIELD] = (double)l->index;
    resume[RESUME_BEGUN] = begun;
    resume[RESUME_UNCONVERGED] = (double)l->unconverged;
    l->run->nresume = RESUME_COUNT;
}

static int prepare(loop *l, bool *begun)
{
    weiss_stage_run *run = l->run;
    const weiss_value *config = run->config;
    const bool resumed = run->nresume >= RESUME_COUNT;
    l->from = weiss_value_vector(config, "from");
    l->to = weiss_value_vector(config, "to");
    l->steps = weiss_value_integer(config, "steps");
    l->count = l->steps * (weiss_value_flag(config, "back") ? 2 : 1) + 1;
    l->perturb = weiss_value_number(config, "perturb");
    l->seed = (uint64_t)weiss_value_integer(config, "seed");
    l->fields = weiss_value_flag(config, "fields");
    *begun = resumed && run->resume[RESUME_BEGUN] != 0;
    if (resumed) {
        run->steps = (int64_t)run->resume[WEISS_RESUME_STEPS];
        l->index = (int64_t)run->resume[RESUME_FIELD];
        l->unconverged = (int64_t)run->resume[RESUME_UNCONVERGED];
    }
    WEISS_TRY(weiss_relaxation_read(run->state->ctx, config, &l->relaxation));
    l->condition = l->relaxation.condition; /* judged between the fields, not on the way */
    l->relaxation.condition.component = -1;
    WEISS_TRY(weiss_reporting_create(run, &l->reporting));
    return weiss_minimiser_create(run->state, weiss_value_number(config, "max_rotation"), &l->minimiser);
}

static void note_unconverged(loop *l, const double field[3])
{
    if (l->unconverged++ == 0)
        snprintf(l->worst, sizeof l->worst, "at H = (%.6g, %.6g, %.6g) A/m the torque stayed at %.3g A/m",
                 field[0], field[1], field[2], l->minimiser->max_torque);
    weiss_warn(l->run->state->ctx, "hysteresis: field %lld of %lld, H = (%.6g, %.6g, %.6g) A/m: %s",
               (long long)l->index + 1, (long long)l->count, field[0], field[1], field[2],
               l->relaxation.reason);
}

/** Relaxes at one field and shows the result. @p begun: it was begun before the run was interrupted. */
static int relax_at(loop *l, bool begun)
{
    weiss_state *state = l->run->state;
    const double fraction = (double)l->index / (double)l->count;
    double field[3];
    field_at(l, l->index, field);
    WEISS_TRY(weiss_effective_set_uniform(state->effective, field));
    if (!begun && l->perturb > 0)
        WEISS_TRY(weiss_perturb(state, l->perturb, l->seed + (uint64_t)l->index));
    set_resume(l, true);
    WEISS_TRY(weiss_relaxation_run(l->minimiser, &l->relaxation, &l->reporting, fraction));
    if (l->relaxation.outcome == WEISS_OUTCOME_NOT_CONVERGED)
        note_unconverged(l, field);
    l->index++;
    set_resume(l, false);
    return weiss_reporting_show(&l->reporting, (double)l->index / (double)l->count, true, l->fields);
}

static void conclude(loop *l, int code, bool condition)
{
    weiss_stage_run *run = l->run;
    const long long done = l->index, all = l->count;
    if (code == WEISS_STOPPED) {
        run->outcome = WEISS_OUTCOME_STOPPED;
        snprintf(run->reason, sizeof run->reason, "stopped after %lld of %lld fields", done, all);
    } else if (l->unconverged > 0) {
        run->outcome = WEISS_OUTCOME_NOT_CONVERGED;
        snprintf(run->reason, sizeof run->reason, "not converged at %lld of %lld fields%s%s",
                 (long long)l->unconverged, done, l->worst[0] != '\0' ? ": " : "", l->worst);
    } else if (condition) {
        run->outcome = WEISS_OUTCOME_CONDITION;
        snprintf(run->reason, sizeof run->reason, "%s after %lld of %lld fields and %lld iterations",
                 l->condition.text, done, all, (long long)run->steps);
    } else {
        run->outcome = WEISS_OUTCOME_COMPLETE;
        snprintf(run->reason, sizeof run->reason, "relaxed at %lld fields in %lld iterations", done,
                 (long long)run->steps);
    }
}

static void tell_statistics(const loop *l)
{
    const weiss_stage_run *run = l->run;
    if (run->statistic == NULL)
        return;
    run->statistic(run->statistic_self, "fields", (double)l->index);
    run->statistic(run->statistic_self, "iterations", (double)run->steps);
    run->statistic(run->statistic_self, "field_evaluations", (double)l->minimiser->evaluations);
    run->statistic(run->statistic_self, "shortened_steps", (double)l->minimiser->shortened);
    run->statistic(run->statistic_self, "unconverged_fields", (double)l->unconverged);
}

static int run_hysteresis(weiss_stage_run *run)
{
    loop l = {.run = run};
    bool begun = false, condition = false;
    int code;
    WEISS_TRY_OUT(code, prepare(&l, &begun));
    while (code == 0 && !condition && l.index < l.count) {
        code = relax_at(&l, begun);
        begun = false;
        condition = code == 0 && weiss_condition_holds(&l.condition, l.reporting.report.mean,
                                                       l.reporting.report.max_torque);
    }
    if (code >= 0) {
        conclude(&l, code, condition);
        tell_statistics(&l);
    }
out:
    weiss_minimiser_destroy(l.minimiser);
    weiss_reporting_destroy(&l.reporting);
    return code;
}

static int check_hysteresis(weiss_context *ctx, const weiss_value *config)
{
    weiss_condition condition;
    return weiss_condition_read(ctx, config, "stop_when", &condition);
}

static const weiss_key keys[] = {
    {.name = "from",
     .kind = WEISS_KIND_VECTOR,
     .quantity = WEISS_FIELD,
     .required = true,
     .help = "First applied field, on top of what `applied` says",
     .example = "[0, 0, 1 T]"},
    {.name = "to",
     .kind = WEISS_KIND_VECTOR,
     .quantity = WEISS_FIELD,
     .required = true,
     .help = "Last applied field",
     .example = "[0, 0, -1 T]"},
    {.name = "steps",
     .kind = WEISS_KIND_INTEGER,
     .required = true,
     .positive = true,
     .help = "Equal steps from the first field to the last",
     .example = "40"},
    {.name = "back",
     .kind = WEISS_KIND_FLAG,
     .fallback = "false",
     .help = "Then back to the first field, for a full loop"},
    WEISS_RELAXATION_KEYS,
    {.name = "perturb",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_ANGLE,
     .fallback = "0.1 deg",
     .min = 0,
     .max = 1.6,
     .help = "Turn the moments by a random angle of this size at each field, so that symmetric states can "
             "switch"},
    {.name = "fields", .kind = WEISS_KIND_FLAG, .fallback = "false", .help = "Fields of each relaxed state"},
    {.name = "stop_when",
     .kind = WEISS_KIND_TEXT,
     .help =
         "End when this holds for a relaxed state: mx, my, mz or max_torque, then < <= > or >=, then a value",
     .example = "mx < 0"},
    {.name = NULL},
};

const weiss_stage_class weiss_stage_hysteresis = {
    .name = "hysteresis",
    .help = "Relaxes at a sequence of applied fields",
    .keys = keys,
    .check = check_hysteresis,
    .run = run_hysteresis,
};
