/* Applied field: a sum of fields, each uniform in the regions that it covers and multiplied with a function of time.
 * E = -mu0 sum Ms V m . H. A node at an interface sees the mean of the regions around it, weighted with their moments. */
#include "field/term.h"
#include "field/timefunction.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One field. */
typedef struct source {
    double field[3]; /* A/m */
    weiss_timefunction time;
    double *weight; /* nowned, share of a node's moment that the field covers; NULL: all. Owned */
    double fraction; /* of the total moment that it covers */
} source;

typedef struct applied {
    const weiss_space *space; /* borrowed */
    source *source;
    size_t nsources;
    double uniform[3]; /* A/m, set by a stage on top */
} applied;

static const weiss_key region_element = {.kind = WEISS_KIND_TEXT, .help = "Name or number of a region"};

static const weiss_key source_keys[] = {
    {.name = "field",
     .kind = WEISS_KIND_VECTOR,
     .quantity = WEISS_FIELD,
     .required = true,
     .help = "The field, as H or (in tesla) as mu0 H",
     .example = "[0, 0, 10 mT]"},
    {.name = "regions",
     .kind = WEISS_KIND_LIST,
     .members = &region_element,
     .help = "Names or numbers of the regions that it covers; all when left out",
     .example = "[1, 2]"},
    {.name = "time",
     .kind = WEISS_KIND_MAP,
     .members = weiss_timefunction_keys,
     .help = "Function of the time since the beginning of the stage that the field is multiplied with; "
             "constant when "
             "left out",
     .example = "{sine: {frequency: 10 GHz}}"},
    {.name = NULL},
};

static const weiss_key source_element = {
    .kind = WEISS_KIND_MAP, .members = source_keys, .bare = "field", .help = "One field"};

static const weiss_key section = {.name = "applied",
                                  .kind = WEISS_KIND_LIST,
                                  .members = &source_element,
                                  .help = "Applied field: one vector, or one or several fields with regions "
                                          "and functions of time that are added",
                                  .example = "[0, 0, 10 mT]"};

/* True when @p name is the name or the number of region @p r. */
static bool is_region(const weiss_mesh *mesh, int r, const char *name)
{
    char number[16];
    snprintf(number, sizeof number, "%d", mesh->region_tag[r]);
    return strcmp(name, number) == 0 || (*name && strcmp(name, mesh->region_name[r]) == 0);
}

/* Marks the regions that a list names. */
static int mark_regions(const weiss_space *space, const weiss_value *list, bool *covered)
{
    for (size_t k = 0; k < list->count; k++) {
        bool found = false;
        for (int r = 0; r < space->mesh->nregions; r++)
            if (is_region(space->mesh, r, list->items[k]->text)) {
                covered[r] = true;
                found = true;
            }
        if (!found)
            return weiss_fail_at(
                space->ctx, list->items[k],
                "the mesh has no magnetic region \"%s\"; `weiss mesh info` lists its regions",
                list->items[k]->text);
    }
    return 0;
}

/* Shares of the nodes' moments in the regions of a list. */
static int find_weights(const weiss_space *space, const weiss_value *list, source *s)
{
    bool *covered = NULL;
    int code;
    WEISS_TRY_OUT(code, WEISS_NEW(space->ctx, covered, space->mesh->nregions));
    WEISS_TRY_OUT(code, mark_regions(space, list, covered));
    WEISS_TRY_OUT(code, WEISS_NEW(space->ctx, s->weight, space->mesh->nowned));
    s->fraction = 0;
    for (weiss_lidx i = 0; i < space->mesh->nowned; i++) {
        double moment = 0;
        for (weiss_lidx k = space->site_begin[i]; k < space->site_begin[i + 1]; k++)
            if (covered[space->site_region[k]])
                moment += weiss_space_material(space, space->site_region[k])->Ms * space->site_volume[k];
        s->weight[i] = moment / space->moment[i];
        s->fraction += moment / space->total_moment;
    }
out:
    free(covered);
    return code;
}

/* Collective. */
static int read_source(const weiss_space *space, const weiss_value *map, source *s)
{
    memcpy(s->field, weiss_value_vector(map, "field"), sizeof s->field);
    s->fraction = 1;
    WEISS_TRY(weiss_timefunction_create(space->problem, weiss_value_get(map, "time"), &s->time));
    if (!weiss_value_given(map, "regions"))
        return 0;
    WEISS_TRY(weiss_agree(space->ctx, find_weights(space, weiss_value_get(map, "regions"), s)));
    if (MPI_Allreduce(MPI_IN_PLACE, &s->fraction, 1, MPI_DOUBLE, MPI_SUM, weiss_comm(space->ctx)) !=
        MPI_SUCCESS)
        return weiss_fail(space->ctx, WEISS_ERR_MPI, "the moments of the ranks could not be summed");
    return 0;
}

