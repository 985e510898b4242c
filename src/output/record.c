#include "output/record.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static int copy_text(weiss_context *ctx, const char *text, char **out)
{
    *out = strdup(text);
    return *out != NULL ? 0 : weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory");
}

/* The number of that name, made when it is not there. */
static int numbers_find(weiss_context *ctx, weiss_numbers *numbers, const char *name,
                        weiss_named_number **out)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (strcmp(numbers->item[i].name, name) == 0) {
            *out = &numbers->item[i];
            return 0;
        }
    WEISS_TRY(weiss_grow(ctx, &numbers->item, &numbers->capacity, numbers->count + 1, sizeof *numbers->item));
    weiss_named_number *added = &numbers->item[numbers->count];
    added->value = 0.0;
    WEISS_TRY(copy_text(ctx, name, &added->name));
    numbers->count++;
    *out = added;
    return 0;
}

static void numbers_free(weiss_numbers *numbers)
{
    for (size_t i = 0; i < numbers->count; i++)
        free(numbers->item[i].name);
    free(numbers->item);
}

int weiss_record_create(weiss_context *ctx, weiss_record **out)
{
    weiss_record *record;
    *out = NULL;
    WEISS_TRY(WEISS_NEW(ctx, record, 1));
    record->ctx = ctx;
    record->start = MPI_Wtime();
    time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) != NULL)
        strftime(record->started, sizeof record->started, "%Y-%m-%dT%H:%M:%SZ", &parts);
    *out = record;
    return 0;
}

void weiss_record_destroy(weiss_record *record)
{
    if (record == NULL)
        return;
    for (size_t i = 0; i < record->nstages; i++) {
        free(record->stages[i].name);
        free(record->stages[i].reason);
        numbers_free(&record->stages[i].counters);
    }
    free(record->stages);
    numbers_free(&record->phases);
    free(record);
}

int weiss_record_phase(weiss_record *record, const char *name, double seconds)
{
    weiss_named_number *phase;
    WEISS_TRY(numbers_find(record->ctx, &record->phases, name, &phase));
    phase->value += seconds;
    return 0;
}

int weiss_record_stage_begin(weiss_record *record, const weiss_stage_run *run)
{
    WEISS_TRY(weiss_grow(record->ctx, &record->stages, &record->stage_capacity, record->nstages + 1,
                         sizeof *record->stages));
    weiss_stage_record *stage = &record->stages[record->nstages];
    memset(stage, 0, sizeof *stage);
    WEISS_TRY(copy_text(record->ctx, run->name, &stage->name));
    stage->index = run->index;
    stage->time_begin = run->state->time;
    record->nstages++;
    return 0;
}

void weiss_record_statistic(void *self, const char *name, double value)
{
    weiss_record *record = self;
    weiss_named_number *counter;
    if (record->nstages == 0)
        return;
    if (numbers_find(record->ctx, &record->stages[record->nstages - 1].counters, name, &counter) == 0)
        counter->value = value;
}

int weiss_record_stage_end(weiss_record *record, const weiss_stage_run *run, double seconds)
{
    if (record->nstages == 0)
        return weiss_fail(record->ctx, WEISS_ERR_INTERNAL, "a stage ended that never began");
    weiss_stage_record *stage = &record->stages[record->nstages - 1];
    free(stage->reason);
    WEISS_TRY(copy_text(record->ctx, run->reason, &stage->reason));
    stage->ended = true;
    stage->outcome = run->outcome;
    stage->steps = run->steps;
    stage->seconds = seconds;
    stage->time_end = run->state->time;
    return 0;
}

const char *weiss_outcome_name(weiss_outcome outcome)
{
    switch (outcome) {
    case WEISS_OUTCOME_COMPLETE:
        return "complete";
    case WEISS_OUTCOME_CONDITION:
        return "condition";
    case WEISS_OUTCOME_NOT_CONVERGED:
        return "not converged";
    case WEISS_OUTCOME_STOPPED:
        return "stopped";
    }
    return "unknown";
}
