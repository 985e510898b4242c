/* state.png: the magnetisation at the end of a run; pictures/m-000000.png, ...: at the snapshots, when asked for. */
#include "base/file.h"
#include "output/output.h"
#include "output/picture.h"
#include "output/pvd.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct state_picture {
    weiss_context *ctx;
    weiss_state *state;
    const char *title;
    char *directory, *path, *folder;
    int component;
    bool arrows, at_snapshots;
    int64_t snapshots;
    bool any; /* something was reported, so there is a state */
    double time, mean[3];
    int64_t steps;
} state_picture;

static const weiss_key keys[] = {
    {.name = "picture",
     .kind = WEISS_KIND_FLAG,
     .fallback = "on",
     .help = "Draw state.png: the magnetisation on the surface at the end"},
    {.name = "picture_colour",
     .kind = WEISS_KIND_CHOICE,
     .choices = "direction x y z",
     .fallback = "direction",
     .help = "What the colours of pictures show: the direction, or one component of m"},
    {.name = "picture_arrows", .kind = WEISS_KIND_FLAG, .fallback = "on", .help = "Draw arrows in pictures"},
    {.name = "picture_snapshots",
     .kind = WEISS_KIND_FLAG,
     .fallback = "off",
     .help = "Draw a picture of each snapshot too: pictures/*.png"},
    {0},
};

static void destroy(state_picture *s)
{
    free(s->directory);
    free(s->path);
    free(s->folder);
    free(s);
}

static int prepare(state_picture *s, const weiss_run_facts *facts, const weiss_value *config)
{
    const char *colour = weiss_value_text(config, "picture_colour");
    s->ctx = facts->mesh->ctx;
    s->state = facts->state;
    s->title = facts->problem->title;
    s->component = strcmp(colour, "direction") == 0 ? -1 : colour[0] - 'x';
    s->arrows = weiss_value_flag(config, "picture_arrows");
    s->at_snapshots = weiss_value_flag(config, "picture_snapshots");
    s->snapshots = facts->progress.snapshots;
    s->directory = strdup(facts->directory);
    if (s->directory == NULL)
        return weiss_fail(s->ctx, WEISS_ERR_MEMORY, "out of memory");
    WEISS_TRY(weiss_path_join(s->ctx, facts->directory, "state.png", &s->path));
    WEISS_TRY(weiss_path_join(s->ctx, facts->directory, "pictures", &s->folder));
    if (weiss_rank(s->ctx) == 0)
        weiss_snapshots_remove(s->folder, ".png", s->snapshots);
    return 0;
}

static int picture_open(const weiss_run_facts *facts, const weiss_value *config, void **data)
{
    state_picture *s;
    if (!weiss_value_flag(config, "picture") && !weiss_value_flag(config, "picture_snapshots"))
        return 0;
    WEISS_TRY(WEISS_NEW(facts->mesh->ctx, s, 1));
    int code = prepare(s, facts, config);
    if (code != 0) {
        destroy(s);
        return code;
    }
    if (!weiss_value_flag(config, "picture")) {
        free(s->path);
        s->path = NULL;
    }
    *data = s;
    return 0;
}

