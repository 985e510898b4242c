/* Initial state `wall`: two domains and a wall between them. */
#include "evolve/initial/geometry.h"
#include "evolve/stage.h"
#include "evolve/vector3.h"

/** The direction that turns from @p left by up to @p angle: perpendicular to left, in the plane that the wall
 * turns in. Opposite domains leave the plane open: `through` says it, else the wall is a Bloch wall. */
static void turning_direction(const weiss_value *config, const double left[3], const double right[3],
                              double out[3])
{
    double bloch[3];
    if (weiss_value_get(config, "through") != NULL) {
        weiss_perpendicular(left, weiss_value_vector(config, "through"), out);
        return;
    }
    weiss_cross3(weiss_value_vector(config, "normal"), left, bloch);
    weiss_perpendicular(left, weiss_dot3(left, right) > -1 + 1e-9 ? right : bloch, out);
}

/** The angle from left follows the profile of a Bloch wall: angle * (2/pi) atan(exp(pi s / width)), s the
 * distance. */
static int set_wall(weiss_state *state, const weiss_value *config, const weiss_problem *problem)
{
    (void)problem;
    const double *normal = weiss_value_vector(config, "normal"), width = weiss_value_number(config, "width");
    const double *left = weiss_value_vector(config, "left"), *right = weiss_value_vector(config, "right");
    double place[3], turning[3];
    WEISS_TRY(weiss_initial_point(state, config, "position", place));
    turning_direction(config, left, right, turning);
    double angle = acos(fmax(-1, fmin(1, weiss_dot3(left, right))));
    if (weiss_dot3(turning, right) < 0)
        angle = 2 * M_PI - angle; /* `through` is on the far side: the long way round */
    for (size_t i = 0; i < (size_t)state->mesh->nowned; i++) {
        double d[3], *m = state->m + 3 * i;
        for (int k = 0; k < 3; k++)
            d[k] = state->mesh->xyz[3 * i + (size_t)k] - place[k];
        double s = weiss_dot3(d, normal) / width * M_PI;
        double turned = angle * (2 / M_PI) * atan(exp(fmin(s, 700)));
        for (int k = 0; k < 3; k++)
            m[k] = cos(turned) * left[k] + sin(turned) * turning[k];
    }
    return 0;
}

static const weiss_key keys[] = {
    {.name = "normal",
     .kind = WEISS_KIND_DIRECTION,
     .fallback = "[1, 0, 0]",
     .help = "Normal of the wall, from the left domain to the right one"},
    {.name = "position",
     .kind = WEISS_KIND_VECTOR,
     .quantity = WEISS_LENGTH,
     .help = "A point in the middle of the wall; the middle of the mesh unless given",
     .example = "[0 nm, 0 nm, 0 nm]"},
    {.name = "width",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_LENGTH,
     .fallback = "20 nm",
     .positive = true,
     .help = "Width of the wall, pi sqrt(A/K) for a Bloch wall at rest"},
    {.name = "left",
     .kind = WEISS_KIND_DIRECTION,
     .fallback = "[0, 0, 1]",
     .help = "Direction of the left domain"},
    {.name = "right",
     .kind = WEISS_KIND_DIRECTION,
     .fallback = "[0, 0, -1]",
     .help = "Direction of the right domain"},
    {.name = "through",
     .kind = WEISS_KIND_DIRECTION,
     .help = "Direction in the middle of the wall; in the plane of the wall (Bloch) unless given",
     .example = "[0, 1, 0]"},
    {.name = NULL},
};

const weiss_initial_class weiss_initial_wall = {
    .key = {.name = "wall",
            .kind = WEISS_KIND_MAP,
            .alternative = true,
            .members = keys,
            .help = "Two domains with a wall between them",
            .example = "{normal: [1, 0, 0], width: 20 nm}"},
    .set = set_wall,
};
