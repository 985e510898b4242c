/* Exchange of nodal values along the borders of the parts. Ghosts are sorted by global number, so those of one owner
 * stand together and are received in place; only what is sent is packed. */
#include "mesh/distribute.h"

#include <stdlib.h>
#include <string.h>

enum { HALO_TAG = 1908, MOST_COMPONENTS = 16 };

/** A rank that we exchange with. */
typedef struct neighbour {
    int rank;
    weiss_lidx first, n; /* its nodes: entries of a list, or ghosts counted from nowned */
} neighbour;

struct weiss_halo {
    int nowners, nreaders;
    neighbour *owner; /* ranks that own ghosts of ours; owned */
    neighbour *reader; /* ranks that have our nodes as ghosts; owned */
    weiss_lidx *listed; /* nodes that the readers need, reader by reader; owned */
    double *packed; /* their values on the way: room for MOST_COMPONENTS each; owned */
    MPI_Request *request; /* nowners receives, then nreaders sends; owned */
    bool running; /* between begin and end */
};

void weiss_halo_destroy(weiss_halo *halo)
{
    if (halo == NULL)
        return;
    free(halo->owner);
    free(halo->reader);
    free(halo->listed);
    free(halo->packed);
    free(halo->request);
    free(halo);
}

/** Turns counts per rank into a list of the ranks with a count. */
static int list_neighbours(weiss_context *ctx, const int *count, neighbour **out, int *n)
{
    weiss_lidx first = 0;
    *n = 0;
    for (int r = 0; r < weiss_size(ctx); r++)
        *n += count[r] > 0;
    WEISS_TRY(WEISS_NEW(ctx, *out, *n));
    *n = 0;
    for (int r = 0; r < weiss_size(ctx); r++) {
        if (count[r] > 0)
            (*out)[(*n)++] = (neighbour){.rank = r, .first = first, .n = count[r]};
        first += count[r];
    }
    return 0;
}

static weiss_lidx total(const neighbour *list, int n)
{
    return n > 0 ? list[n - 1].first + list[n - 1].n : 0;
}

/** Tells the owners which of their nodes we need; learns which of ours are needed. @p wanted as long as listed. */
static int exchange_lists(const weiss_mesh *mesh, weiss_halo *halo, weiss_gidx *wanted)
{
    MPI_Comm comm = weiss_comm(mesh->ctx);
    int failed = 0;
    for (int i = 0; i < halo->nreaders; i++)
        failed |= MPI_Irecv(wanted + halo->reader[i].first, halo->reader[i].n, WEISS_MPI_GIDX,
                            halo->reader[i].rank, HALO_TAG, comm, &halo->request[i]);
    for (int i = 0; i < halo->nowners; i++)
        failed |= MPI_Isend(mesh->ghost + halo->owner[i].first, halo->owner[i].n, WEISS_MPI_GIDX,
                            halo->owner[i].rank, HALO_TAG, comm, &halo->request[halo->nreaders + i]);
    failed |= MPI_Waitall(halo->nreaders + halo->nowners, halo->request, MPI_STATUSES_IGNORE);
    if (failed)
        return weiss_fail(mesh->ctx, WEISS_ERR_MPI,
                          "rank %d could not exchange lists of nodes with its neighbours",
                          weiss_rank(mesh->ctx));
    for (weiss_lidx i = 0; i < total(halo->reader, halo->nreaders); i++)
        halo->listed[i] = (weiss_lidx)(wanted[i] - mesh->node_begin);
    return 0;
}

