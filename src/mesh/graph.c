#include "mesh/graph.h"

#include <stdlib.h>
#include <string.h>

void weiss_lists_free(weiss_lists *lists)
{
    free(lists->start);
    free(lists->item);
    memset(lists, 0, sizeof *lists);
}

int weiss_graph_node_tets(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_lists *out)
{
    int code = 0;
    memset(out, 0, sizeof *out);
    if (mesh->nnodes >= INT32_MAX || mesh->ntets > INT32_MAX / 4)
        return weiss_fail(
            ctx, WEISS_ERR_MESH,
            "the mesh has %lld nodes and %lld tetrahedra, more than one rank can index (%d and %d)",
            (long long)mesh->nnodes, (long long)mesh->ntets, INT32_MAX - 1, INT32_MAX / 4);
    out->n = (weiss_lidx)mesh->nnodes;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->start, out->n + 1));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->item, 4 * mesh->ntets));
    for (weiss_gidx i = 0; i < 4 * mesh->ntets; i++)
        out->start[mesh->tet[i]]++;
    for (weiss_lidx i = 0, sum = 0; i <= out->n; i++) {
        weiss_lidx count = out->start[i];
        out->start[i] = sum;
        sum += count;
    }
    for (weiss_gidx i = 0; i < 4 * mesh->ntets; i++)
        out->item[out->start[mesh->tet[i]]++] = (weiss_lidx)(i / 4);
    memmove(out->start + 1, out->start,
            (size_t)out->n * sizeof *out->start); /* filling moved each start to its end */
    out->start[0] = 0;
out:
    if (code != 0)
        weiss_lists_free(out);
    return code;
}

static int ascending(const void *a, const void *b)
{
    const weiss_lidx *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int weiss_graph_node_nodes(weiss_context *ctx, const weiss_tetmesh *mesh, const weiss_lists *tets,
                           weiss_lists *out)
{
    int code = 0;
    weiss_lidx *seen = NULL; /* last node whose list holds this one, plus 1 */
    size_t capacity = 0, used = 0;
    memset(out, 0, sizeof *out);
    out->n = tets->n;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->start, out->n + 1));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, seen, out->n));
    WEISS_TRY_OUT(code, weiss_grow(ctx, &out->item, &capacity, 16 * (size_t)out->n, sizeof *out->item));
    for (weiss_lidx i = 0; i < out->n; i++) {
        seen[i] = i + 1;
        for (weiss_lidx t = tets->start[i]; t < tets->start[i + 1]; t++) {
            const weiss_gidx *corner = mesh->tet + 4 * (size_t)tets->item[t];
            WEISS_TRY_OUT(code, weiss_grow(ctx, &out->item, &capacity, used + 4, sizeof *out->item));
            for (int c = 0; c < 4; c++)
                if (seen[corner[c]] != i + 1) {
                    seen[corner[c]] = i + 1;
                    out->item[used++] = (weiss_lidx)corner[c];
                }
        }
        if (used > INT32_MAX) {
            code = weiss_fail(ctx, WEISS_ERR_MESH, "the mesh has more than 2^31 pairs of neighbouring nodes");
            goto out;
        }
        qsort(out->item + out->start[i], used - (size_t)out->start[i], sizeof *out->item, ascending);
        out->start[i + 1] = (weiss_lidx)used;
    }
out:
    free(seen);
    if (code != 0)
        weiss_lists_free(out);
    return code;
}

/** Root of a node's tree; halves the path on the way. The root of a tree is its lowest node. */
static weiss_lidx root_of(weiss_lidx *parent, weiss_lidx i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

int weiss_graph_bodies(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_lidx **body, int *nbodies)
{
    weiss_lidx *parent = NULL;
    *nbodies = 0;
    WEISS_TRY(WEISS_NEW(ctx, parent, mesh->nnodes));
    for (weiss_gidx i = 0; i < mesh->nnodes; i++)
        parent[i] = (weiss_lidx)i;
    for (weiss_gidx e = 0; e < mesh->ntets; e++)
        for (int c = 1; c < 4; c++) {
            weiss_lidx a = root_of(parent, (weiss_lidx)mesh->tet[4 * e]);
            weiss_lidx b = root_of(parent, (weiss_lidx)mesh->tet[4 * e + c]);
            parent[a > b ? a : b] = a > b ? b : a;
        }
    /* A parent comes before its children, so its entry already holds the number of the body (complemented). */
    for (weiss_gidx i = 0; i < mesh->nnodes; i++)
        parent[i] = parent[i] == i ? ~(*nbodies)++ : parent[parent[i]];
    for (weiss_gidx i = 0; i < mesh->nnodes; i++)
        parent[i] = ~parent[i];
    *body = parent;
    return 0;
}
