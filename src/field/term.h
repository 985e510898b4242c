/* Terms of the effective field. One file per term, one line in field/meson.build.
 * A term gives energy, field and Jacobian product from one place; docs/adding-a-term.md walks through an example. */
#ifndef WEISS_FIELD_TERM_H
#define WEISS_FIELD_TERM_H

#include "field/space.h"

/** Where the field is asked for. */
typedef struct weiss_point {
    double time;     /**< s, since the start of the present stage */
    const double *m; /**< 3 * nlocal, ghosts up to date; unit vectors up to the integrator's drift */
} weiss_point;

/** Rows of owned nodes, columns are local nodes (ghosts included). */
typedef struct weiss_csr {
    weiss_lidx nrows;
    int64_t *row_begin; /**< nrows + 1 */
    weiss_lidx *column;
    double *value;
} weiss_csr;

/** One number of a term for run.json ("surface_nodes", "bytes_per_surface_node"). */
typedef void (*weiss_statistic_fn)(void *self, const char *name, double value);

typedef struct weiss_term_class {
    const char *name;   /**< one lower-case word: column E_name of the table, key in run.json */
    const char *help;   /**< one line */
    const weiss_key *material_keys; /**< what it adds to each material; NULL: nothing. Ends with a NULL name */
    const weiss_key *section;       /**< its own top-level key of the problem file (one key); NULL: none.
                                         A stage may hold the same key to override it for its duration */
    /** Makes the term. Leaves @p *data NULL when the problem does not ask for it (no material has an A, say): it is then
     *  left out altogether. @p section is the value of its key, NULL without. Collective. */
    int (*create)(const weiss_space *space, const weiss_value *section, void **data);
    void (*destroy)(void *data);
    /** Adds the field of owned nodes to @p field (3 * nowned, A/m) and, unless NULL, this rank's share of the energy (J)
     *  to @p *energy. Collective. */
    int (*evaluate)(void *data, const weiss_point *at, double *field, double *energy);
    /** Adds H'(m) v to @p out (3 * nowned). @p v has 3 * nlocal entries with ghosts up to date. Local: no communication.
     *  NULL: left out of the Jacobian of the time stepper (right for a term that is not stiff, or does not depend on m). */
    int (*product)(void *data, const weiss_point *at, const double *v, double *out);
    /** Adds the 3x3 diagonal blocks of H'(m) (row-major, 9 * nowned) for preconditioning. Local. NULL: none. */
    int (*diagonal)(void *data, const weiss_point *at, double *blocks);
    /** For a term of the form H_i = sum_j C_ij m_j with scalars C_ij: that matrix, for preconditioning (its diagonal
     *  included; `diagonal` must then not repeat it). Borrowed. NULL: none. */
    const weiss_csr *(*coupling)(void *data);
    /** Takes another section value (a stage's override, or the problem's own again). Collective. NULL: cannot. */
    int (*configure)(void *data, const weiss_value *section);
    /** Sets the uniform field (A/m) that a stage puts on top of the term's own. Local. NULL: the term knows of none. */
    int (*set_uniform)(void *data, const double field[3]);
    /** For a term that depends on time: the longest step (s) from stage time @p time that a time integrator may take
     *  without overlooking a change; INFINITY: any. Local; the same on every rank. NULL: does not depend on time. */
    double (*longest_step)(void *data, double time);
    /** Names, NULL-terminated, of further table columns ("H_applied_x (A/m)"), and their values, collective. NULL: none */
    const char *const *columns;
    int (*column_values)(void *data, const weiss_point *at, double *values);
    /** Reports statistics. Collective. NULL: none. */
    int (*statistics)(void *data, weiss_statistic_fn fn, void *self);
} weiss_term_class;

/** All terms, NULL-terminated; Meson makes the table from the names in field/meson.build. */
extern const weiss_term_class *const weiss_term_table[];

#endif
