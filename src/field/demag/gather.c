#include "field/demag/gather.h"

#include <stdlib.h>

/* First index of surface->node that is at least @p node. */
static int64_t lower_bound(const weiss_surface *s, weiss_gidx node)
{
    int64_t low = 0, high = s->nnodes;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (s->node[middle] < node)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int failed(const weiss_gather *g)
{
    return weiss_fail(g->mesh->ctx, WEISS_ERR_MPI, "exchanging the potential of the surface failed");
}

static int allocate_counts(weiss_gather *g)
{
    weiss_context *ctx = g->mesh->ctx;
    int size = weiss_size(ctx);
    WEISS_TRY(WEISS_NEW(ctx, g->count, size));
    WEISS_TRY(WEISS_NEW(ctx, g->start, size + 1));
    WEISS_TRY(WEISS_NEW(ctx, g->send_count, size));
    WEISS_TRY(WEISS_NEW(ctx, g->send_start, size + 1));
    WEISS_TRY(WEISS_NEW(ctx, g->receive_count, size));
    return WEISS_NEW(ctx, g->receive_start, size + 1);
}

static void add_up(int size, const int *count, int *start)
{
    for (int r = 0; r < size; r++)
        start[r + 1] = start[r] + count[r];
}

/* Surface nodes of this rank: the owned ones lie together, the ghosts anywhere. @p index: their places on the surface. */
static int find_local(weiss_gather *g, int64_t **index)
{
    const weiss_mesh *mesh = g->mesh;
    const weiss_surface *s = &mesh->surface;
    g->begin = lower_bound(s, mesh->node_begin);
    g->end = lower_bound(s, mesh->node_begin + mesh->nowned);
    WEISS_TRY(WEISS_NEW(mesh->ctx, g->local, mesh->nlocal));
    WEISS_TRY(WEISS_NEW(mesh->ctx, *index, mesh->nlocal));
    for (int64_t i = g->begin; i < g->end; i++) {
        (*index)[g->nlocal] = i;
        g->local[g->nlocal++] = (weiss_lidx)(s->node[i] - mesh->node_begin);
    }
    for (weiss_lidx i = mesh->nowned; i < mesh->nlocal; i++) {
        int64_t at = lower_bound(s, mesh->ghost[i - mesh->nowned]);
        if (at < s->nnodes && s->node[at] == mesh->ghost[i - mesh->nowned]) {
            (*index)[g->nlocal] = at;
            g->local[g->nlocal++] = i;
        }
    }
    return 0;
}

/* Which rank has the row of each surface node, and at which place. Collective. */
static int find_rows(weiss_gather *g, const int64_t *row, int64_t nrows, int64_t *who, int64_t *place)
{
    int64_t n = g->mesh->surface.nnodes;
    for (int64_t i = 0; i < nrows; i++) {
        who[row[i]] = weiss_rank(g->mesh->ctx);
        place[row[i]] = i;
    }
    if (MPI_Allreduce(MPI_IN_PLACE, who, (int)n, MPI_INT64_T, MPI_SUM, weiss_comm(g->mesh->ctx)) !=
            MPI_SUCCESS ||
        MPI_Allreduce(MPI_IN_PLACE, place, (int)n, MPI_INT64_T, MPI_SUM, weiss_comm(g->mesh->ctx)) !=
            MPI_SUCCESS)
        return failed(g);
    return 0;
}

/* Sorts what this rank wants by the rank that has it, and tells those ranks. Collective. */
static int make_plan(weiss_gather *g, const int64_t *index, const int64_t *who, const int64_t *place,
                     int64_t **wanted)
{
    weiss_context *ctx = g->mesh->ctx;
    int size = weiss_size(ctx), code = 0;
    for (int64_t i = 0; i < g->nlocal; i++)
        g->receive_count[who[index[i]]]++;
    add_up(size, g->receive_count, g->receive_start);
    if (MPI_Alltoall(g->receive_count, 1, MPI_INT, g->send_count, 1, MPI_INT, weiss_comm(ctx)) != MPI_SUCCESS)
        return failed(g);
    add_up(size, g->send_count, g->send_start);
    code = WEISS_NEW(ctx, g->send, g->send_start[size]);
    if (code == 0)
        code = WEISS_NEW(ctx, g->receive, g->nlocal);
    if (code == 0)
        code = WEISS_NEW(ctx, *wanted, g->nlocal);
    if (code == 0)
        code = WEISS_NEW(ctx, g->out, g->send_start[size]);
    if (code == 0)
        code = WEISS_NEW(ctx, g->in, g->nlocal);
    WEISS_TRY(weiss_agree(ctx, code));
    for (int r = 0; r < size; r++)
        g->receive_count[r] = 0;
    for (int64_t i = 0; i < g->nlocal; i++) {
        int64_t r = who[index[i]], at = g->receive_start[r] + g->receive_count[r]++;
        g->receive[at] = i;
        (*wanted)[at] = place[index[i]];
    }
    if (MPI_Alltoallv(*wanted, g->receive_count, g->receive_start, MPI_INT64_T, g->send, g->send_count,
                      g->send_start, MPI_INT64_T, weiss_comm(ctx)) != MPI_SUCCESS)
        return failed(g);
    return 0;
}

int weiss_gather_create(const weiss_mesh *mesh, const int64_t *row, int64_t nrows, weiss_gather **out)
{
    weiss_context *ctx = mesh->ctx;
    weiss_gather *g = NULL;
    int64_t *index = NULL, *who = NULL, *place = NULL, *wanted = NULL;
    int code, mine;
    *out = NULL;
    code = WEISS_NEW(ctx, g, 1);
    if (code == 0) {
        g->mesh = mesh;
        code = allocate_counts(g);
    }
    if (code == 0)
        code = find_local(g, &index);
    if (code == 0)
        code = WEISS_NEW(ctx, who, mesh->surface.nnodes);
    if (code == 0)
        code = WEISS_NEW(ctx, place, mesh->surface.nnodes);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    mine = (int)(g->end - g->begin);
    if (MPI_Allgather(&mine, 1, MPI_INT, g->count, 1, MPI_INT, weiss_comm(ctx)) != MPI_SUCCESS) {
        code = failed(g);
        goto out;
    }
    add_up(weiss_size(ctx), g->count, g->start);
    WEISS_TRY_OUT(code, find_rows(g, row, nrows, who, place));
    WEISS_TRY_OUT(code, make_plan(g, index, who, place, &wanted));
    *out = g;
    g = NULL;
out:
    free(index);
    free(who);
    free(place);
    free(wanted);
    weiss_gather_destroy(g);
    return code;
}

void weiss_gather_destroy(weiss_gather *g)
{
    if (!g)
        return;
    free(g->local);
    free(g->count);
    free(g->start);
    free(g->send_count);
    free(g->send_start);
    free(g->receive_count);
    free(g->receive_start);
    free(g->send);
    free(g->receive);
    free(g->out);
    free(g->in);
    free(g);
}

int weiss_gather_all(weiss_gather *g, const double *nodal, double *all)
{
    for (int64_t i = g->begin; i < g->end; i++)
        all[i] = nodal[g->local[i - g->begin]];
    if (weiss_size(g->mesh->ctx) == 1)
        return 0;
    if (MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, g->count, g->start, MPI_DOUBLE,
                       weiss_comm(g->mesh->ctx)) != MPI_SUCCESS)
        return failed(g);
    return 0;
}

int weiss_gather_return(weiss_gather *g, const double *result, double *nodal)
{
    int size = weiss_size(g->mesh->ctx);
    for (int64_t i = 0; i < g->send_start[size]; i++)
        g->out[i] = result[g->send[i]];
    const double *in = g->in;
    if (size == 1)
        in = g->out;
    else if (MPI_Alltoallv(g->out, g->send_count, g->send_start, MPI_DOUBLE, g->in, g->receive_count,
                           g->receive_start, MPI_DOUBLE, weiss_comm(g->mesh->ctx)) != MPI_SUCCESS)
        return failed(g);
    for (int64_t i = 0; i < g->nlocal; i++)
        nodal[g->local[g->receive[i]]] = in[i];
    return 0;
}
