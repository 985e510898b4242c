#include "mesh/partition.h"

#include <stdlib.h>
#include <string.h>

void weiss_numbering_free(weiss_numbering *numbering)
{
    free(numbering->node_begin);
    free(numbering->tet_begin);
    free(numbering->new_node);
    free(numbering->old_node);
    free(numbering->new_tet);
    free(numbering->old_tet);
    memset(numbering, 0, sizeof *numbering);
}

/** A breadth-first walk through the nodes of one part. */
typedef struct walk {
    const weiss_lists *neighbours;
    const int *part;
    weiss_gidx *queue; /* nodes in the order of the walk */
    weiss_lidx *seen; /* number of the walk that last met each node */
    weiss_lidx number; /* of the present walk, from 1 */
} walk;

static weiss_lidx degree(const walk *w, weiss_gidx i)
{
    return w->neighbours->start[i + 1] - w->neighbours->start[i];
}

/** Sorts a few nodes by degree; those of equal degree stay in order. */
static void sort_by_degree(const walk *w, weiss_gidx *node, weiss_gidx n)
{
    for (weiss_gidx i = 1; i < n; i++) {
        weiss_gidx moving = node[i], j = i;
        for (; j > 0 && degree(w, node[j - 1]) > degree(w, moving); j--)
            node[j] = node[j - 1];
        node[j] = moving;
    }
}

/** Walks from @p root through its part into queue[begin..]; returns the end. */
static weiss_gidx walk_from(walk *w, weiss_gidx root, weiss_gidx begin)
{
    weiss_gidx end = begin;
    w->number++;
    w->queue[end++] = root;
    w->seen[root] = w->number;
    for (weiss_gidx next = begin; next < end; next++) {
        weiss_gidx i = w->queue[next], first = end;
        for (weiss_lidx k = w->neighbours->start[i]; k < w->neighbours->start[i + 1]; k++) {
            weiss_lidx j = w->neighbours->item[k];
            if (w->part[j] == w->part[i] && w->seen[j] != w->number) {
                w->seen[j] = w->number;
                w->queue[end++] = j;
            }
        }
        sort_by_degree(w, w->queue + first, end - first);
    }
    return end;
}

/** Reverse Cuthill-McKee in each part. The start of a connected piece is the far end of the far end of its first node.
 *  (The piece is walked three times; a walk that is not kept is overwritten by the next.) */
static void order_nodes(walk *w, const weiss_gidx *sorted, int nparts, const weiss_gidx *begin,
                        weiss_gidx *new_node)
{
    for (int p = 0; p < nparts; p++) {
        weiss_gidx end = begin[p];
        for (weiss_gidx s = begin[p]; s < begin[p + 1]; s++) {
            if (new_node[sorted[s]] >= 0)
                continue;
            weiss_gidx root = sorted[s], from = end;
            for (int pass = 0; pass < 3; pass++) {
                end = walk_from(w, root, from);
                root = w->queue[end - 1];
            }
            for (weiss_gidx i = from; i < end; i++)
                new_node[w->queue[i]] = 0; /* settled; its number follows when the part is reversed */
        }
        for (weiss_gidx i = begin[p]; i < end; i++)
            new_node[w->queue[i]] = begin[p] + end - 1 - i;
    }
}

static int number_nodes(weiss_context *ctx, const weiss_lists *neighbours, const int *part,
                        weiss_numbering *out)
{
    int code = 0;
    weiss_gidx n = neighbours->n, *sorted = NULL, *place = NULL;
    walk w = {.neighbours = neighbours, .part = part};
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, sorted, n));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, place, out->nparts));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, w.queue, n));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, w.seen, n));
    for (weiss_gidx i = 0; i < n; i++)
        out->node_begin[part[i] + 1]++;
    for (int p = 0; p < out->nparts; p++) {
        out->node_begin[p + 1] += out->node_begin[p];
        place[p] = out->node_begin[p];
    }
    for (weiss_gidx i = 0; i < n; i++) {
        sorted[place[part[i]]++] = i;
        out->new_node[i] = -1;
    }
    order_nodes(&w, sorted, out->nparts, out->node_begin, out->new_node);
    for (weiss_gidx i = 0; i < n; i++)
        out->old_node[out->new_node[i]] = i;
out:
    free(sorted);
    free(place);
    free(w.queue);
    free(w.seen);
    return code;
}

/** Numbers tetrahedra by their lowest new node, those of one node in the order of the file. */
static int number_tets(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_numbering *out)
{
    weiss_gidx *lowest = NULL, *place = NULL;
    int code = 0;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, lowest, mesh->ntets));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, place, mesh->nnodes + 1));
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        lowest[e] = mesh->nnodes;
        for (int c = 0; c < 4; c++) {
            weiss_gidx node = out->new_node[mesh->tet[4 * e + c]];
            lowest[e] = node < lowest[e] ? node : lowest[e];
        }
        place[lowest[e] + 1]++;
    }
    for (weiss_gidx i = 0; i < mesh->nnodes; i++)
        place[i + 1] += place[i];
    for (int p = 0; p <= out->nparts; p++)
        out->tet_begin[p] = place[out->node_begin[p]];
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        out->new_tet[e] = place[lowest[e]]++;
        out->old_tet[out->new_tet[e]] = e;
    }
out:
    free(lowest);
    free(place);
    return code;
}

int weiss_numbering_make(weiss_context *ctx, const weiss_tetmesh *mesh, const weiss_lists *neighbours,
                         const int *part, int nparts, weiss_numbering *out)
{
    int code = 0;
    *out = (weiss_numbering){.nparts = nparts};
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->node_begin, nparts + 1));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->tet_begin, nparts + 1));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->new_node, mesh->nnodes));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->old_node, mesh->nnodes));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->new_tet, mesh->ntets));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->old_tet, mesh->ntets));
    WEISS_TRY_OUT(code, number_nodes(ctx, neighbours, part, out));
    WEISS_TRY_OUT(code, number_tets(ctx, mesh, out));
out:
    if (code != 0)
        weiss_numbering_free(out);
    return code;
}
