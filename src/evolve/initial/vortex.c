/* Initial state `vortex`: the magnetisation circles about an axis and turns into it at the core. */
#include "evolve/initial/geometry.h"
#include "evolve/stage.h"
#include "evolve/vector3.h"

#include <string.h>

/** m = (2 r R / (r^2 + R^2)) e_phi +- ((R^2 - r^2) / (r^2 + R^2)) axis inside the core radius R, e_phi
 * outside (the core of Usov and Peschany, J. Magn. Magn. Mater. 118, L290 (1993)). */
static int set_vortex(weiss_state *state, const weiss_value *config, const weiss_problem *problem)
{
    (void)problem;
    const double *axis = weiss_value_vector(config, "axis"), core = weiss_value_number(config, "core_radius");
    const double turn = strcmp(weiss_value_text(config, "chirality"), "clockwise") == 0 ? -1 : 1;
    const double polarity = strcmp(weiss_value_text(config, "polarity"), "down") == 0 ? -1 : 1;
    double centre[3];
    WEISS_TRY(weiss_initial_point(state, config, "centre", centre));
    for (size_t i = 0; i < (size_t)state->mesh->nowned; i++) {
        double d[3], around[3], *m = state->m + 3 * i;
        for (int k = 0; k < 3; k++)
            d[k] = state->mesh->xyz[3 * i + (size_t)k] - centre[k];
        weiss_cross3(axis, d, around);
        double r = weiss_normalise3(around), sum = r * r + core * core;
        double planar = r < core ? 2 * r * core / sum : 1, along = r < core ? (core * core - r * r) / sum : 0;
        for (int k = 0; k < 3; k++)
            m[k] = turn * planar * around[k] + polarity * along * axis[k];
    }
    return 0;
}

static const weiss_key keys[] = {
    {.name = "axis", .kind = WEISS_KIND_DIRECTION, .fallback = "[0, 0, 1]", .help = "Axis of the vortex"},
    {.name = "centre",
     .kind = WEISS_KIND_VECTOR,
     .quantity = WEISS_LENGTH,
     .help = "A point on the axis; the middle of the mesh unless given",
     .example = "[0 nm, 0 nm, 0 nm]"},
    {.name = "core_radius",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_LENGTH,
     .fallback = "10 nm",
     .positive = true,
     .help = "Radius of the core, in which the magnetisation turns into the axis"},
    {.name = "chirality",
     .kind = WEISS_KIND_CHOICE,
     .choices = "counter-clockwise clockwise",
     .fallback = "counter-clockwise",
     .help = "Sense of rotation, seen against the axis"},
    {.name = "polarity",
     .kind = WEISS_KIND_CHOICE,
     .choices = "up down",
     .fallback = "up",
     .help = "Whether the core points along the axis or against it"},
    {.name = NULL},
};

const weiss_initial_class weiss_initial_vortex = {
    .key = {.name = "vortex",
            .kind = WEISS_KIND_MAP,
            .alternative = true,
            .members = keys,
            .help = "A vortex with its core",
            .example = "{axis: [0, 0, 1], core_radius: 10 nm}"},
    .set = set_vortex,
};
