#include "evolve/initial/geometry.h"

#include "evolve/vector3.h"

#include <string.h>

int weiss_initial_point(const weiss_state *state, const weiss_value *map, const char *key, double point[3])
{
    if (weiss_value_get(map, key) != NULL) {
        memcpy(point, weiss_value_vector(map, key), 3 * sizeof *point);
        return 0;
    }
    double low[6] = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY}; /* of x, and of -x */
    for (weiss_lidx i = 0; i < state->mesh->nowned; i++)
        for (int k = 0; k < 3; k++) {
            double x = state->mesh->xyz[3 * (size_t)i + (size_t)k];
            low[k] = fmin(low[k], x);
            low[3 + k] = fmin(low[3 + k], -x);
        }
    if (MPI_Allreduce(MPI_IN_PLACE, low, 6, MPI_DOUBLE, MPI_MIN, weiss_comm(state->ctx)) != MPI_SUCCESS)
        return weiss_fail(state->ctx, WEISS_ERR_MPI,
                          "the centre of the mesh could not be found: MPI_Allreduce failed");
    for (int k = 0; k < 3; k++)
        point[k] = 0.5 * (low[k] - low[3 + k]);
    return 0;
}

void weiss_perpendicular(const double axis[3], const double *hint, double out[3])
{
    const double tries[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    for (int i = hint != NULL ? -1 : 0; i < 3; i++) {
        const double *from = i < 0 ? hint : tries[i];
        double along = weiss_dot3(from, axis);
        for (int k = 0; k < 3; k++)
            out[k] = from[k] - along * axis[k];
        if (weiss_dot3(out, out) > 1e-12 * weiss_dot3(from, from)) {
            weiss_normalise3(out);
            return;
        }
    }
}
