/* Initial state `regions`: a direction for each region of the mesh. */
#include "evolve/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Direction of region @p r: by its name, then by its number, then `default`. NULL when none is given. */
static const double *region_direction(const weiss_mesh *mesh, const weiss_value *config, int r)
{
    char number[16];
    const weiss_value *value = NULL;
    if (mesh->region_name[r][0] != '\0')
        value = weiss_value_get(config, mesh->region_name[r]);
    snprintf(number, sizeof number, "%d", mesh->region_tag[r]);
    if (value == NULL)
        value = weiss_value_get(config, number);
    if (value == NULL)
        value = weiss_value_get(config, "default");
    return value != NULL ? value->numbers : NULL;
}

/** An entry that fits no region of the mesh is probably misspelt. */
static int check_names(const weiss_state *state, const weiss_value *config)
{
    const weiss_mesh *mesh = state->mesh;
    for (size_t i = 0; i < config->count; i++) {
        const weiss_value *entry = config->items[i];
        bool known = strcmp(entry->name, "default") == 0;
        char number[16];
        for (int r = 0; r < mesh->nregions && !known; r++) {
            snprintf(number, sizeof number, "%d", mesh->region_tag[r]);
            known = strcmp(entry->name, number) == 0 || strcmp(entry->name, mesh->region_name[r]) == 0;
        }
        if (!known)
            return weiss_fail_at(state->ctx, entry,
                                 "the mesh has no magnetic region \"%s\"; `weiss mesh info` lists its regions",
                                 entry->name);
    }
    return 0;
}

static int find_directions(const weiss_state *state, const weiss_value *config, const double **direction)
{
    const weiss_mesh *mesh = state->mesh;
    for (int r = 0; r < mesh->nregions; r++)
        if ((direction[r] = region_direction(mesh, config, r)) == NULL)
            return weiss_fail_at(
                state->ctx, config,
                "no direction for region %d%s%s%s of the mesh: add a line with its name or number, or "
                "`default: [x, y, z]` for all that are not named",
                mesh->region_tag[r], mesh->region_name[r][0] ? " (" : "", mesh->region_name[r],
                mesh->region_name[r][0] ? ")" : "");
    return 0;
}

/** A node on an interface takes the direction of the region that has most of its volume. */
static int set_regions(weiss_state *state, const weiss_value *config, const weiss_problem *problem)
{
    (void)problem;
    const weiss_space *space = state->space;
    const double **direction = NULL;
    int code;
    WEISS_TRY_OUT(code, WEISS_NEW(state->ctx, direction, state->mesh->nregions));
    WEISS_TRY_OUT(code, check_names(state, config));
    WEISS_TRY_OUT(code, find_directions(state, config, direction));
    for (size_t i = 0; i < (size_t)state->mesh->nowned; i++) {
        weiss_lidx largest = space->site_begin[i];
        for (weiss_lidx s = largest + 1; s < space->site_begin[i + 1]; s++)
            if (space->site_volume[s] > space->site_volume[largest] * (1 + 1e-9))
                largest = s;
        memcpy(state->m + 3 * i, direction[space->site_region[largest]], 3 * sizeof *state->m);
    }
out:
    free(direction);
    return code;
}

static const weiss_key element[] = {
    {.name = "direction",
     .kind = WEISS_KIND_DIRECTION,
     .help = "Direction of this region",
     .example = "[0, 0, 1]"},
    {.name = NULL},
};

const weiss_initial_class weiss_initial_regions = {
    .key = {.name = "regions",
            .kind = WEISS_KIND_NAMED,
            .alternative = true,
            .members = element,
            .help = "A direction for each region, by physical name or number; `default` for the rest",
            .example = "{default: [0, 0, 1]}"},
    .set = set_regions,
};
