/* Stage `dynamics`: the Landau-Lifshitz-Gilbert equation in time. */
#include "evolve/condition.h"
#include "evolve/integrator.h"
#include "evolve/reporting.h"
#include "evolve/schedule.h"
#include "evolve/vector3.h"

#include <string.h>

/** Halvings of a step to find when a stop condition came true: to a millionth of the step. */
#define BISECTIONS 20

typedef struct dynamics {
    weiss_stage_run *run;
    weiss_state *state;
    weiss_llg *llg;
    weiss_integrator *integrator;
    weiss_reporting reporting;
    weiss_schedule rows, snapshots;
    weiss_condition condition;
    double start; /* s, run time at which the stage began */
    double duration; /* s */
    double last_row; /* s, stage time of the last row */
    double last_snapshot;
    double drift; /* largest | |m| - 1 | of this rank, before normalising */
    bool stopped_by_condition;
} dynamics;

/** Where resume[] holds what, after the steps. */
enum { RESUME_STAGE_TIME = WEISS_RESUME_STEPS + 1, RESUME_START, RESUME_COUNT };

/** Shows the solution @p m at stage time @p time to the outside: normalised, with ghosts. Collective. */
static int set_state(dynamics *d, double time, const double *m)
{
    weiss_state *state = d->state;
    for (size_t i = 0; i < d->llg->nowned; i++) {
        double *to = state->m + 3 * i;
        memcpy(to, m + 3 * i, 3 * sizeof *to);
        d->drift = fmax(d->drift, fabs(weiss_normalise3(to) - 1));
    }
    state->stage_time = time;
    state->time = d->start + time;
    d->run->steps = d->integrator->steps;
    d->run->resume[RESUME_STAGE_TIME] = time;
    d->run->resume[RESUME_START] = d->start;
    d->run->resume[WEISS_RESUME_STEPS] = (double)d->run->steps;
    d->run->nresume = RESUME_COUNT;
    return weiss_halo_update(state->mesh, 3, state->m);
}

static int show(dynamics *d, bool row, bool snapshot)
{
    double now = d->state->stage_time;
    if (row)
        d->last_row = now;
    if (snapshot)
        d->last_snapshot = now;
    return weiss_reporting_show(&d->reporting, now / d->duration, row, snapshot);
}

/** Interpolates and shows everything that is due up to @p until. */
static int show_due(dynamics *d, double until)
{
    for (;;) {
        double row = weiss_schedule_due(&d->rows), snapshot = weiss_schedule_due(&d->snapshots);
        double due = fmin(row, snapshot);
        const double *m;
        if (!(due <= until))
            return 0;
        bool row_due = row <= due * (1 + WEISS_SAME_TIME),
             snapshot_due = snapshot <= due * (1 + WEISS_SAME_TIME);
        d->rows.next += row_due;
        d->snapshots.next += snapshot_due;
        WEISS_TRY(weiss_integrator_interpolate(d->integrator, due, &m));
        WEISS_TRY(set_state(d, due, m));
        WEISS_TRY(show(d, row_due, snapshot_due));
    }
}

/** Whether the condition holds for the solution at @p time inside the last step, which becomes the state. */
static int condition_at(dynamics *d, double time, double mean[3], bool *holds)
{
    const double *m;
    WEISS_TRY(weiss_integrator_interpolate(d->integrator, time, &m));
    WEISS_TRY(set_state(d, time, m));
    WEISS_TRY(weiss_space_mean(d->state->space, d->state->m, mean));
    *holds = weiss_condition_holds(&d->condition, mean, 0);
    return 0;
}

/** Finds by bisection when a condition on <m> came true between @p from and integrator->time. */
static int find_crossing(dynamics *d, double from, double *when)
{
    double mean[3], low = from, high = d->integrator->time;
    bool holds;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = 0.5 * (low + high);
        WEISS_TRY(condition_at(d, middle, mean, &holds));
        if (holds)
            high = middle;
        else
            low = middle;
    }
    *when = high;
    return 0;
}

/** Tests the stop condition at the state shown. The torque is first judged by the field that the integrator
 * evaluated last, then measured. */