/* Index in surface->node of the first node with that global number or a larger one. */
static weiss_gidx first_from(const weiss_surface *surface, weiss_gidx number)
{
    weiss_gidx low = 0, high = surface->nnodes;
    while (low < high) {
        weiss_gidx middle = low + (high - low) / 2;
        if (surface->node[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Collects the magnetisation of the surface on rank 0: the surface nodes of a rank are neighbours in the list.
 * Collective. */
static int gather_surface(const state_picture *s, double **out)
{
    const weiss_mesh *mesh = s->state->mesh;
    const weiss_surface *surface = &mesh->surface;
    int size = weiss_size(s->ctx), code = 0;
    bool root = weiss_rank(s->ctx) == 0;
    weiss_gidx begin = first_from(surface, mesh->node_begin);
    int mine = (int)(first_from(surface, mesh->node_begin + mesh->nowned) - begin);
    double *all = NULL, *part = NULL;
    int *counts = NULL, *places = NULL;
    code = WEISS_NEW(s->ctx, part, 3 * (size_t)mine);
    code = code != 0 ? code : WEISS_NEW(s->ctx, all, root ? 3 * (size_t)surface->nnodes : 0);
    code = code != 0 ? code : WEISS_NEW(s->ctx, counts, size);
    code = code != 0 ? code : WEISS_NEW(s->ctx, places, size);
    WEISS_TRY_OUT(code, weiss_agree(s->ctx, code));
    for (int i = 0; i < mine; i++)
        memcpy(part + 3 * i, s->state->m + 3 * (surface->node[begin + i] - mesh->node_begin),
               3 * sizeof *part);
    MPI_Gather(&mine, 1, MPI_INT, counts, 1, MPI_INT, 0, weiss_comm(s->ctx));
    for (int k = 1; k < size; k++)
        places[k] = places[k - 1] + counts[k - 1];
    MPI_Datatype vector;
    MPI_Type_contiguous(3, MPI_DOUBLE, &vector);
    MPI_Type_commit(&vector);
    MPI_Gatherv(part, mine, vector, all, counts, places, vector, 0, weiss_comm(s->ctx));
    MPI_Type_free(&vector);
out:
    free(part);
    free(counts);
    free(places);
    if (code != 0)
        free(all);
    else
        *out = all;
    return code;
}

static int draw(const state_picture *s, const char *path)
{
    double *m = NULL;
    char time[32], subtitle[160];
    int code = 0;
    WEISS_TRY(gather_surface(s, &m));
    if (weiss_rank(s->ctx) == 0) {
        weiss_format_quantity(s->time, WEISS_TIME, 4, time, sizeof time);
        double shown[3];
        for (int k = 0; k < 3; k++)
            shown[k] = fabs(s->mean[k]) < 0.0005 ? 0.0 : s->mean[k]; /* no minus zero */
        int used = s->time == 0.0 && s->steps > 0 /* relaxation takes no time */
                       ? snprintf(subtitle, sizeof subtitle, "after %" PRId64 " steps", s->steps)
                       : snprintf(subtitle, sizeof subtitle, "t = %s", time);
        snprintf(subtitle + used, sizeof subtitle - (size_t)used, ",  mean m = (%.3f, %.3f, %.3f)", shown[0],
                 shown[1], shown[2]);
        const weiss_picture picture = {.surface = &s->state->mesh->surface,
                                       .m = m,
                                       .title = s->title,
                                       .subtitle = subtitle,
                                       .component = s->component,
                                       .arrows = s->arrows};
        code = weiss_picture_write(s->ctx, &picture, path);
    }
    free(m);
    return weiss_agree(s->ctx, code);
}

static int picture_row(void *data, const weiss_report *report)
{
    state_picture *s = data;
    s->any = true;
    s->time = report->time;
    s->steps = report->steps;
    memcpy(s->mean, report->mean, sizeof s->mean);
    return 0;
}

static int picture_snapshot(void *data, const weiss_report *report)
{
    state_picture *s = data;
    char name[64], *path = NULL;
    int code = 0;
    picture_row(data, report);
    weiss_snapshots_name("pictures", s->snapshots++, ".png", name, sizeof name);
    if (!s->at_snapshots)
        return 0;
    code = weiss_path_join(s->ctx, s->directory, name, &path);
    if (code == 0 && weiss_rank(s->ctx) == 0 && mkdir(s->folder, 0777) != 0 && errno != EEXIST)
        code = weiss_fail(s->ctx, WEISS_ERR_FILE, "%s: cannot be made: %s", s->folder, strerror(errno));
    code = weiss_agree(s->ctx, code);
    if (code == 0)
        code = draw(s, path);
    free(path);
    return code;
}

static int picture_close(void *data, int outcome)
{
    state_picture *s = data;
    int code = outcome >= 0 && s->any && s->path != NULL ? draw(s, s->path) : 0;
    destroy(s);
    return code;
}

const weiss_output_class weiss_picture_output = {
    .name = "picture",
    .help = "state.png: the magnetisation on the surface",
    .keys = keys,
    .open = picture_open,
    .row = picture_row,
    .snapshot = picture_snapshot,
    .close = picture_close,
};
