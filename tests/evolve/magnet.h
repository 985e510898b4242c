/* A magnet that can run stages, and an observer that keeps the rows. */
#ifndef WEISS_TESTS_EVOLVE_MAGNET_H
#define WEISS_TESTS_EVOLVE_MAGNET_H

#include "body.h"
#include "evolve/stage.h"

#define MOST_ROWS 512
#define MOST_STATISTICS 32

typedef struct magnet {
    test_body body;
    weiss_effective *effective;
    weiss_state *state;
    weiss_report row[MOST_ROWS]; /* energies and columns are not kept */
    double column[MOST_ROWS][8]; /* the first columns of the terms */
    int nrows, nsnapshots, nsteps;
    double snapshot_time[MOST_ROWS];
    int stop_after_steps; /* the observer stops the run then; 0: never */
    double resume[WEISS_RESUME_MAX]; /* as the last step of the observer saw it */
    int nresume;
    struct {
        char name[48];
        double value;
    } statistic[MOST_STATISTICS];
    int nstatistics;
    weiss_outcome outcome; /* of the last stage */
    char reason[256];
    int64_t steps;
} magnet;

/** Exchange, uniaxial anisotropy and applied field: everything but the demagnetising field. */
extern const weiss_term_class *const magnet_terms[];

/** Makes the body, the field and the state, and sets the initial state, e.g. "uniform: [1, 0, 1]". Collective. */
int magnet_create(weiss_context *ctx, const test_body_spec *spec, const char *initial, magnet *magnet);
void magnet_destroy(magnet *magnet);

/** Sets an initial state. @return 0 or an error, with its text in the context. Collective. */
int magnet_set(magnet *magnet, const char *initial);
/** Runs a stage such as "dynamics: {duration: 1 ps}" as stage number @p index. Collective. */
int magnet_run(magnet *magnet, const char *stage, int index);
/** Goes on with a stage from magnet->resume. Collective. */
int magnet_resume(magnet *magnet, const char *stage, int index);
/** Runs the check of a stage only. */
int magnet_check(weiss_context *ctx, const char *stage);

/** A counter of the last stage; NAN when it did not report one. */
double magnet_statistic(const magnet *magnet, const char *name);
/** The last row. */
const weiss_report *magnet_last(const magnet *magnet);

#endif