static int check_condition(dynamics *d, double mean[3], double *torque, bool *holds)
{
    *holds = false;
    *torque = NAN;
    if (weiss_condition_wants_mean(&d->condition)) {
        WEISS_TRY(weiss_space_mean(d->state->space, d->state->m, mean));
        *holds = weiss_condition_holds(&d->condition, mean, 0);
    } else if (weiss_condition_wants_torque(&d->condition)) {
        bool measured = d->integrator->steps == 0;
        if (!measured) {
            WEISS_TRY(weiss_state_torque(d->state, d->llg->H, torque));
            measured = weiss_condition_holds(&d->condition, NULL, *torque);
        }
        if (measured) {
            WEISS_TRY(weiss_reporting_measure(&d->reporting, 0));
            *torque = d->reporting.report.max_torque;
            *holds = weiss_condition_holds(&d->condition, NULL, *torque);
        }
    }
    return 0;
}

/** One step of the integrator, and whatever has to be shown because of it. */
static int advance(dynamics *d)
{
    double mean[3] = {NAN, NAN, NAN}, torque, from = d->integrator->time, until;
    const double *m;
    bool holds;
    WEISS_TRY(weiss_integrator_step(d->integrator));
    until = d->integrator->time;
    WEISS_TRY(set_state(d, until, d->integrator->m));
    WEISS_TRY(check_condition(d, mean, &torque, &holds));
    if (holds && weiss_condition_wants_mean(&d->condition))
        WEISS_TRY(find_crossing(d, from, &until));
    WEISS_TRY(show_due(d, until));
    WEISS_TRY(weiss_integrator_interpolate(d->integrator, until, &m));
    WEISS_TRY(set_state(d, until, m));
    d->stopped_by_condition = holds;
    if (holds || until >= d->duration) {
        bool row = d->last_row<until, snapshot = d->snapshots.every> 0 && d->last_snapshot < until;
        if (row || snapshot)
            WEISS_TRY(show(d, row, snapshot));
    }
    return weiss_reporting_step(&d->reporting, until / d->duration, mean, torque, NAN);
}

static double optional_number(const weiss_value *config, const char *key, double otherwise)
{
    return weiss_value_get(config, key) != NULL ? weiss_value_number(config, key) : otherwise;
}

static weiss_preconditioner_kind preconditioner_kind(const char *word)
{
    if (strcmp(word, "none") == 0)
        return WEISS_PRECONDITION_NONE;
    return strcmp(word, "diagonal") == 0 ? WEISS_PRECONDITION_DIAGONAL : WEISS_PRECONDITION_GAUSS_SEIDEL;
}

static int prepare(dynamics *d)
{
    weiss_stage_run *run = d->run;
    const weiss_value *config = run->config;
    const bool resumed = run->nresume >= RESUME_COUNT;
    const double now = resumed ? run->resume[RESUME_STAGE_TIME] : 0;
    d->duration = weiss_value_number(config, "duration");
    d->start = resumed ? run->resume[RESUME_START] : d->state->time;
    const double table_every = optional_number(config, "table_every", d->duration / 100);
    d->rows = weiss_schedule_start(table_every, now, d->duration);
    d->snapshots = weiss_schedule_start(optional_number(config, "fields_every", 0), now, d->duration);
    d->last_row = d->last_snapshot = now;
    const double rtol = weiss_value_number(config, "rtol");
    const weiss_integrator_options options = {
        .method = weiss_value_text(config, "integrator"),
        .start = now,
        .end = d->duration,
        .rtol = rtol,
        .atol = optional_number(config, "atol", rtol),
        .max_step = optional_number(config, "max_step", table_every),
        .first_step = optional_number(config, "first_step", 0),
        .preconditioner = preconditioner_kind(weiss_value_text(config, "preconditioner")),
    };
    WEISS_TRY(weiss_condition_read(d->state->ctx, config, "stop_when", &d->condition));
    WEISS_TRY(weiss_reporting_create(run, &d->reporting));
    WEISS_TRY(weiss_llg_create(d->state, &d->llg));
    WEISS_TRY(weiss_integrator_create(d->llg, &options, &d->integrator));
    if (resumed)
        d->integrator->steps = (int64_t)run->resume[WEISS_RESUME_STEPS];
    return set_state(d, now, d->integrator->m);
}

