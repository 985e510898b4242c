/* The triangulated surface, made on rank 0 and held by all. */
#include "mesh/distribute.h"
#include "mesh/transfer.h"

#include <stdlib.h>
#include <string.h>

void weiss_surface_free(weiss_surface *surface)
{
    free(surface->node);
    free(surface->xyz);
    free(surface->triangle);
    free(surface->body);
    memset(surface, 0, sizeof *surface);
}

static int allocate(weiss_context *ctx, weiss_surface *surface)
{
    WEISS_TRY(WEISS_NEW(ctx, surface->node, surface->nnodes));
    WEISS_TRY(WEISS_NEW(ctx, surface->xyz, 3 * surface->nnodes));
    WEISS_TRY(WEISS_NEW(ctx, surface->triangle, 3 * surface->ntriangles));
    return WEISS_NEW(ctx, surface->body, surface->ntriangles);
}

/** Three nodes and the body; sorted by nodes. */
typedef struct corner_list {
    weiss_gidx node[3];
    int32_t body;
} corner_list;

static int by_nodes(const void *a, const void *b)
{
    const corner_list *x = a, *y = b;
    for (int k = 0; k < 3; k++)
        if (x->node[k] != y->node[k])
            return x->node[k] < y->node[k] ? -1 : 1;
    return 0;
}

/** Faces as lists of surface nodes, each turned so that its lowest node comes first. */
static void list_triangles(const weiss_mesh_plan *plan, const weiss_gidx *place, corner_list *list)
{
    for (weiss_gidx f = 0; f < plan->faces.n; f++) {
        weiss_gidx node[3];
        int lowest = 0;
        for (int k = 0; k < 3; k++) {
            node[k] = place[plan->numbering.new_node[plan->faces.node[3 * f + k]]];
            lowest = node[k] < node[lowest] ? k : lowest;
        }
        for (int k = 0; k < 3; k++)
            list[f].node[k] = node[(lowest + k) % 3];
        list[f].body = plan->body[plan->faces.node[3 * f]];
    }
}

static int build(weiss_context *ctx, const weiss_mesh_plan *plan, weiss_surface *surface)
{
    int code = 0;
    weiss_gidx *place = NULL; /* surface number of each new node plus 1; 0: inside */
    corner_list *list = NULL;
    const weiss_gidx *new_node = plan->numbering.new_node;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, place, plan->whole->nnodes));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, list, plan->faces.n));
    for (weiss_gidx i = 0; i < 3 * plan->faces.n; i++)
        place[new_node[plan->faces.node[i]]] = 1;
    surface->ntriangles = plan->faces.n;
    for (weiss_gidx i = 0; i < plan->whole->nnodes; i++)
        surface->nnodes += place[i];
    WEISS_TRY_OUT(code, allocate(ctx, surface));
    for (weiss_gidx i = 0, next = 0; i < plan->whole->nnodes; i++) {
        if (place[i] == 0)
            continue;
        surface->node[next] = i;
        memcpy(surface->xyz + 3 * next, plan->whole->xyz + 3 * plan->numbering.old_node[i],
               3 * sizeof(double));
        place[i] = next++;
    }
    list_triangles(plan, place, list);
    qsort(list, (size_t)plan->faces.n, sizeof *list, by_nodes);
    for (weiss_gidx f = 0; f < plan->faces.n; f++) {
        memcpy(surface->triangle + 3 * f, list[f].node, sizeof list[f].node);
        surface->body[f] = list[f].body;
    }
out:
    free(place);
    free(list);
    return code;
}

int weiss_surface_make(weiss_context *ctx, const weiss_mesh_plan *plan, weiss_surface *surface)
{
    int code = 0;
    bool first = weiss_rank(ctx) == 0;
    if (first)
        code = build(ctx, plan, surface);
    int64_t count[3] = {code, surface->nnodes, surface->ntriangles};
    WEISS_TRY(weiss_broadcast_bytes(ctx, count, sizeof count));
    if (!first && count[0] == 0) {
        surface->nnodes = count[1];
        surface->ntriangles = count[2];
        code = allocate(ctx, surface);
    }
    WEISS_TRY(weiss_agree(ctx, code));
    size_t nodes = (size_t)surface->nnodes, triangles = (size_t)surface->ntriangles;
    WEISS_TRY(weiss_broadcast_bytes(ctx, surface->node, nodes * sizeof *surface->node));
    WEISS_TRY(weiss_broadcast_bytes(ctx, surface->xyz, 3 * nodes * sizeof *surface->xyz));
    WEISS_TRY(weiss_broadcast_bytes(ctx, surface->triangle, 3 * triangles * sizeof *surface->triangle));
    return weiss_broadcast_bytes(ctx, surface->body, triangles * sizeof *surface->body);
}
