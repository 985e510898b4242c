/* The outputs of a run, opened, fed and closed together. */
#include "output/output.h"
#include "output/shared-file.h"

#include <stdlib.h>

struct weiss_outputs {
    weiss_context *ctx;
    weiss_progress progress;
    size_t count;
    void **data; /* one per line of the table; NULL: switched off */
};

/* Not collective calls may fail on one rank only, so all ranks agree after each output. */

static int close_all(weiss_outputs *outputs, int outcome)
{
    int first = 0;
    for (size_t i = 0; i < outputs->count; i++) {
        /* An output that failed to open on one rank may be there on others: all ranks agree in any case. */
        int code = outputs->data[i] != NULL ? weiss_output_table[i]->close(outputs->data[i], outcome) : 0;
        code = weiss_agree(outputs->ctx, code);
        outputs->data[i] = NULL;
        if (first == 0)
            first = code;
    }
    free(outputs->data);
    free(outputs);
    return first;
}

int weiss_outputs_open(const weiss_run_facts *facts, const weiss_value *config, weiss_outputs **out)
{
    int code = 0;
    weiss_context *ctx = facts->mesh->ctx;
    size_t count = 0;
    *out = NULL;
    while (weiss_output_table[count] != NULL)
        count++;
    weiss_outputs *outputs;
    WEISS_TRY(weiss_agree(ctx, WEISS_NEW(ctx, outputs, 1)));
    outputs->ctx = ctx;
    outputs->progress = facts->progress;
    WEISS_TRY_OUT(code, weiss_agree(ctx, WEISS_NEW(ctx, outputs->data, count)));
    outputs->count = count;
    if (weiss_rank(ctx) == 0)
        weiss_remove_temporaries(facts->directory);
    for (size_t i = 0; i < count; i++)
        WEISS_TRY_OUT(code, weiss_agree(ctx, weiss_output_table[i]->open(facts, config, &outputs->data[i])));
    *out = outputs;
out:
    if (code != 0)
        close_all(outputs, code);
    return code;
}

int weiss_outputs_row(weiss_outputs *outputs, const weiss_report *report)
{
    weiss_progress *p = &outputs->progress;
    if (p->rows > 0 && p->row_stage == report->stage && p->row_time == report->time &&
        p->row_steps == report->steps)
        return 0;
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->data[i] != NULL && weiss_output_table[i]->row != NULL)
            WEISS_TRY(weiss_agree(outputs->ctx, weiss_output_table[i]->row(outputs->data[i], report)));
    p->rows++;
    p->row_stage = report->stage;
    p->row_time = report->time;
    p->row_steps = report->steps;
    return 0;
}

int weiss_outputs_snapshot(weiss_outputs *outputs, const weiss_report *report)
{
    weiss_progress *p = &outputs->progress;
    if (p->snapshots > 0 && p->snapshot_stage == report->stage && p->snapshot_time == report->time &&
        p->snapshot_steps == report->steps)
        return 0;
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->data[i] != NULL && weiss_output_table[i]->snapshot != NULL)
            WEISS_TRY(weiss_agree(outputs->ctx, weiss_output_table[i]->snapshot(outputs->data[i], report)));
    p->snapshots++;
    p->snapshot_stage = report->stage;
    p->snapshot_time = report->time;
    p->snapshot_steps = report->steps;
    return 0;
}

int weiss_outputs_flush(weiss_outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->data[i] != NULL && weiss_output_table[i]->flush != NULL)
            WEISS_TRY(weiss_agree(outputs->ctx, weiss_output_table[i]->flush(outputs->data[i])));
    return 0;
}

weiss_progress weiss_outputs_progress(const weiss_outputs *outputs)
{
    return outputs->progress;
}

int weiss_outputs_close(weiss_outputs *outputs, int outcome)
{
    return outputs == NULL ? 0 : close_all(outputs, outcome);
}
