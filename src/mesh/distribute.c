#include "mesh/distribute.h"

#include "mesh/check.h"
#include "mesh/transfer.h"

#include <stdlib.h>
#include <string.h>

static void plan_free(weiss_mesh_plan *plan)
{
    weiss_lists_free(&plan->node_tets);
    weiss_faces_free(&plan->faces);
    weiss_numbering_free(&plan->numbering);
    free(plan->body);
}

static int ascending(const void *a, const void *b)
{
    const int *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/** Tags and names of the regions that hold elements. */
static int find_regions(weiss_context *ctx, const weiss_tetmesh *whole, weiss_mesh *mesh)
{
    size_t capacity = 0, n = 0;
    for (weiss_gidx e = 0; e < whole->ntets; e++) {
        if (n > 0 && whole->region[e] == mesh->region_tag[n - 1])
            continue;
        if (n > 0 &&
            bsearch(&whole->region[e], mesh->region_tag, n, sizeof *mesh->region_tag, ascending) != NULL)
            continue;
        WEISS_TRY(weiss_grow(ctx, &mesh->region_tag, &capacity, n + 1, sizeof *mesh->region_tag));
        size_t place = n++;
        for (; place > 0 && mesh->region_tag[place - 1] > whole->region[e]; place--)
            mesh->region_tag[place] = mesh->region_tag[place - 1];
        mesh->region_tag[place] = whole->region[e];
    }
    WEISS_TRY(WEISS_NEW(ctx, mesh->region_name, n));
    for (mesh->nregions = 0; mesh->nregions < (int)n; mesh->nregions++) {
        char **name = &mesh->region_name[mesh->nregions];
        *name = strdup(weiss_tetmesh_region_name(whole, mesh->region_tag[mesh->nregions]));
        if (*name == NULL)
            return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory for the names of regions");
    }
    return 0;
}

/** Lowest new node of each body. The bodies keep the order that they have by old numbers. */
static int find_body_nodes(weiss_context *ctx, const weiss_mesh_plan *plan, weiss_mesh *mesh)
{
    WEISS_TRY(WEISS_NEW(ctx, mesh->body_node, mesh->nbodies));
    for (int b = 0; b < mesh->nbodies; b++)
        mesh->body_node[b] = plan->whole->nnodes;
    for (weiss_gidx i = 0; i < plan->whole->nnodes; i++) {
        weiss_gidx node = plan->numbering.new_node[i], *lowest = &mesh->body_node[plan->body[i]];
        *lowest = node < *lowest ? node : *lowest;
    }
    return 0;
}

/** All that needs a look at the whole mesh. Rank 0 only (local). */
static int make_plan(weiss_context *ctx, weiss_mesh_plan *plan, weiss_mesh *mesh)
{
    int code = 0, *part = NULL;
    weiss_lists neighbours = {0};
    const weiss_tetmesh *whole = plan->whole;
    WEISS_TRY_OUT(code, weiss_tetmesh_check(ctx, whole));
    WEISS_TRY_OUT(code, weiss_graph_node_tets(ctx, whole, &plan->node_tets));
    WEISS_TRY_OUT(code, weiss_faces_find(ctx, whole, &plan->faces));
    WEISS_TRY_OUT(code, weiss_graph_bodies(ctx, whole, &plan->body, &mesh->nbodies));
    WEISS_TRY_OUT(code, weiss_graph_node_nodes(ctx, whole, &plan->node_tets, &neighbours));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, part, whole->nnodes));
    WEISS_TRY_OUT(code, weiss_partition(ctx, &neighbours, &plan->faces, weiss_size(ctx), part));
    WEISS_TRY_OUT(code,
                  weiss_numbering_make(ctx, whole, &neighbours, part, weiss_size(ctx), &plan->numbering));
    mesh->nnodes_global = whole->nnodes;
    mesh->ntets_global = whole->ntets;
    WEISS_TRY_OUT(code, find_regions(ctx, whole, mesh));
    WEISS_TRY_OUT(code, find_body_nodes(ctx, plan, mesh));
out:
    weiss_lists_free(&neighbours);
    free(part);
    return code;
}

