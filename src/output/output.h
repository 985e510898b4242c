/* Outputs: what is written while a run goes on and at its end. One file per output, one line in output/table.c. */
#ifndef WEISS_OUTPUT_OUTPUT_H
#define WEISS_OUTPUT_OUTPUT_H

#include "evolve/stage.h"

/** Facts of the run that outputs may show; filled by the simulation. Borrowed by outputs. */
typedef struct weiss_run_facts {
    const weiss_problem *problem;
    const weiss_mesh *mesh;
    weiss_state *state;
    const char *directory; /**< NAME.out, exists */
    const char *version;
    bool resumed;          /**< continues an earlier run: keep what it wrote up to resume_time and resume_rows */
    double resume_time;    /**< s */
    int64_t resume_rows;   /**< rows of the table at the checkpoint */
    int64_t resume_snapshots; /**< snapshots at the checkpoint */
} weiss_run_facts;

typedef struct weiss_output_class {
    const char *name;
    const char *help;
    const weiss_key *keys; /**< its keys in `output:`; NULL: none */
    /** @p config: the `output:` map. Leaves @p *data NULL when switched off. Collective, as all below. */
    int (*open)(const weiss_run_facts *facts, const weiss_value *config, void **data);
    int (*row)(void *data, const weiss_report *report);      /**< NULL: not interested */
    int (*snapshot)(void *data, const weiss_report *report); /**< NULL: not interested */
    /** @p outcome: 0 complete, WEISS_STOPPED, or an error (then leave nothing half-written). Frees @p data. */
    int (*close)(void *data, int outcome);
} weiss_output_class;

extern const weiss_output_class *const weiss_output_table[];

#endif
