/* A mesh that grows while its file is read. */
#include "mesh/gmsh_file.h"

#include <stdlib.h>
#include <string.h>

int weiss_gmsh_builder_start(weiss_context *ctx, weiss_gmsh_builder *b)
{
    memset(b, 0, sizeof *b);
    return WEISS_NEW(ctx, b->mesh, 1);
}

void weiss_gmsh_builder_free(weiss_gmsh_builder *b)
{
    weiss_tetmesh_destroy(b->mesh);
    free(b->tag);
    free(b->by_tag);
    memset(b, 0, sizeof *b);
}

int32_t weiss_gmsh_region(int32_t tag)
{
    return tag < 0 ? (tag == INT32_MIN ? 0 : -tag) : tag;
}

int weiss_gmsh_add_node(weiss_context *ctx, weiss_gmsh_builder *b, int64_t tag, const double xyz[3])
{
    size_t n = (size_t)b->mesh->nnodes;
    WEISS_TRY(weiss_grow(ctx, &b->tag, &b->tag_capacity, n + 1, sizeof *b->tag));
    WEISS_TRY(weiss_grow(ctx, &b->mesh->xyz, &b->xyz_capacity, 3 * (n + 1), sizeof *b->mesh->xyz));
    b->tag[n] = tag;
    memcpy(b->mesh->xyz + 3 * n, xyz, 3 * sizeof *xyz);
    b->mesh->nnodes++;
    return 0;
}

static int by_tag(const void *a, const void *b, void *tags)
{
    const int64_t *tag = tags;
    int64_t x = tag[*(const weiss_gidx *)a], y = tag[*(const weiss_gidx *)b];
    return (x > y) - (x < y);
}

int weiss_gmsh_sort_nodes(const weiss_cursor *place, weiss_gmsh_builder *b)
{
    weiss_gidx n = b->mesh->nnodes;
    bool ascending = true;
    for (weiss_gidx i = 1; i < n; i++)
        ascending = ascending && b->tag[i] > b->tag[i - 1];
    b->sorted = true;
    if (ascending)
        return 0;
    WEISS_TRY(WEISS_NEW(place->ctx, b->by_tag, n));
    for (weiss_gidx i = 0; i < n; i++)
        b->by_tag[i] = i;
    qsort_r(b->by_tag, (size_t)n, sizeof *b->by_tag, by_tag, b->tag);
    for (weiss_gidx i = 1; i < n; i++)
        if (b->tag[b->by_tag[i]] == b->tag[b->by_tag[i - 1]])
            return weiss_cursor_fail(place, WEISS_ERR_MESH,
                                     "node %lld is given twice: expected each tag once",
                                     (long long)b->tag[b->by_tag[i]]);
    return 0;
}

static weiss_gidx in_order(const weiss_gmsh_builder *b, weiss_gidx i)
{
    return b->by_tag != NULL ? b->by_tag[i] : i;
}

/** Number of the node with this tag, -1 when there is none. */
static weiss_gidx find_node(const weiss_gmsh_builder *b, int64_t tag)
{
    weiss_gidx low = 0, high = b->mesh->nnodes - 1;
    if (high >= 0 && tag >= b->tag[in_order(b, 0)]) { /* tags mostly have no gaps: guess first */
        uint64_t guess = (uint64_t)tag - (uint64_t)b->tag[in_order(b, 0)];
        if (guess <= (uint64_t)high && b->tag[in_order(b, (weiss_gidx)guess)] == tag)
            return in_order(b, (weiss_gidx)guess);
    }
    while (low <= high) {
        weiss_gidx middle = low + (high - low) / 2, node = in_order(b, middle);
        if (b->tag[node] == tag)
            return node;
        if (b->tag[node] < tag)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

int weiss_gmsh_add_tet(const weiss_cursor *place, weiss_gmsh_builder *b, const int64_t tag[4], int32_t region)
{
    size_t n = (size_t)b->mesh->ntets;
    WEISS_TRY(weiss_grow(place->ctx, &b->mesh->tet, &b->tet_capacity, 4 * (n + 1), sizeof *b->mesh->tet));
    WEISS_TRY(weiss_grow(place->ctx, &b->mesh->region, &b->region_capacity, n + 1, sizeof *b->mesh->region));
    for (int c = 0; c < 4; c++) {
        weiss_gidx node = find_node(b, tag[c]);
        if (node < 0)
            return weiss_cursor_fail(place, WEISS_ERR_MESH,
                                     "tetrahedron %zu names node %lld: expected a node of the $Nodes section",
                                     n + 1, (long long)tag[c]);
        b->mesh->tet[4 * n + (size_t)c] = node;
    }
    b->mesh->region[n] = region;
    b->mesh->ntets++;
    return 0;
}

int weiss_gmsh_builder_finish(const weiss_cursor *place, weiss_gmsh_builder *b, weiss_tetmesh **out)
{
    if (b->mesh->ntets == 0)
        return weiss_cursor_fail(
            place, WEISS_ERR_MESH,
            "the file has no tetrahedra (%lld points, lines and triangles): expected a mesh of "
            "volumes; mesh in three dimensions (gmsh -3) and save all or physical volumes",
            (long long)b->nother);
    *out = b->mesh;
    b->mesh = NULL;
    return 0;
}
