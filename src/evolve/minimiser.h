/* Minimises the energy over states with |m| = 1: a limited-memory BFGS method on the product of spheres,
 * preconditioned by the metric of metric.h. Steps follow geodesics, so the length of m is never lost. Whether
 * a step is good is judged by the slope of the energy along it at both ends, not by energies: near the
 * minimum those differ by less than the rounding of the demagnetising field, and that field (collocation) is
 * not exactly the gradient of its energy. */
#ifndef WEISS_EVOLVE_MINIMISER_H
#define WEISS_EVOLVE_MINIMISER_H

#include "evolve/lbfgs.h"
#include "evolve/metric.h"

typedef struct weiss_minimiser {
    weiss_state *state; /**< borrowed; its m is what moves */
    size_t nowned;
    double max_rotation; /**< rad, no moment turns further in one step */
    double max_torque; /**< A/m, at the present state */
    double energy; /**< J, at the present state */
    int64_t evaluations; /**< of the field */
    int64_t shortened; /**< steps tried again because they went too far */
    bool stuck; /**< the last step found nowhere to go: rounding is reached */
    double *weight; /**< nowned, moment over mean moment; owned */
    double *H; /**< 3 * nowned, A/m; owned */
    double *gradient; /**< 3 * nowned, -w (H - (m.H) m), A/m; owned */
    double *energies; /**< one per term; owned */
    double *direction; /**< 3 * nowned, tangent, rad; owned */
    double *old_m; /**< 3 * nowned; owned */
    double *old_gradient; /**< 3 * nowned; owned */
    weiss_metric *metric;
    weiss_lbfgs memory;
} weiss_minimiser;

/** Collective. */
int weiss_minimiser_create(weiss_state *state, double max_rotation, weiss_minimiser **out);
void weiss_minimiser_destroy(weiss_minimiser *minimiser);

/** Evaluates the present state and forgets earlier steps: to be called first, and after state->m or the field
 * changed. Collective. */
int weiss_minimiser_start(weiss_minimiser *minimiser);
/** One step. Collective. */
int weiss_minimiser_step(weiss_minimiser *minimiser);

#endif
