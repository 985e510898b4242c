/* The effective field: the sum of the active terms. */
#ifndef WEISS_FIELD_EFFECTIVE_H
#define WEISS_FIELD_EFFECTIVE_H

#include "field/term.h"

typedef struct weiss_effective weiss_effective;

/** Makes all terms in @p table that the problem asks for. Collective.
 *  @param table  NULL-terminated; usually weiss_term_table */
int weiss_effective_create(const weiss_space *space, const weiss_term_class *const *table, weiss_effective **out);
void weiss_effective_destroy(weiss_effective *effective);

/** Number of active terms, and their classes in the order of the energies below. */
int weiss_effective_count(const weiss_effective *effective);
const weiss_term_class *weiss_effective_class(const weiss_effective *effective, int i);

/** H = sum of all terms, 3 * nowned, A/m. @p energy, unless NULL, gets the energy of each active term over the whole mesh
 *  (J; one reduction). Collective. */
int weiss_effective_evaluate(weiss_effective *effective, const weiss_point *at, double *field, double *energy);
/** The field of the one term of that name, 3 * nowned, A/m; zero when it is not active. Collective. */
int weiss_effective_evaluate_term(weiss_effective *effective, const char *name, const weiss_point *at, double *field,
                                  double *energy);
/** out = H'(m) v without the terms that leave themselves out. @p v with ghosts. Local. */
int weiss_effective_product(weiss_effective *effective, const weiss_point *at, const double *v, double *out);
/** 3x3 diagonal blocks of H'(m), without the couplings below; 9 * nowned. Local. */
int weiss_effective_diagonal(weiss_effective *effective, const weiss_point *at, double *blocks);
/** Scalar coupling matrices of the terms that have one; @p i from 0; NULL past the last. Borrowed. */
const weiss_csr *weiss_effective_coupling(const weiss_effective *effective, int i);
/** Applies the overrides of a stage: for each term with a section, the stage's value if it holds that key, else the
 *  problem's. @p stage may be NULL: the problem's own. Collective. */
int weiss_effective_configure(weiss_effective *effective, const weiss_value *stage);
/** Sets the uniform field (A/m) that the stage itself applies, on top of what the problem file asks for (a point of a
 *  hysteresis loop). It stays until it is set again, or until weiss_effective_configure sets it to zero. Local.
 *  @return 0, WEISS_ERR_INTERNAL when no active term takes it and it is not zero */
int weiss_effective_set_uniform(weiss_effective *effective, const double field[3]);

/** The longest step (s) from stage time @p time that does not overlook a change of the terms with time (a pulse of the
 *  applied field); INFINITY when any will do. Local; the same on every rank. */
double weiss_effective_longest_step(const weiss_effective *effective, double time);

/** Further table columns of all terms: count, name of each, all values. */
int weiss_effective_column_count(const weiss_effective *effective);
const char *weiss_effective_column_name(const weiss_effective *effective, int i);
int weiss_effective_column_values(weiss_effective *effective, const weiss_point *at, double *values);

/** Evaluations so far and seconds spent in each active term (this rank). */
int64_t weiss_effective_evaluations(const weiss_effective *effective);
double weiss_effective_seconds(const weiss_effective *effective, int i);
/** Statistics of active term @p i. Collective. */
int weiss_effective_statistics(weiss_effective *effective, int i, weiss_statistic_fn fn, void *self);

#endif
