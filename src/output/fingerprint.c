#include "output/fingerprint.h"

#include "output/hash.h"

#include <stdlib.h>

static void swap_if_greater(int64_t *a, int64_t *b)
{
    if (*a > *b) {
        int64_t t = *a;
        *a = *b;
        *b = t;
    }
}

/* One number for a tetrahedron: its nodes in ascending order of their original numbers, and its region. */
static uint64_t hash_tet(const weiss_mesh *mesh, weiss_lidx e, const double *original)
{
    int64_t word[5];
    for (int k = 0; k < 4; k++)
        word[k] = (int64_t)original[mesh->tet[4 * e + k]];
    swap_if_greater(&word[0], &word[1]);
    swap_if_greater(&word[2], &word[3]);
    swap_if_greater(&word[0], &word[2]);
    swap_if_greater(&word[1], &word[3]);
    swap_if_greater(&word[1], &word[2]);
    word[4] = mesh->region_tag[mesh->tet_region[e]];
    return weiss_hash(WEISS_HASH_START, word, sizeof word);
}

/* The sum of the numbers of all nodes and tetrahedra depends neither on their order nor on the partition. Original
 * numbers travel to the ghosts as doubles, which hold them exactly up to 2^53. */
int weiss_fingerprint_take(const weiss_mesh *mesh, const weiss_problem *problem, weiss_fingerprint *out)
{
    int code = 0;
    double *original;
    WEISS_TRY(weiss_agree(mesh->ctx, WEISS_NEW(mesh->ctx, original, mesh->nlocal)));
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        original[i] = (double)mesh->original[i];
    WEISS_TRY_OUT(code, weiss_halo_update(mesh, 1, original));
    uint64_t sum = 0;
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        sum += weiss_hash(weiss_hash(WEISS_HASH_START, &mesh->original[i], sizeof *mesh->original),
                          mesh->xyz + 3 * i, 3 * sizeof *mesh->xyz);
    for (weiss_lidx e = 0; e < mesh->ntets_owned; e++)
        sum += hash_tet(mesh, e, original);
    if (MPI_Allreduce(&sum, &out->geometry, 1, MPI_UINT64_T, MPI_SUM, weiss_comm(mesh->ctx)) != MPI_SUCCESS)
        code = weiss_fail(mesh->ctx, WEISS_ERR_MPI, "the mesh could not be compared: MPI_Allreduce failed");
    out->nodes = mesh->nnodes_global;
    out->tetrahedra = mesh->ntets_global;
    out->problem = weiss_hash(WEISS_HASH_START, problem->text, problem->length);
out:
    free(original);
    return code;
}
