#include "simulation/run.h"

#include "base/file.h"
#include "output/checkpoint.h"
#include "output/output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** A run while it goes on: what the observer of the stages needs. */
typedef struct runner {
    weiss_simulation *simulation; /**< borrowed */
    const weiss_run_options *options; /**< borrowed */
    weiss_outputs *outputs; /**< owned */
    char *checkpoint; /**< path; owned */
    double checkpoint_every; /**< s on the clock */
    double checkpoint_last; /**< MPI_Wtime */
    double start; /**< MPI_Wtime, less what earlier parts of the run took */
    int stage; /**< index of the stage that runs */
    int64_t steps_before; /**< steps of the stages before it */
    double output_seconds, checkpoint_seconds;
} runner;

static const weiss_monitor *monitor_of(const runner *r)
{
    return weiss_rank(r->simulation->ctx) == 0 ? r->options->monitor : NULL;
}

/** Saves the state so that a restart goes on at @p stage, from @p resume when nresume > 0. Collective. */
static int save(runner *r, int stage, const double *resume, int nresume)
{
    double begin = MPI_Wtime();
    WEISS_TRY(weiss_outputs_flush(r->outputs));
    weiss_checkpoint what = {.stage = stage,
                             .steps = r->steps_before,
                             .nresume = nresume,
                             .progress = weiss_outputs_progress(r->outputs),
                             .seconds = begin - r->start};
    for (int i = 0; i < nresume; i++)
        what.resume[i] = resume[i];
    WEISS_TRY(weiss_checkpoint_write(r->simulation->state, r->simulation->problem, &what, r->checkpoint));
    r->checkpoint_last = MPI_Wtime();
    r->checkpoint_seconds += r->checkpoint_last - begin;
    return 0;
}

/** Asks all ranks whether to stop (any of them may have had the signal) and whether to save (the clock of rank 0). */
static int ask(const runner *r, bool *stop, bool *due)
{
    enum { STOP = 1, DUE = 2 };
    weiss_context *ctx = r->simulation->ctx;
    int mine = r->options->stop != NULL && *r->options->stop != 0 ? STOP : 0, all = 0;
    if (weiss_rank(ctx) == 0 && MPI_Wtime() - r->checkpoint_last >= r->checkpoint_every)
        mine |= DUE;
    if (MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_BOR, weiss_comm(ctx)) != MPI_SUCCESS)
        return weiss_fail(ctx, WEISS_ERR_MPI,
                          "the ranks could not agree whether to stop: MPI_Allreduce failed");
    *stop = (all & STOP) != 0;
    *due = (all & DUE) != 0;
    return 0;
}

static int on_step(void *self, const weiss_state *state, const weiss_report *report, const double *resume,
                   int nresume)
{
    runner *r = self;
    bool stop = false, due = false;
    (void)state;
    const weiss_monitor *monitor = monitor_of(r);
    if (monitor != NULL && monitor->step != NULL)
        monitor->step(monitor->self, report);
    WEISS_TRY(ask(r, &stop, &due));
    if (stop || due)
        WEISS_TRY(save(r, r->stage, resume, nresume));
    return stop ? WEISS_STOPPED : 0;
}

static int on_row(void *self, const weiss_state *state, const weiss_report *report)
{
    runner *r = self;
    double begin = MPI_Wtime();
    (void)state;
    const weiss_monitor *monitor = monitor_of(r);
    if (monitor != NULL && monitor->row != NULL)
        monitor->row(monitor->self, report);
    int code = weiss_outputs_row(r->outputs, report);
    r->output_seconds += MPI_Wtime() - begin;
    return code;
}

static int on_snapshot(void *self, const weiss_state *state, const weiss_report *report)
{
    runner *r = self;
    double begin = MPI_Wtime();
    (void)state;
    int code = weiss_outputs_snapshot(r->outputs, report);
    r->output_seconds += MPI_Wtime() - begin;
    return code;
}

