/* Outputs: what is written while a run goes on and at its end. One file per output, one line in output/table.c.
 * The simulation opens them together (weiss_outputs), hands on rows and snapshots, and closes them at the end. */
#ifndef WEISS_OUTPUT_OUTPUT_H
#define WEISS_OUTPUT_OUTPUT_H

#include "evolve/stage.h"
#include "output/record.h"

/** How far the outputs have got. A checkpoint holds it, and a restart hands it back, so that rows and snapshots are
 *  neither lost nor written twice. */
typedef struct weiss_progress {
    int64_t rows; /**< rows of the table */
    int64_t snapshots; /**< snapshots of the fields */
    double row_time, snapshot_time; /**< s, of the last ones; meaningless when there are none */
    int64_t row_steps, snapshot_steps; /**< steps at the last ones */
    int row_stage, snapshot_stage; /**< stages of the last ones */
} weiss_progress;

/** Facts of the run that outputs may show; filled by the simulation. Borrowed by outputs, and constant while they are
 *  open, but for what @p record notes down. */
typedef struct weiss_run_facts {
    const weiss_problem *problem;
    const weiss_mesh *mesh;
    weiss_state *state;
    const weiss_record *record; /**< phases and stages so far, for run.json */
    const char *directory; /**< NAME.out, exists */
    const char *version;
    bool resumed; /**< continues an earlier run: keep what it wrote up to @p progress, drop the rest */
    weiss_progress progress; /**< as in the checkpoint; zero for a new run */
} weiss_run_facts;

typedef struct weiss_output_class {
    const char *name;
    const char *help;
    const weiss_key *keys; /**< its keys in `output:`; NULL: none */
    /** @p config: the `output:` map. Leaves @p *data NULL when switched off. Collective, as all below. */
    int (*open)(const weiss_run_facts *facts, const weiss_value *config, void **data);
    int (*row)(void *data, const weiss_report *report); /**< NULL: not interested */
    int (*snapshot)(void *data, const weiss_report *report); /**< NULL: not interested */
    /** Puts on disk what it holds back: a checkpoint is about to be written. NULL: holds nothing back. */
    int (*flush)(void *data);
    /** @p outcome: 0 complete, WEISS_STOPPED, or an error (then leave nothing half-written). Frees @p data. */
    int (*close)(void *data, int outcome);
} weiss_output_class;

/** All outputs, NULL-terminated; in output/table.c. */
extern const weiss_output_class *const weiss_output_table[];

/** Members of `output:` for the schema: the keys of all outputs and `checkpoint_every`. Static, borrowed. */
const weiss_key *weiss_output_keys(void);

/** The outputs of one run. */
typedef struct weiss_outputs weiss_outputs;

/** Opens all outputs of weiss_output_table that are not switched off. Collective.
 *  @param facts  borrowed until the outputs are closed
 *  @param config the `output:` map
 *  @return 0, or the first error; then all that were open are closed again and @p *out is NULL */
int weiss_outputs_open(const weiss_run_facts *facts, const weiss_value *config, weiss_outputs **out);
/** Hands a row to all. A row of the same stage, time and steps as the one before is left out: a stage that goes on from
 *  a checkpoint may report its first state again. Collective. */
int weiss_outputs_row(weiss_outputs *outputs, const weiss_report *report);
/** Hands a snapshot to all; the same rule. Collective. */
int weiss_outputs_snapshot(weiss_outputs *outputs, const weiss_report *report);
/** Brings everything to disk. Call it before a checkpoint is written. Collective. */
int weiss_outputs_flush(weiss_outputs *outputs);
/** How far they have got, for the checkpoint. Local; the same on every rank. */
weiss_progress weiss_outputs_progress(const weiss_outputs *outputs);
/** Closes all, also when one fails, and frees @p outputs (may be NULL). Collective.
 *  @param outcome  how the run ended: 0 complete, WEISS_STOPPED, or an error code (on all ranks the same)
 *  @return 0 or the first error of an output */
int weiss_outputs_close(weiss_outputs *outputs, int outcome);

#endif
