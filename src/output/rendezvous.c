#include "output/rendezvous.h"

#include <stdlib.h>
#include <string.h>

/* Rank r keeps the numbers from r total / size on. */
static weiss_gidx block_start(weiss_gidx total, int size, int rank)
{
    return total / size * rank + (total % size < rank ? total % size : rank);
}

static int block_of(weiss_gidx total, int size, weiss_gidx number)
{
    weiss_gidx small = total / size, large_part = (small + 1) * (total % size);
    if (number < large_part)
        return (int)(number / (small + 1));
    return (int)(total % size + (number - large_part) / small);
}

static int allocate(weiss_rendezvous *r)
{
    int size = weiss_size(r->ctx);
    WEISS_TRY(WEISS_NEW(r->ctx, r->order, r->nowned));
    WEISS_TRY(WEISS_NEW(r->ctx, r->send_count, size));
    WEISS_TRY(WEISS_NEW(r->ctx, r->send_begin, size + 1));
    WEISS_TRY(WEISS_NEW(r->ctx, r->meet_count, size));
    return WEISS_NEW(r->ctx, r->meet_begin, size + 1);
}

/* Counting sort of the owned nodes by the rank of their block. */
static void sort_owned(weiss_rendezvous *r, const weiss_gidx *original)
{
    int size = weiss_size(r->ctx);
    for (weiss_lidx i = 0; i < r->nowned; i++)
        r->send_count[block_of(r->total, size, original[i])]++;
    for (int k = 0; k < size; k++)
        r->send_begin[k + 1] = r->send_begin[k] + r->send_count[k];
    for (weiss_lidx i = 0; i < r->nowned; i++)
        r->order[r->send_begin[block_of(r->total, size, original[i])]++] = i;
    for (int k = 0; k < size; k++)
        r->send_begin[k] -= r->send_count[k];
}

/* Tells each block which of its numbers will come, and in which order. */
static int meet(weiss_rendezvous *r, const weiss_gidx *original)
{
    int code = 0, size = weiss_size(r->ctx);
    weiss_gidx *sent = NULL, *met = NULL;
    unsigned char *seen = NULL;
    MPI_Alltoall(r->send_count, 1, MPI_INT, r->meet_count, 1, MPI_INT, weiss_comm(r->ctx));
    for (int k = 0; k < size; k++)
        r->meet_begin[k + 1] = r->meet_begin[k] + r->meet_count[k];
    r->nmet = r->meet_begin[size];
    code = WEISS_NEW(r->ctx, sent, r->nowned);
    code = code != 0 ? code : WEISS_NEW(r->ctx, met, r->nmet);
    code = code != 0 ? code : WEISS_NEW(r->ctx, seen, r->block_count);
    code = code != 0 ? code : WEISS_NEW(r->ctx, r->position, r->nmet);
    WEISS_TRY_OUT(code, weiss_agree(r->ctx, code));
    for (weiss_lidx i = 0; i < r->nowned; i++)
        sent[i] = original[r->order[i]];
    if (MPI_Alltoallv(sent, r->send_count, r->send_begin, WEISS_MPI_GIDX, met, r->meet_count, r->meet_begin,
                      WEISS_MPI_GIDX, weiss_comm(r->ctx)) != MPI_SUCCESS)
        code = weiss_fail(r->ctx, WEISS_ERR_MPI, "node numbers could not be exchanged: MPI_Alltoallv failed");
    for (weiss_lidx i = 0; code == 0 && i < r->nmet; i++) {
        r->position[i] = (weiss_lidx)(met[i] - r->block_begin);
        if (seen[r->position[i]]++)
            code = weiss_fail(r->ctx, WEISS_ERR_INTERNAL, "node %lld of the mesh file is owned twice",
                              (long long)met[i]);
    }
    code = weiss_agree(r->ctx, code);
out:
    free(seen);
    free(sent);
    free(met);
    return code;
}