static const weiss_stage_class *class_of(const char *name)
{
    for (int s = 0; weiss_stage_table[s] != NULL; s++)
        if (strcmp(weiss_stage_table[s]->name, name) == 0)
            return weiss_stage_table[s];
    return NULL;
}

/** Runs one stage with what it overrides in the terms. @p run has its config, index and resume; the rest is set here. */
static int run_stage(weiss_simulation *simulation, weiss_stage_run *run)
{
    const weiss_stage_class *class = class_of(run->config->name);
    if (class == NULL)
        return weiss_fail(simulation->ctx, WEISS_ERR_INTERNAL, "no stage is called %s", run->config->name);
    run->state = simulation->state;
    run->name = class->name;
    if (run->nresume == 0)
        simulation->state->stage_time = 0.0;
    WEISS_TRY(weiss_effective_configure(simulation->effective, run->config));
    return class->run(run);
}

/** Runs the stage at r->stage and notes in the record and at the monitor how it went. */
static int run_recorded(runner *r, const weiss_observer *observer, const weiss_value *stages,
                        weiss_stage_run *run)
{
    weiss_simulation *simulation = r->simulation;
    const weiss_monitor *monitor = monitor_of(r);
    double begin = MPI_Wtime();
    run->config = weiss_value_alternative(stages->items[r->stage]);
    run->name = run->config->name;
    run->state = simulation->state;
    run->observer = observer;
    run->index = r->stage;
    run->steps_before = r->steps_before;
    run->statistic = weiss_record_statistic;
    run->statistic_self = simulation->record;
    WEISS_TRY(weiss_agree(simulation->ctx, weiss_record_stage_begin(simulation->record, run)));
    if (monitor != NULL && monitor->stage_begin != NULL)
        monitor->stage_begin(monitor->self, run, (int)stages->count);
    int code = run_stage(simulation, run);
    if (code < 0)
        return code;
    double seconds = MPI_Wtime() - begin;
    WEISS_TRY(weiss_agree(simulation->ctx, weiss_record_stage_end(simulation->record, run, seconds)));
    if (monitor != NULL && monitor->stage_end != NULL)
        monitor->stage_end(monitor->self, run, seconds);
    return code;
}

/** A problem without stages: one row and one snapshot of the initial state. */
static int show_initial(runner *r)
{
    weiss_simulation *simulation = r->simulation;
    weiss_context *ctx = simulation->ctx;
    weiss_report report = {.stage_name = "initial", .fraction = 1.0};
    double *energy = NULL, *columns = NULL;
    int code = WEISS_NEW(ctx, energy, weiss_effective_count(simulation->effective));
    if (code == 0)
        code = WEISS_NEW(ctx, columns, weiss_effective_column_count(simulation->effective));
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    WEISS_TRY_OUT(code, weiss_state_report(simulation->state, energy, columns, &report));
    WEISS_TRY_OUT(code, on_row(r, simulation->state, &report));
    code = on_snapshot(r, simulation->state, &report);
out:
    free(energy);
    free(columns);
    return code;
}

/** Runs the stages from r->stage on. */
static int run_stages(runner *r, const weiss_value *stages, weiss_stage_run *run, weiss_run_result *result)
{
    const weiss_observer observer = {.self = r, .step = on_step, .row = on_row, .snapshot = on_snapshot};
    int nstages = (int)stages->count;
    if (nstages == 0)
        WEISS_TRY(show_initial(r));
    for (; r->stage < nstages; r->stage++) {
        bool stop = false, due = false;
        WEISS_TRY(ask(r, &stop, &due));
        if (stop || due)
            WEISS_TRY(save(r, r->stage, run->resume, run->nresume));
        if (stop) {
            result->outcome = WEISS_OUTCOME_STOPPED;
            return WEISS_STOPPED;
        }
        int code = run_recorded(r, &observer, stages, run);
        result->outcome = run->outcome;
        if (code != 0)
            return code;
        if (run->outcome == WEISS_OUTCOME_NOT_CONVERGED)
            return save(r, r->stage, run->resume, run->nresume);
        r->steps_before += run->steps;
        *run = (weiss_stage_run){0};
    }
    return save(r, nstages, NULL, 0);
}