/** Copies the names of the regions, one after another with their final zeros, from rank 0 to all. Collective. */
static int share_region_names(weiss_context *ctx, weiss_mesh *mesh)
{
    int code = 0;
    char *packed = NULL;
    long long bytes = 0;
    if (weiss_rank(ctx) == 0)
        for (int r = 0; r < mesh->nregions; r++)
            bytes += (long long)strlen(mesh->region_name[r]) + 1;
    WEISS_TRY(weiss_broadcast_bytes(ctx, &bytes, sizeof bytes));
    WEISS_TRY_OUT(code, weiss_agree(ctx, weiss_alloc(ctx, &packed, (size_t)bytes, 1)));
    char *next = packed;
    if (weiss_rank(ctx) == 0)
        for (int r = 0; r < mesh->nregions; r++)
            next = stpcpy(next, mesh->region_name[r]) + 1;
    WEISS_TRY_OUT(code, weiss_broadcast_bytes(ctx, packed, (size_t)bytes));
    if (weiss_rank(ctx) != 0) {
        next = packed;
        for (int r = 0; r < mesh->nregions && code == 0; r++) {
            mesh->region_name[r] = strdup(next);
            if (mesh->region_name[r] == NULL)
                code = weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory for the names of regions");
            next += strlen(next) + 1;
        }
    }
    code = weiss_agree(ctx, code);
out:
    free(packed);
    return code;
}

/** Copies the facts that all ranks share (counts, regions, bodies) from rank 0. Collective. */
static int share_facts(weiss_context *ctx, weiss_mesh *mesh)
{
    int code = 0;
    int64_t count[4] = {mesh->nnodes_global, mesh->ntets_global, mesh->nregions, mesh->nbodies};
    WEISS_TRY(weiss_broadcast_bytes(ctx, count, sizeof count));
    if (weiss_rank(ctx) != 0) {
        mesh->nnodes_global = count[0];
        mesh->ntets_global = count[1];
        mesh->nregions = (int)count[2];
        mesh->nbodies = (int)count[3];
        code = WEISS_NEW(ctx, mesh->region_tag, mesh->nregions);
        code = code != 0 ? code : WEISS_NEW(ctx, mesh->region_name, mesh->nregions);
        code = code != 0 ? code : WEISS_NEW(ctx, mesh->body_node, mesh->nbodies);
    }
    WEISS_TRY(weiss_agree(ctx, code));
    WEISS_TRY(
        weiss_broadcast_bytes(ctx, mesh->region_tag, (size_t)mesh->nregions * sizeof *mesh->region_tag));
    WEISS_TRY(weiss_broadcast_bytes(ctx, mesh->body_node, (size_t)mesh->nbodies * sizeof *mesh->body_node));
    return share_region_names(ctx, mesh);
}

/** First message of a piece. After it the receiver answers with a code of its own: 0 when it has room for the arrays. */
typedef struct piece_header {
    int64_t code; /* other than 0: rank 0 failed, nothing follows */
    int64_t node_begin, nowned, nlocal, tet_begin, ntets, ntets_owned;
} piece_header;

static int allocate_piece(weiss_context *ctx, const piece_header *header, weiss_mesh *mesh)
{
    mesh->node_begin = header->node_begin;
    mesh->nowned = (weiss_lidx)header->nowned;
    mesh->nlocal = (weiss_lidx)header->nlocal;
    mesh->tet_begin = header->tet_begin;
    mesh->ntets = (weiss_lidx)header->ntets;
    mesh->ntets_owned = (weiss_lidx)header->ntets_owned;
    WEISS_TRY(WEISS_NEW(ctx, mesh->ghost, mesh->nlocal - mesh->nowned));
    WEISS_TRY(WEISS_NEW(ctx, mesh->ghost_owner, mesh->nlocal - mesh->nowned));
    WEISS_TRY(WEISS_NEW(ctx, mesh->xyz, 3 * (size_t)mesh->nlocal));
    WEISS_TRY(WEISS_NEW(ctx, mesh->original, mesh->nowned));
    WEISS_TRY(WEISS_NEW(ctx, mesh->tet, 4 * (size_t)mesh->ntets));
    return WEISS_NEW(ctx, mesh->tet_region, mesh->ntets);
}

