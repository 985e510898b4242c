/* The magnetisation and what it lives on. Stages change it, observers look at it. */
#ifndef WEISS_EVOLVE_STATE_H
#define WEISS_EVOLVE_STATE_H

#include "field/effective.h"

typedef struct weiss_state {
    weiss_context *ctx; /**< borrowed */
    const weiss_mesh *mesh; /**< borrowed */
    const weiss_space *space; /**< borrowed */
    weiss_effective *effective; /**< borrowed */
    double *m; /**< 3 * nlocal unit vectors, ghosts up to date between calls; owned */
    double time; /**< s, since the start of the run */
    double stage_time; /**< s, since the start of the present stage; what weiss_point.time means */
} weiss_state;

/** m is zero until an initial state is set. Collective. */
int weiss_state_create(const weiss_space *space, weiss_effective *effective, weiss_state **out);
void weiss_state_destroy(weiss_state *state);

/** Normalises owned vectors and updates ghosts. WEISS_ERR_VALUE when a vector has no length. Collective. */
int weiss_state_normalise(weiss_state *state);

/** What a table row shows. */
typedef struct weiss_report {
    int stage; /**< 0-based */
    const char *stage_name;
    double time; /**< s, since the start of the run */
    double mean[3]; /**< <m> */
    double energy_total; /**< J */
    const double *energy; /**< J, one per active term; borrowed until the next call */
    const double *columns; /**< further columns of the terms; borrowed */
    double max_torque; /**< max |m x H| over the nodes, A/m */
    int64_t steps; /**< steps or iterations since the start of the run */
    double fraction; /**< 0..1 of the stage done, -1 when unknown */
} weiss_report;

/** Who looks on while a stage runs. All functions are collective; 0, or WEISS_STOPPED to end the run with its state saved,
 *  or an error. Any may be NULL. */
typedef struct weiss_observer {
    void *self;
    /** After each step or iteration; cheap. report->energy may be NULL here, and the torque NAN. The observer may save a
     *  checkpoint: state->m is consistent, and @p resume holds what the stage needs to go on from here. */
    int (*step)(void *self, const weiss_state *state, const weiss_report *report, const double *resume,
                int nresume);
    /** A table row is due. */
    int (*row)(void *self, const weiss_state *state, const weiss_report *report);
    /** Fields are due. */
    int (*snapshot)(void *self, const weiss_state *state, const weiss_report *report);
} weiss_observer;

/** Fills a report by evaluating the field at the present state (energies, torque, mean). Collective.
 *  @param energy, columns  room for weiss_effective_count and weiss_effective_column_count doubles; the report points there */
int weiss_state_report(weiss_state *state, double *energy, double *columns, weiss_report *report);

/** Largest |m x H| over all nodes, A/m, for @p field as weiss_effective_evaluate gave it (3 * nowned). Infinite when the
 *  field is not a number somewhere. Collective. */
int weiss_state_torque(const weiss_state *state, const double *field, double *max_torque);

#endif
