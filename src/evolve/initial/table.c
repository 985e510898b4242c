/* The table of initial states: one line each. */
#include "evolve/stage.h"

#include <pthread.h>
#include <string.h>

#define INITIAL_STATES(X)                                                                                    \
    X(uniform)                                                                                               \
    X(random)                                                                                                \
    X(vortex)                                                                                                \
    X(wall)                                                                                                  \
    X(helix)                                                                                                 \
    X(regions)

#define X(name) extern const weiss_initial_class weiss_initial_##name;
INITIAL_STATES(X)
#undef X

#define X(name) &weiss_initial_##name,
const weiss_initial_class *const weiss_initial_table[] = {INITIAL_STATES(X) NULL};
#undef X

/** The keys of the table side by side, as a schema wants them: filled once, then constant. */
static weiss_key keys[sizeof weiss_initial_table / sizeof *weiss_initial_table];

static void gather_keys(void)
{
    for (int i = 0; weiss_initial_table[i] != NULL; i++)
        keys[i] = weiss_initial_table[i]->key;
}

const weiss_key *weiss_initial_keys(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, gather_keys);
    return keys;
}

static int set_alternative(weiss_state *state, const weiss_value *initial, const weiss_problem *problem)
{
    const weiss_value *asked = weiss_value_alternative(initial);
    for (int i = 0; asked != NULL && weiss_initial_table[i] != NULL; i++)
        if (weiss_initial_table[i]->key.name != NULL &&
            strcmp(weiss_initial_table[i]->key.name, asked->name) == 0)
            return weiss_initial_table[i]->set(state, asked, problem);
    return weiss_fail(state->ctx, WEISS_ERR_VALUE,
                      "%s: no initial state: add, say, `initial: {uniform: [1, 0, 0]}`", problem->path);
}

int weiss_initial_set(weiss_state *state, const weiss_problem *problem)
{
    int code = set_alternative(state, weiss_value_get(problem->root, "initial"), problem);
    WEISS_TRY(weiss_agree(state->ctx, code));
    state->time = state->stage_time = 0;
    return weiss_state_normalise(state);
}
