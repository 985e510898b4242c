#include "magnet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

extern const weiss_term_class weiss_exchange_term, weiss_uniaxial_term, weiss_applied_term;
const weiss_term_class *const magnet_terms[] = {&weiss_exchange_term, &weiss_uniaxial_term,
                                                &weiss_applied_term, NULL};

static void keep_statistic(void *self, const char *name, double value)
{
    magnet *g = self;
    if (g->nstatistics == MOST_STATISTICS)
        return;
    snprintf(g->statistic[g->nstatistics].name, sizeof g->statistic[0].name, "%s", name);
    g->statistic[g->nstatistics++].value = value;
}

static int on_step(void *self, const weiss_state *state, const weiss_report *report, const double *resume,
                   int nresume)
{
    magnet *g = self;
    (void)state, (void)report;
    memcpy(g->resume, resume, (size_t)nresume * sizeof *resume);
    g->nresume = nresume;
    g->nsteps++;
    return g->stop_after_steps > 0 && g->nsteps >= g->stop_after_steps ? WEISS_STOPPED : 0;
}

static int on_row(void *self, const weiss_state *state, const weiss_report *report)
{
    magnet *g = self;
    if (g->nrows == MOST_ROWS)
        return weiss_fail(state->ctx, WEISS_ERR_INTERNAL, "more than %d rows", MOST_ROWS);
    int ncolumns = weiss_effective_column_count(state->effective);
    for (int k = 0; k < ncolumns && k < 8; k++)
        g->column[g->nrows][k] = report->columns[k];
    g->row[g->nrows++] = *report;
    return 0;
}

static int on_snapshot(void *self, const weiss_state *state, const weiss_report *report)
{
    magnet *g = self;
    (void)state;
    g->snapshot_time[g->nsnapshots++] = report->time;
    return 0;
}

int magnet_set(magnet *g, const char *initial)
{
    weiss_value *value = NULL;
    int code;
    WEISS_TRY_OUT(code, weiss_schema_parse(g->body.ctx, "initial", initial, strlen(initial),
                                           weiss_initial_keys(), &value));
    const weiss_value *asked = weiss_value_alternative(value);
    for (int i = 0; weiss_initial_table[i] != NULL; i++)
        if (strcmp(weiss_initial_table[i]->key.name, asked->name) == 0)
            code = weiss_initial_table[i]->set(g->state, asked, g->body.problem);
    if ((code = weiss_agree(g->body.ctx, code)) == 0)
        code = weiss_state_normalise(g->state);
out:
    weiss_value_destroy(value);
    return code;
}

int magnet_create(weiss_context *ctx, const test_body_spec *spec, const char *initial, magnet *g)
{
    memset(g, 0, sizeof *g);
    int code = test_body_create(ctx, spec, &g->body);
    if (code == 0)
        code = weiss_effective_create(g->body.space, spec->terms != NULL ? spec->terms : weiss_term_table,
                                      &g->effective);
    if (code == 0)
        code = weiss_state_create(g->body.space, g->effective, &g->state);
    if (code == 0)
        code = magnet_set(g, initial);
    if (code != 0) {
        fprintf(stderr, "%s\n", weiss_error_text(ctx));
        magnet_destroy(g);
    }
    return code;
}

void magnet_destroy(magnet *g)
{
    weiss_state_destroy(g->state);
    weiss_effective_destroy(g->effective);
    test_body_destroy(&g->body);
    g->state = NULL;
    g->effective = NULL;
}

/** Parses the text of a stage. @p class gets its class. */
static int parse_stage(weiss_context *ctx, const char *text, weiss_value **value,
                       const weiss_stage_class **class)
{
    weiss_key keys[8] = {{.name = NULL}};
    for (int s = 0; weiss_stage_table[s] != NULL; s++)
        keys[s] = (weiss_key){.name = weiss_stage_table[s]->name,
                              .kind = WEISS_KIND_MAP,
                              .alternative = true,
                              .members = weiss_stage_table[s]->keys,
                              .bare = weiss_stage_table[s]->bare};
    WEISS_TRY(weiss_schema_parse(ctx, "stage", text, strlen(text), keys, value));
    for (int s = 0; weiss_stage_table[s] != NULL; s++)
        if (weiss_value_get(*value, weiss_stage_table[s]->name) != NULL)
            *class = weiss_stage_table[s];
    return 0;
}

static int run_from(magnet *g, const char *text, int index, const double *resume, int nresume)
{
    const weiss_observer observer = {.self = g, .step = on_step, .row = on_row, .snapshot = on_snapshot};
    const weiss_stage_class *class = NULL;
    weiss_value *value = NULL;
    int code;
    WEISS_TRY_OUT(code, parse_stage(g->body.ctx, text, &value, &class));
    weiss_stage_run run = {.state = g->state,
                           .config = weiss_value_alternative(value),
                           .observer = &observer,
                           .index = index,
                           .name = class->name,
                           .nresume = nresume,
                           .statistic = keep_statistic,
                           .statistic_self = g};
    if (nresume > 0)
        memcpy(run.resume, resume, (size_t)nresume * sizeof *resume);
    else
        g->state->stage_time = 0;
    g->nstatistics = 0;
    code = class->run(&run);
    g->outcome = run.outcome;
    g->steps = run.steps;
    memcpy(g->reason, run.reason, sizeof run.reason);
out:
    weiss_value_destroy(value);
    if (code < 0)
        fprintf(stderr, "%s\n", weiss_error_text(g->body.ctx));
    return code;
}

int magnet_run(magnet *g, const char *stage, int index)
{
    return run_from(g, stage, index, NULL, 0);
}

int magnet_resume(magnet *g, const char *stage, int index)
{
    return run_from(g, stage, index, g->resume, g->nresume);
}

int magnet_check(weiss_context *ctx, const char *stage)
{
    const weiss_stage_class *class = NULL;
    weiss_value *value = NULL;
    int code = parse_stage(ctx, stage, &value, &class);
    if (code == 0 && class->check != NULL)
        code = class->check(ctx, weiss_value_alternative(value));
    weiss_value_destroy(value);
    return code;
}

double magnet_statistic(const magnet *g, const char *name)
{
    for (int k = 0; k < g->nstatistics; k++)
        if (strcmp(g->statistic[k].name, name) == 0)
            return g->statistic[k].value;
    return NAN;
}

const weiss_report *magnet_last(const magnet *g)
{
    return &g->row[g->nrows - 1];
}
