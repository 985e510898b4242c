#include "evolve/perturb.h"

#include "evolve/random.h"
#include "evolve/vector3.h"

int weiss_perturb(weiss_state *state, double angle, uint64_t seed)
{
    double common[3];
    weiss_random_direction(seed, UINT64_MAX, common);
    for (size_t i = 0; i < (size_t)state->mesh->nowned; i++) {
        double own[3], axis[3], turn[3], *m = state->m + 3 * i;
        weiss_random_direction(seed, (uint64_t)state->mesh->original[i], own);
        for (int k = 0; k < 3; k++)
            axis[k] = angle * (common[k] + own[k]);
        weiss_cross3(axis, m, turn);
        for (int k = 0; k < 3; k++)
            m[k] += turn[k];
    }
    return weiss_state_normalise(state);
}
