/* Small random rotations. A symmetric unstable state (a magnetisation exactly against the field, say) has no
 * torque, and no method that follows the torque leaves it; a perturbation lets it. */
#ifndef WEISS_EVOLVE_PERTURB_H
#define WEISS_EVOLVE_PERTURB_H

#include "evolve/state.h"

/** Turns every moment by up to @p angle (rad) about a random axis common to all, and by as much about one of
 * its own. Depends on
 *  @p seed and the original node numbers only. Collective. */
int weiss_perturb(weiss_state *state, double angle, uint64_t seed);

#endif