int weiss_rendezvous_create(const weiss_mesh *mesh, weiss_rendezvous **out)
{
    weiss_rendezvous *r;
    weiss_context *ctx = mesh->ctx;
    int code = 0, rank = weiss_rank(ctx), size = weiss_size(ctx);
    *out = NULL;
    WEISS_TRY(weiss_agree(ctx, WEISS_NEW(ctx, r, 1)));
    r->ctx = ctx;
    r->nowned = mesh->nowned;
    WEISS_TRY_OUT(code, weiss_agree(ctx, allocate(r)));
    weiss_gidx last = -1;
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        last = mesh->original[i] > last ? mesh->original[i] : last;
    MPI_Allreduce(&last, &r->total, 1, WEISS_MPI_GIDX, MPI_MAX, weiss_comm(ctx));
    r->total++;
    r->block_begin = block_start(r->total, size, rank);
    r->block_count = (weiss_lidx)(block_start(r->total, size, rank + 1) - r->block_begin);
    sort_owned(r, mesh->original);
    WEISS_TRY_OUT(code, meet(r, mesh->original));
    *out = r;
out:
    if (code != 0)
        weiss_rendezvous_destroy(r);
    return code;
}

void weiss_rendezvous_destroy(weiss_rendezvous *r)
{
    if (r == NULL)
        return;
    free(r->order);
    free(r->position);
    free(r->send_count);
    free(r->send_begin);
    free(r->meet_count);
    free(r->meet_begin);
    free(r);
}

/* Exchanges vectors between @p here (nowned, sorted by rank) and @p there (nmet), forwards or backwards. */
static int exchange(const weiss_rendezvous *r, double *here, double *there, bool forwards)
{
    MPI_Datatype vector;
    MPI_Type_contiguous(3, MPI_DOUBLE, &vector);
    MPI_Type_commit(&vector);
    int failed = forwards ? MPI_Alltoallv(here, r->send_count, r->send_begin, vector, there, r->meet_count,
                                          r->meet_begin, vector, weiss_comm(r->ctx))
                          : MPI_Alltoallv(there, r->meet_count, r->meet_begin, vector, here, r->send_count,
                                          r->send_begin, vector, weiss_comm(r->ctx));
    MPI_Type_free(&vector);
    if (failed != MPI_SUCCESS)
        return weiss_fail(r->ctx, WEISS_ERR_MPI, "vectors could not be exchanged: MPI_Alltoallv failed");
    return 0;
}

static int transfer(const weiss_rendezvous *r, const double *from, double *to, bool forwards)
{
    double *here = NULL, *there = NULL;
    int code = WEISS_NEW(r->ctx, here, 3 * (size_t)r->nowned);
    code = code != 0 ? code : WEISS_NEW(r->ctx, there, 3 * (size_t)r->nmet);
    WEISS_TRY_OUT(code, weiss_agree(r->ctx, code));
    if (forwards) {
        for (weiss_lidx i = 0; i < r->nowned; i++)
            memcpy(here + 3 * (size_t)i, from + 3 * (size_t)r->order[i], 3 * sizeof *here);
    } else {
        for (weiss_lidx i = 0; i < r->nmet; i++)
            memcpy(there + 3 * (size_t)i, from + 3 * (size_t)r->position[i], 3 * sizeof *there);
    }
    WEISS_TRY_OUT(code, weiss_agree(r->ctx, exchange(r, here, there, forwards)));
    if (forwards) {
        memset(to, 0, 3 * (size_t)r->block_count * sizeof *to);
        for (weiss_lidx i = 0; i < r->nmet; i++)
            memcpy(to + 3 * (size_t)r->position[i], there + 3 * (size_t)i, 3 * sizeof *to);
    } else {
        for (weiss_lidx i = 0; i < r->nowned; i++)
            memcpy(to + 3 * (size_t)r->order[i], here + 3 * (size_t)i, 3 * sizeof *to);
    }
out:
    free(here);
    free(there);
    return code;
}

int weiss_rendezvous_to_blocks(const weiss_rendezvous *meeting, const double *nodal, double *block)
{
    return transfer(meeting, nodal, block, true);
}

int weiss_rendezvous_from_blocks(const weiss_rendezvous *meeting, const double *block, double *nodal)
{
    return transfer(meeting, block, nodal, false);
}
