/* The Landau-Lifshitz-Gilbert equation in Landau-Lifshitz form,
 *     dm/dt = -gamma / (1 + alpha^2) (m x H + alpha m x (m x H)),
 * gamma with mu0 included (m/(A s)), H the effective field (A/m); alpha and gamma per node. Its derivative is
 * taken at the same point, with H'(m) as weiss_effective_product has it: terms that are not stiff (the
 * demagnetising field) leave themselves out there, so that a Newton-Krylov solver needs that field once per
 * step only. */
#ifndef WEISS_EVOLVE_LLG_H
#define WEISS_EVOLVE_LLG_H

#include "evolve/state.h"

typedef struct weiss_llg {
    weiss_state *state; /**< borrowed; its m is not touched */
    size_t nowned; /**< nodes of this rank */
    double *rate; /**< nowned, -gamma / (1 + alpha^2), m/(A s); owned */
    double *m; /**< 3 * nlocal, where the right side was evaluated last, with ghosts; owned */
    double *H; /**< 3 * nowned, the field there, A/m; owned */
    double time; /**< s, since the start of the stage: when */
    double *v; /**< 3 * nlocal, argument of the last product, with ghosts; owned */
    double *Hv; /**< 3 * nowned, H'(m) v; owned */
    int64_t evaluations; /**< calls of weiss_llg_evaluate */
    int64_t products; /**< calls of weiss_llg_product */
} weiss_llg;

/** Collective. */
int weiss_llg_create(weiss_state *state, weiss_llg **out);
void weiss_llg_destroy(weiss_llg *llg);

/** dm/dt at time @p time (s, since the start of the stage) and magnetisation @p m. Keeps m and H for the
 * functions below.
 *  @param[in]  m     3 * nowned
 *  @param[out] dmdt  3 * nowned, 1/s
 *  Collective. */
int weiss_llg_evaluate(weiss_llg *llg, double time, const double *m, double *dmdt);

/** out = J v, with J the derivative of the right side where it was evaluated last. Collective (neighbours
 * only).
 *  @param[in]  v    3 * nowned
 *  @param[out] out  3 * nowned, 1/s */
int weiss_llg_product(weiss_llg *llg, const double *v, double *out);

/** Derivatives of the right side of node @p i where it was evaluated last: by its own m at a fixed field, and
 * by its field. Row-major 3x3. Local.
 *  @param[out] by_m      1/s
 *  @param[out] by_field  m/(A s) */
void weiss_llg_derivatives(const weiss_llg *llg, size_t i, double by_m[9], double by_field[9]);

#endif