/** The arrays of a piece, one after another. */
#define PIECE_ARRAYS(X, mesh)                                                                                \
    X((mesh)->ghost, (mesh)->nlocal - (mesh)->nowned)                                                        \
    X((mesh)->ghost_owner, (mesh)->nlocal - (mesh)->nowned)                                                  \
    X((mesh)->xyz, 3 * (size_t)(mesh)->nlocal)                                                               \
    X((mesh)->original, (mesh)->nowned)                                                                      \
    X((mesh)->tet, 4 * (size_t)(mesh)->ntets)                                                                \
    X((mesh)->tet_region, (mesh)->ntets)

static int receive_piece(weiss_context *ctx, weiss_mesh *mesh)
{
    piece_header header;
    WEISS_TRY(weiss_receive_bytes(ctx, &header, sizeof header, 0));
    if (header.code != 0)
        return 0; /* rank 0 tells why when the ranks agree */
    int code = allocate_piece(ctx, &header, mesh);
    WEISS_TRY(weiss_send_bytes(ctx, &code, sizeof code, 0));
    WEISS_TRY(code);
#define X(array, count) WEISS_TRY(weiss_receive_bytes(ctx, array, (size_t)(count) * sizeof *(array), 0));
    PIECE_ARRAYS(X, mesh)
#undef X
    return 0;
}

static int send_piece(weiss_context *ctx, const weiss_mesh *piece, int code, int to)
{
    int answer;
    piece_header header = {code,         piece->node_begin, piece->nowned, piece->nlocal, piece->tet_begin,
                           piece->ntets, piece->ntets_owned};
    WEISS_TRY(weiss_send_bytes(ctx, &header, sizeof header, to));
    WEISS_TRY(code);
    WEISS_TRY(weiss_receive_bytes(ctx, &answer, sizeof answer, to));
    if (answer != 0)
        return 0; /* the other rank tells why when the ranks agree */
#define X(array, count) WEISS_TRY(weiss_send_bytes(ctx, array, (size_t)(count) * sizeof *(array), to));
    PIECE_ARRAYS(X, piece)
#undef X
    return 0;
}

/** Cuts and sends all pieces; keeps the first. Rank 0 only. Each rank gets a header even after a failure. */
static int hand_out(weiss_context *ctx, const weiss_mesh_plan *plan, weiss_mesh *mesh)
{
    weiss_lidx *scratch = NULL;
    int code = WEISS_NEW(ctx, scratch, plan->whole->nnodes);
    if (code == 0)
        memset(scratch, 0xff, (size_t)plan->whole->nnodes * sizeof *scratch);
    for (int r = 1; r < weiss_size(ctx); r++) {
        weiss_mesh piece = {0};
        if (code == 0)
            code = weiss_piece_cut(ctx, plan, mesh, r, scratch, &piece);
        int sent = send_piece(ctx, &piece, code, r);
        code = code != 0 ? code : sent;
        weiss_piece_free(&piece);
    }
    if (code == 0)
        code = weiss_piece_cut(ctx, plan, mesh, 0, scratch, mesh);
    free(scratch);
    return code;
}

int weiss_mesh_distribute(weiss_context *ctx, const weiss_tetmesh *whole, weiss_mesh **out)
{
    int code = 0;
    bool first = weiss_rank(ctx) == 0;
    weiss_mesh_plan plan = {.whole = whole};
    weiss_mesh *mesh = NULL;
    *out = NULL;
    WEISS_TRY_OUT(code, weiss_agree(ctx, WEISS_NEW(ctx, mesh, 1)));
    mesh->ctx = ctx;
    WEISS_TRY_OUT(code, weiss_agree(ctx, first ? make_plan(ctx, &plan, mesh) : 0));
    WEISS_TRY_OUT(code, share_facts(ctx, mesh));
    WEISS_TRY_OUT(code, weiss_agree(ctx, first ? hand_out(ctx, &plan, mesh) : receive_piece(ctx, mesh)));
    WEISS_TRY_OUT(code, weiss_surface_make(ctx, first ? &plan : NULL, &mesh->surface));
    WEISS_TRY_OUT(code, weiss_halo_create(mesh, &mesh->halo));
    *out = mesh;
    mesh = NULL;
out:
    plan_free(&plan);
    weiss_mesh_destroy(mesh);
    return code;
}
