/* Initial state `uniform`: one direction everywhere. */
#include "evolve/stage.h"

#include <string.h>

static int set_uniform(weiss_state *state, const weiss_value *config, const weiss_problem *problem)
{
    (void)problem;
    for (size_t i = 0; i < (size_t)state->mesh->nowned; i++)
        memcpy(state->m + 3 * i, config->numbers, 3 * sizeof *state->m);
    return 0;
}

const weiss_initial_class weiss_initial_uniform = {
    .key = {.name = "uniform",
            .kind = WEISS_KIND_DIRECTION,
            .alternative = true,
            .help = "The same direction everywhere",
            .example = "[1, 0, 0]"},
    .set = set_uniform,
};