/** Ends the stage: outcome and its words, counters. Collective. */
static int conclude(dynamics *d, int code)
{
    weiss_stage_run *run = d->run;
    char when[32];
    double drift = fmax(d->drift, d->integrator->length_error);
    weiss_format_quantity(d->state->stage_time, WEISS_TIME, 6, when, sizeof when);
    if (code == WEISS_STOPPED) {
        run->outcome = WEISS_OUTCOME_STOPPED;
        snprintf(run->reason, sizeof run->reason, "stopped at %s after %lld steps", when,
                 (long long)run->steps);
    } else if (d->stopped_by_condition) {
        run->outcome = WEISS_OUTCOME_CONDITION;
        snprintf(run->reason, sizeof run->reason, "%s at %s after %lld steps", d->condition.text, when,
                 (long long)run->steps);
    } else {
        run->outcome = WEISS_OUTCOME_COMPLETE;
        snprintf(run->reason, sizeof run->reason, "reached %s after %lld steps", when, (long long)run->steps);
    }
    if (MPI_Allreduce(MPI_IN_PLACE, &drift, 1, MPI_DOUBLE, MPI_MAX, weiss_comm(d->state->ctx)) != MPI_SUCCESS)
        return weiss_fail(d->state->ctx, WEISS_ERR_MPI,
                          "the drift of |m| could not be found: MPI_Allreduce failed");
    if (run->statistic != NULL) {
        weiss_integrator_statistics(d->integrator, run->statistic, run->statistic_self);
        run->statistic(run->statistic_self, "largest_length_error", drift);
    }
    return code;
}

static int run_dynamics(weiss_stage_run *run)
{
    dynamics d = {.run = run, .state = run->state};
    const bool resumed = run->nresume > 0;
    double mean[3], torque;
    int code;
    WEISS_TRY_OUT(code, prepare(&d));
    if (!resumed && run->index == 0)
        code = show(&d, true, d.snapshots.every > 0);
    if (code == 0)
        code = check_condition(&d, mean, &torque, &d.stopped_by_condition);
    while (code == 0 && !d.stopped_by_condition && d.state->stage_time < d.duration)
        code = advance(&d);
    if (code >= 0)
        code = conclude(&d, code);
out:
    weiss_integrator_destroy(d.integrator);
    weiss_llg_destroy(d.llg);
    weiss_reporting_destroy(&d.reporting);
    return code;
}

static int check_dynamics(weiss_context *ctx, const weiss_value *config)
{
    weiss_condition condition;
    return weiss_condition_read(ctx, config, "stop_when", &condition);
}

static const weiss_key keys[] = {
    {.name = "duration",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .required = true,
     .positive = true,
     .help = "How much time to simulate",
     .example = "300 ps"},
    {.name = "table_every",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .positive = true,
     .help = "A row of the table at each multiple of this; a hundredth of the duration unless given",
     .example = "5 ps"},
    {.name = "fields_every",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .positive = true,
     .help = "Fields at each multiple of this, at the start of the run and at the end; none unless given",
     .example = "50 ps"},
    {.name = "integrator",
     .kind = WEISS_KIND_CHOICE,
     .choices = "bdf adams rk",
     .fallback = "bdf",
     .help = "Implicit BDF; Adams-Moulton or explicit Runge-Kutta 5(4) for checking"},
    {.name = "rtol",
     .kind = WEISS_KIND_NUMBER,
     .fallback = "1e-5",
     .min = 1e-13,
     .max = 0.1,
     .help = "Relative tolerance of each step, root mean square over the components of m"},
    {.name = "atol",
     .kind = WEISS_KIND_NUMBER,
     .min = 1e-13,
     .max = 0.1,
     .help = "Absolute tolerance; the same as rtol unless given",
     .example = "1e-5"},
    {.name = "max_step",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .positive = true,
     .help =
         "Longest step; table_every unless given. Pulses of the applied field shorten steps by themselves",
     .example = "5 ps"},
    {.name = "first_step",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .positive = true,
     .help = "First step; found from the first derivatives unless given",
     .example = "1 fs"},
    {.name = "preconditioner",
     .kind = WEISS_KIND_CHOICE,
     .choices = "gauss-seidel diagonal none",
     .fallback = "gauss-seidel",
     .help = "Of the linear solver of bdf and adams: changes the speed, not the answer"},
    {.name = "stop_when",
     .kind = WEISS_KIND_TEXT,
     .help = "End early when this holds: mx, my, mz or max_torque, then < <= > or >=, then a value",
     .example = "mx < 0"},
    {.name = NULL},
};

const weiss_stage_class weiss_stage_dynamics = {
    .name = "dynamics",
    .help = "Integrates the Landau-Lifshitz-Gilbert equation in time",
    .keys = keys,
    .bare = "duration",
    .check = check_dynamics,
    .run = run_dynamics,
};