static void forget_sources(applied *a)
{
    for (size_t k = 0; k < a->nsources; k++) {
        weiss_timefunction_destroy(&a->source[k].time);
        free(a->source[k].weight);
    }
    free(a->source);
    a->source = NULL;
    a->nsources = 0;
}

static int configure(void *data, const weiss_value *list)
{
    applied *a = data;
    forget_sources(a);
    memset(a->uniform, 0, sizeof a->uniform);
    if (!list)
        return 0;
    WEISS_TRY(weiss_agree(a->space->ctx, WEISS_NEW(a->space->ctx, a->source, list->count)));
    for (size_t k = 0; k < list->count; k++) {
        a->nsources++;
        WEISS_TRY(read_source(a->space, list->items[k], &a->source[k]));
    }
    return 0;
}

static void destroy(void *data)
{
    applied *a = data;
    forget_sources(a);
    free(a);
}

static int create(const weiss_space *space, const weiss_value *list, void **data)
{
    applied *a = NULL;
    *data = NULL;
    WEISS_TRY(weiss_agree(space->ctx, WEISS_NEW(space->ctx, a, 1)));
    a->space = space;
    int code = configure(a, list);
    if (code == 0)
        *data = a;
    else
        destroy(a);
    return code;
}

static int set_uniform(void *data, const double field[3])
{
    applied *a = data;
    memcpy(a->uniform, field, sizeof a->uniform);
    return 0;
}

/* Adds the fields that cover everything to @p sum. @return true when there are others */
static bool add_uniform(const applied *a, double t, double sum[3])
{
    bool others = false;
    for (size_t s = 0; s < a->nsources; s++) {
        const double factor = weiss_timefunction_value(&a->source[s].time, t);
        others |= a->source[s].weight != NULL;
        for (int k = 0; k < 3 && !a->source[s].weight; k++)
            sum[k] += factor * a->source[s].field[k];
    }
    return others;
}

/* Adds @p H times the weights (NULL: 1) to the field, and its energy. */
static void add_field(const weiss_space *space, const double H[3], const double *weight, const double *m,
                      double *field, double *energy)
{
    double sum = 0;
    if (H[0] == 0 && H[1] == 0 && H[2] == 0)
        return;
    for (weiss_lidx i = 0; i < space->mesh->nowned; i++) {
        const double w = weight ? weight[i] : 1;
        const double *mi = m + 3 * (size_t)i;
        double *h = field + 3 * (size_t)i;
        for (int k = 0; k < 3; k++)
            h[k] += w * H[k];
        sum += w * space->moment[i] * (mi[0] * H[0] + mi[1] * H[1] + mi[2] * H[2]);
    }
    if (energy)
        *energy -= WEISS_MU0 * sum;
}

static int evaluate(void *data, const weiss_point *at, double *field, double *energy)
{
    const applied *a = data;
    double H[3] = {a->uniform[0], a->uniform[1], a->uniform[2]};
    bool others = add_uniform(a, at->time, H);
    add_field(a->space, H, NULL, at->m, field, energy);
    for (size_t s = 0; others && s < a->nsources; s++) {
        if (!a->source[s].weight)
            continue;
        const double factor = weiss_timefunction_value(&a->source[s].time, at->time);
        for (int k = 0; k < 3; k++)
            H[k] = factor * a->source[s].field[k];
        add_field(a->space, H, a->source[s].weight, at->m, field, energy);
    }
    return 0;
}

static double longest_step(void *data, double time)
{
    const applied *a = data;
    double step = INFINITY;
    for (size_t s = 0; s < a->nsources; s++)
        step = fmin(step, weiss_timefunction_longest_step(&a->source[s].time, time));
    return step;
}

static const char *const columns[] = {"H_applied_x (A/m)", "H_applied_y (A/m)", "H_applied_z (A/m)", NULL};

/* The mean of the applied field, weighted with the moments. */
static int column_values(void *data, const weiss_point *at, double *values)
{
    const applied *a = data;
    memcpy(values, a->uniform, sizeof a->uniform);
    for (size_t s = 0; s < a->nsources; s++) {
        const double factor = weiss_timefunction_value(&a->source[s].time, at->time) * a->source[s].fraction;
        for (int k = 0; k < 3; k++)
            values[k] += factor * a->source[s].field[k];
    }
    return 0;
}

const weiss_term_class weiss_applied_term = {
    .name = "applied",
    .help = "Applied field, the Zeeman energy",
    .section = &section,
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .configure = configure,
    .set_uniform = set_uniform,
    .longest_step = longest_step,
    .columns = columns,
    .column_values = column_values,
};