int weiss_halo_create(const weiss_mesh *mesh, weiss_halo **out)
{
    weiss_context *ctx = mesh->ctx;
    int code = 0, *needed = NULL, *asked = NULL;
    weiss_gidx *wanted = NULL;
    weiss_halo *halo = NULL;
    *out = NULL;
    code = WEISS_NEW(ctx, halo, 1);
    code = code != 0 ? code : WEISS_NEW(ctx, needed, weiss_size(ctx));
    code = code != 0 ? code : WEISS_NEW(ctx, asked, weiss_size(ctx));
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    for (weiss_lidx i = 0; i < mesh->nlocal - mesh->nowned; i++)
        needed[mesh->ghost_owner[i]]++;
    if (MPI_Alltoall(needed, 1, MPI_INT, asked, 1, MPI_INT, weiss_comm(ctx)) != MPI_SUCCESS) {
        code = weiss_fail(ctx, WEISS_ERR_MPI, "MPI_Alltoall failed");
        goto out;
    }
    code = list_neighbours(ctx, needed, &halo->owner, &halo->nowners);
    code = code != 0 ? code : list_neighbours(ctx, asked, &halo->reader, &halo->nreaders);
    code = code != 0 ? code : WEISS_NEW(ctx, halo->request, halo->nowners + halo->nreaders);
    code = code != 0 ? code : WEISS_NEW(ctx, halo->listed, total(halo->reader, halo->nreaders));
    code = code != 0 ? code : WEISS_NEW(ctx, wanted, total(halo->reader, halo->nreaders));
    /* Room for every exchange to come: one that failed for want of memory on a rank would leave its neighbours waiting. */
    code = code != 0 ? code
                     : WEISS_NEW(ctx, halo->packed,
                                 (size_t)MOST_COMPONENTS * (size_t)total(halo->reader, halo->nreaders));
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    WEISS_TRY_OUT(code, weiss_agree(ctx, exchange_lists(mesh, halo, wanted)));
    *out = halo;
    halo = NULL;
out:
    free(needed);
    free(asked);
    free(wanted);
    weiss_halo_destroy(halo);
    return code;
}

/** Packs the values that @p reader needs. */
static void pack(const weiss_halo *halo, const neighbour *reader, int ncomp, const double *x)
{
    for (weiss_lidx i = reader->first; i < reader->first + reader->n; i++)
        for (int c = 0; c < ncomp; c++)
            halo->packed[(size_t)i * (size_t)ncomp + (size_t)c] =
                x[(size_t)halo->listed[i] * (size_t)ncomp + (size_t)c];
}

static int check_call(const weiss_mesh *mesh, int ncomp)
{
    if (ncomp < 1 || ncomp > MOST_COMPONENTS)
        return weiss_fail(mesh->ctx, WEISS_ERR_DIMENSION, "halo exchange of %d components: expected 1 to %d",
                          ncomp, MOST_COMPONENTS);
    if (mesh->halo->running)
        return weiss_fail(mesh->ctx, WEISS_ERR_INTERNAL,
                          "a halo exchange was begun before the last one ended");
    return 0;
}

int weiss_halo_begin(const weiss_mesh *mesh, int ncomp, double *x)
{
    weiss_halo *halo = mesh->halo;
    if (halo->nowners + halo->nreaders == 0)
        return 0;
    WEISS_TRY(check_call(mesh, ncomp));
    size_t size = (size_t)ncomp;
    MPI_Comm comm = weiss_comm(mesh->ctx);
    int failed = 0;
    for (int i = 0; i < halo->nowners; i++)
        failed |=
            MPI_Irecv(x + size * (size_t)(mesh->nowned + halo->owner[i].first), ncomp * halo->owner[i].n,
                      MPI_DOUBLE, halo->owner[i].rank, HALO_TAG, comm, &halo->request[i]);
    for (int i = 0; i < halo->nreaders; i++) {
        pack(halo, &halo->reader[i], ncomp, x);
        failed |=
            MPI_Isend(halo->packed + size * (size_t)halo->reader[i].first, ncomp * halo->reader[i].n,
                      MPI_DOUBLE, halo->reader[i].rank, HALO_TAG, comm, &halo->request[halo->nowners + i]);
    }
    halo->running = true;
    if (failed)
        return weiss_fail(mesh->ctx, WEISS_ERR_MPI, "rank %d could not begin a halo exchange",
                          weiss_rank(mesh->ctx));
    return 0;
}

int weiss_halo_end(const weiss_mesh *mesh, int ncomp, double *x)
{
    weiss_halo *halo = mesh->halo;
    (void)ncomp;
    (void)x;
    if (halo->nowners + halo->nreaders == 0)
        return 0;
    if (!halo->running)
        return weiss_fail(mesh->ctx, WEISS_ERR_INTERNAL, "a halo exchange was ended that had not begun");
    halo->running = false;
    if (MPI_Waitall(halo->nowners + halo->nreaders, halo->request, MPI_STATUSES_IGNORE) != MPI_SUCCESS)
        return weiss_fail(mesh->ctx, WEISS_ERR_MPI, "rank %d could not complete a halo exchange",
                          weiss_rank(mesh->ctx));
    return 0;
}

int weiss_halo_update(const weiss_mesh *mesh, int ncomp, double *x)
{
    WEISS_TRY(weiss_halo_begin(mesh, ncomp, x));
    return weiss_halo_end(mesh, ncomp, x);
}
