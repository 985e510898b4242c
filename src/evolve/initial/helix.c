/* Initial state `helix`: the magnetisation turns about an axis on the way along it. */
#include "evolve/initial/geometry.h"
#include "evolve/stage.h"
#include "evolve/vector3.h"

static int set_helix(weiss_state *state, const weiss_value *config, const weiss_problem *problem)
{
    (void)problem;
    const double *axis = weiss_value_vector(config, "axis"), period = weiss_value_number(config, "period");
    double start[3], first[3], second[3];
    WEISS_TRY(weiss_initial_point(state, config, "centre", start));
    weiss_perpendicular(axis, NULL, first);
    weiss_cross3(axis, first, second);
    for (size_t i = 0; i < (size_t)state->mesh->nowned; i++) {
        double along = 0;
        for (int k = 0; k < 3; k++)
            along += (state->mesh->xyz[3 * i + (size_t)k] - start[k]) * axis[k];
        double angle = 2 * M_PI * along / period;
        for (int k = 0; k < 3; k++)
            state->m[3 * i + (size_t)k] = cos(angle) * first[k] + sin(angle) * second[k];
    }
    return 0;
}

static const weiss_key keys[] = {
    {.name = "axis",
     .kind = WEISS_KIND_DIRECTION,
     .fallback = "[1, 0, 0]",
     .help = "Axis; the magnetisation is perpendicular to it"},
    {.name = "period",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_LENGTH,
     .required = true,
     .help = "Length of a full turn; right-handed when positive, left-handed when negative",
     .example = "70 nm"},
    {.name = "centre",
     .kind = WEISS_KIND_VECTOR,
     .quantity = WEISS_LENGTH,
     .help = "Where the angle is zero; the middle of the mesh unless given",
     .example = "[0 nm, 0 nm, 0 nm]"},
    {.name = NULL},
};

const weiss_initial_class weiss_initial_helix = {
    .key = {.name = "helix",
            .kind = WEISS_KIND_MAP,
            .alternative = true,
            .members = keys,
            .help = "A helix",
            .example = "{axis: [1, 0, 0], period: 70 nm}"},
    .set = set_helix,
};