/** Takes up the checkpoint when the run is a continuation. */
static int resume(runner *r, weiss_stage_run *run, weiss_run_facts *facts)
{
    weiss_checkpoint what;
    if (!r->options->restart)
        return 0;
    WEISS_TRY(weiss_checkpoint_read(r->simulation->state, r->simulation->problem, r->options->changed,
                                    r->checkpoint, &what));
    r->stage = what.stage;
    r->steps_before = what.steps;
    r->start -= what.seconds;
    run->nresume = what.nresume;
    memcpy(run->resume, what.resume, sizeof run->resume);
    facts->resumed = true;
    facts->progress = what.progress;
    return 0;
}

static int note_phases(runner *r, double seconds)
{
    weiss_record *record = r->simulation->record;
    WEISS_TRY(weiss_record_phase(record, "stages", seconds - r->output_seconds - r->checkpoint_seconds));
    WEISS_TRY(weiss_record_phase(record, "output", r->output_seconds));
    return weiss_record_phase(record, "checkpoints", r->checkpoint_seconds);
}

int weiss_simulation_run(weiss_simulation *simulation, const weiss_run_options *options,
                         weiss_run_result *result)
{
    int code;
    double begin = MPI_Wtime();
    weiss_context *ctx = simulation->ctx;
    const weiss_value *stages = weiss_value_get(simulation->problem->root, "stages");
    const weiss_value *output = weiss_value_get(simulation->problem->root, "output");
    weiss_stage_run run = {0};
    runner r = {.simulation = simulation, .options = options, .start = begin, .checkpoint_last = begin};
    weiss_run_facts facts = {.problem = simulation->problem,
                             .mesh = simulation->mesh,
                             .state = simulation->state,
                             .record = simulation->record,
                             .directory = options->directory,
                             .version = weiss_version()};
    *result = (weiss_run_result){.outcome = WEISS_OUTCOME_COMPLETE, .resumed_at = NAN};
    r.checkpoint_every = weiss_value_number(output, "checkpoint_every");
    code = weiss_path_join(ctx, options->directory, WEISS_CHECKPOINT_NAME, &r.checkpoint);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    WEISS_TRY_OUT(code, resume(&r, &run, &facts));
    if (options->restart)
        result->resumed_at = simulation->state->time;
    result->was_complete = options->restart && r.stage >= (int)stages->count;
    if (result->was_complete)
        goto out;
    WEISS_TRY_OUT(code, weiss_outputs_open(&facts, output, &r.outputs));
    if (!options->restart)
        code = save(&r, 0, NULL, 0);
    if (code == 0)
        code = run_stages(&r, stages, &run, result);
    int noted = weiss_agree(ctx, note_phases(&r, MPI_Wtime() - begin));
    if (options->profiled)
        MPI_Pcontrol(0);
    code = code != 0 ? code : noted;
    int closed = weiss_outputs_close(r.outputs, code);
    code = code < 0 || closed == 0 ? code : closed;
out:
    free(r.checkpoint);
    return code;
}

int weiss_simulation_evolve(weiss_simulation *simulation, const char *stage)
{
    int code;
    weiss_context *ctx = simulation->ctx;
    weiss_value *config = NULL;
    const weiss_observer nobody = {0};
    weiss_clear_error(ctx);
    code = weiss_schema_parse(ctx, "stage", stage, strlen(stage), simulation->schema->stages, &config);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    weiss_stage_run run = {.config = weiss_value_alternative(config), .observer = &nobody};
    WEISS_TRY_OUT(code, run_stage(simulation, &run));
    if (run.outcome == WEISS_OUTCOME_NOT_CONVERGED)
        code = weiss_fail(ctx, WEISS_ERR_CONVERGENCE, "%s: %s", run.name, run.reason);
out:
    weiss_value_destroy(config);
    return code;
}
