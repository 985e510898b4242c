/* An approximate inverse of the Hessian of the energy on the tangent space of m, which gives the minimiser
 * steps of the right size for short and long waves alike: exchange (all scalar couplings) and the field along m,
 *     M_ij = -w_i C_ij + w_i s_i delta_ij,   s_i = |m_i . H_i| (bounded below),
 * w_i the moment of node i over the mean one. Solved by some preconditioned conjugate gradients on each rank by
 * itself (block Jacobi between ranks): no communication. */
#ifndef WEISS_EVOLVE_METRIC_H
#define WEISS_EVOLVE_METRIC_H

#include "evolve/state.h"

typedef struct weiss_metric weiss_metric;

/** @param weight  nowned, w_i; borrowed. Collective. */
int weiss_metric_create(const weiss_state *state, const double *weight, weiss_metric **out);
void weiss_metric_destroy(weiss_metric *metric);

/** Tells how stiff the energy proved to be along a step, so that the next solutions are no bolder: the change
 * of the gradient along it beyond what exchange explains bounds s_i from below, and that bound fades. (A thin
 * film is stiff against leaving its plane through the demagnetising field alone, which M does not hold.)
 * Collective.
 *  @param step     3 * nowned, tangent, rad
 *  @param product  step . change of the gradient along it, over all ranks */
void weiss_metric_learn(weiss_metric *metric, const double *step, double product);

/** Approximates out = P M^-1 P g with P the projection on the tangent space; out . g > 0 unless g is 0.
 * Local.
 *  @param m    3 * nowned, unit vectors
 *  @param H    3 * nowned, the field at m, A/m
 *  @param g    3 * nowned, tangent, A/m
 *  @param out  3 * nowned, tangent, rad */
void weiss_metric_solve(weiss_metric *metric, const double *m, const double *H, const double *g, double *out);

#endif
