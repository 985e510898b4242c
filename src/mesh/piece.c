/* The part of the mesh that one rank gets, cut out on rank 0. */
#include "mesh/distribute.h"

#include <stdlib.h>
#include <string.h>

void weiss_piece_free(weiss_mesh *piece)
{
    free(piece->ghost);
    free(piece->ghost_owner);
    free(piece->xyz);
    free(piece->original);
    free(piece->tet);
    free(piece->tet_region);
    piece->ghost = piece->original = NULL;
    piece->ghost_owner = piece->tet_region = NULL;
    piece->xyz = NULL;
    piece->tet = NULL;
}

static int ascending(const void *a, const void *b)
{
    const weiss_gidx *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/** Sorts and leaves out doubles; returns the number left. */
static size_t make_unique(weiss_gidx *list, size_t n)
{
    size_t kept = 0;
    if (n > 0)
        qsort(list, n, sizeof *list, ascending);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || list[i] != list[kept - 1])
            list[kept++] = list[i];
    return kept;
}

/** New numbers of the tetrahedra that touch a node of part @p rank but belong to another. Free @p list with free(). */
static int find_foreign_tets(weiss_context *ctx, const weiss_mesh_plan *plan, int rank, weiss_gidx **list,
                             size_t *n)
{
    const weiss_numbering *numbering = &plan->numbering;
    size_t capacity = 0;
    *list = NULL;
    *n = 0;
    for (weiss_gidx i = numbering->node_begin[rank]; i < numbering->node_begin[rank + 1]; i++) {
        weiss_gidx old = numbering->old_node[i];
        for (weiss_lidx k = plan->node_tets.start[old]; k < plan->node_tets.start[old + 1]; k++) {
            weiss_gidx e = numbering->new_tet[plan->node_tets.item[k]];
            if (e >= numbering->tet_begin[rank] && e < numbering->tet_begin[rank + 1])
                continue;
            WEISS_TRY(weiss_grow(ctx, list, &capacity, *n + 1, sizeof **list));
            (*list)[(*n)++] = e;
        }
    }
    *n = make_unique(*list, *n);
    return 0;
}

/** New number of corner @p c of new tetrahedron @p e. */
static weiss_gidx corner_of(const weiss_mesh_plan *plan, weiss_gidx e, int c)
{
    return plan->numbering.new_node[plan->whole->tet[4 * plan->numbering.old_tet[e] + c]];
}

/** New number of local tetrahedron @p i of a piece. */
static weiss_gidx tet_at(const weiss_mesh *piece, const weiss_gidx *foreign, weiss_lidx i)
{
    return i < piece->ntets_owned ? piece->tet_begin + i : foreign[i - piece->ntets_owned];
}

/** Nodes of the piece's tetrahedra that it does not own, ascending. Sets nlocal, ghost and ghost_owner. */
static int find_ghosts(weiss_context *ctx, const weiss_mesh_plan *plan, const weiss_gidx *foreign,
                       weiss_mesh *piece)
{
    const weiss_numbering *numbering = &plan->numbering;
    size_t capacity = 0, n = 0;
    for (weiss_lidx i = 0; i < piece->ntets; i++)
        for (int c = 0; c < 4; c++) {
            weiss_gidx node = corner_of(plan, tet_at(piece, foreign, i), c);
            if (node >= piece->node_begin && node < piece->node_begin + piece->nowned)
                continue;
            WEISS_TRY(weiss_grow(ctx, &piece->ghost, &capacity, n + 1, sizeof *piece->ghost));
            piece->ghost[n++] = node;
        }
    if (piece->ghost == NULL)
        WEISS_TRY(WEISS_NEW(ctx, piece->ghost, 0));
    n = make_unique(piece->ghost, n);
    if (n + (size_t)piece->nowned > INT32_MAX / 16)
        return weiss_fail(ctx, WEISS_ERR_MESH, "a rank would hold %zu nodes, more than 2^27: use more ranks",
                          n + (size_t)piece->nowned);
    piece->nlocal = piece->nowned + (weiss_lidx)n;
    WEISS_TRY(WEISS_NEW(ctx, piece->ghost_owner, n));
    int owner = 0;
    for (size_t i = 0; i < n; i++) {
        while (piece->ghost[i] >= numbering->node_begin[owner + 1])
            owner++;
        piece->ghost_owner[i] = owner;
    }
    return 0;
}

static int region_index(const weiss_mesh *facts, int tag)
{
    int low = 0, high = facts->nregions - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (facts->region_tag[middle] < tag)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int fill_arrays(weiss_context *ctx, const weiss_mesh_plan *plan, const weiss_mesh *facts,
                       const weiss_gidx *foreign, weiss_lidx *scratch, weiss_mesh *piece)
{
    const weiss_numbering *numbering = &plan->numbering;
    WEISS_TRY(WEISS_NEW(ctx, piece->xyz, 3 * (size_t)piece->nlocal));
    WEISS_TRY(WEISS_NEW(ctx, piece->original, piece->nowned));
    WEISS_TRY(WEISS_NEW(ctx, piece->tet, 4 * (size_t)piece->ntets));
    WEISS_TRY(WEISS_NEW(ctx, piece->tet_region, piece->ntets));
    for (weiss_lidx i = 0; i < piece->nlocal; i++) {
        weiss_gidx node = weiss_mesh_global(piece, i), old = numbering->old_node[node];
        memcpy(piece->xyz + 3 * (size_t)i, plan->whole->xyz + 3 * old, 3 * sizeof(double));
        if (i < piece->nowned)
            piece->original[i] = old;
        scratch[node] = i;
    }
    for (weiss_lidx i = 0; i < piece->ntets; i++) {
        weiss_gidx e = tet_at(piece, foreign, i);
        for (int c = 0; c < 4; c++)
            piece->tet[4 * (size_t)i + (size_t)c] = scratch[corner_of(plan, e, c)];
        piece->tet_region[i] = region_index(facts, plan->whole->region[numbering->old_tet[e]]);
    }
    for (weiss_lidx i = 0; i < piece->nlocal; i++)
        scratch[weiss_mesh_global(piece, i)] = -1;
    return 0;
}

int weiss_piece_cut(weiss_context *ctx, const weiss_mesh_plan *plan, const weiss_mesh *facts, int rank,
                    weiss_lidx *scratch, weiss_mesh *piece)
{
    int code = 0;
    weiss_gidx *foreign = NULL;
    size_t nforeign;
    const weiss_numbering *numbering = &plan->numbering;
    piece->node_begin = numbering->node_begin[rank];
    piece->nowned = (weiss_lidx)(numbering->node_begin[rank + 1] - piece->node_begin);
    piece->tet_begin = numbering->tet_begin[rank];
    piece->ntets_owned = (weiss_lidx)(numbering->tet_begin[rank + 1] - piece->tet_begin);
    WEISS_TRY_OUT(code, find_foreign_tets(ctx, plan, rank, &foreign, &nforeign));
    piece->ntets = piece->ntets_owned + (weiss_lidx)nforeign;
    WEISS_TRY_OUT(code, find_ghosts(ctx, plan, foreign, piece));
    WEISS_TRY_OUT(code, fill_arrays(ctx, plan, facts, foreign, scratch, piece));
out:
    free(foreign);
    if (code != 0)
        weiss_piece_free(piece);
    return code;
}
