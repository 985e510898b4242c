/* Initial state `random`: independent directions, uniform on the sphere. */
#include "evolve/random.h"
#include "evolve/stage.h"

static int set_random(weiss_state *state, const weiss_value *config, const weiss_problem *problem)
{
    (void)problem;
    uint64_t seed = (uint64_t)weiss_value_integer(config, "seed");
    for (size_t i = 0; i < (size_t)state->mesh->nowned; i++)
        weiss_random_direction(seed, (uint64_t)state->mesh->original[i], state->m + 3 * i);
    return 0;
}

static const weiss_key keys[] = {
    {.name = "seed",
     .kind = WEISS_KIND_INTEGER,
     .fallback = "1",
     .min = 0,
     .max = 1e15,
     .help = "Another number gives another state; the same number the same state, on any number of ranks"},
    {.name = NULL},
};

const weiss_initial_class weiss_initial_random = {
    .key = {.name = "random",
            .kind = WEISS_KIND_MAP,
            .alternative = true,
            .members = keys,
            .bare = "seed",
            .help = "An independent random direction at each node",
            .example = "{seed: 1}"},
    .set = set_random,
};
