#include "mesh/faces.h"

#include "mesh/geometry.h"

#include <stdlib.h>
#include <string.h>

/** A face, filed under its lowest node. */
typedef struct entry {
    weiss_gidx middle, highest; /* its other nodes */
    weiss_gidx face; /* 4 * tetrahedron + face of it */
} entry;

void weiss_faces_free(weiss_faces *faces)
{
    free(faces->node);
    free(faces->tet);
    memset(faces, 0, sizeof *faces);
}

/** The three nodes of a face, counter-clockwise seen from outside, turned so that the lowest comes first. */
static void face_nodes(const weiss_tetmesh *mesh, weiss_gidx face, weiss_gidx node[3])
{
    const weiss_gidx *corner = mesh->tet + 4 * (face / 4);
    const int *c = weiss_tet_face[face % 4];
    int lowest = 0;
    for (int k = 1; k < 3; k++)
        if (corner[c[k]] < corner[c[lowest]])
            lowest = k;
    for (int k = 0; k < 3; k++)
        node[k] = corner[c[(lowest + k) % 3]];
}

static int by_nodes(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->middle != y->middle)
        return x->middle < y->middle ? -1 : 1;
    if (x->highest != y->highest)
        return x->highest < y->highest ? -1 : 1;
    return (x->face > y->face) - (x->face < y->face);
}

/** Files all faces under their lowest node: those of node i are entries[start[i]] .. entries[start[i + 1] - 1]. */
static int file_faces(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_gidx **start, entry **entries)
{
    weiss_gidx node[3];
    WEISS_TRY(WEISS_NEW(ctx, *start, mesh->nnodes + 2));
    WEISS_TRY(WEISS_NEW(ctx, *entries, 4 * mesh->ntets));
    weiss_gidx *next = *start + 1; /* counts, then places, shifted by one so that they end as the starts */
    for (weiss_gidx f = 0; f < 4 * mesh->ntets; f++) {
        face_nodes(mesh, f, node);
        next[node[0] + 1]++;
    }
    for (weiss_gidx i = 0; i < mesh->nnodes; i++)
        next[i + 1] += next[i];
    for (weiss_gidx f = 0; f < 4 * mesh->ntets; f++) {
        face_nodes(mesh, f, node);
        bool turned = node[1] > node[2];
        (*entries)[next[node[0]]++] =
            (entry){.middle = node[turned ? 2 : 1], .highest = node[turned ? 1 : 2], .face = f};
    }
    return 0;
}

static int refuse(weiss_context *ctx, const weiss_tetmesh *mesh, const entry *same, size_t count)
{
    weiss_gidx node[3];
    face_nodes(mesh, same[0].face, node);
    const double *x = mesh->xyz + 3 * node[0];
    long long first = (long long)(same[0].face / 4 + 1), second = (long long)(same[1].face / 4 + 1);
    if (count > 2)
        return weiss_fail(
            ctx, WEISS_ERR_MESH,
            "mesh: %zu tetrahedra share one face (elements %lld, %lld and %lld, near %g, %g, %g m): "
            "expected at most two; remove the overlapping or doubled elements",
            count, first, second, (long long)(same[2].face / 4 + 1), x[0], x[1], x[2]);
    return weiss_fail(
        ctx, WEISS_ERR_MESH,
        "mesh: elements %lld and %lld overlap: both lie on the same side of the face that they share "
        "(near %g, %g, %g m); remove one or mesh the geometry again",
        first, second, x[0], x[1], x[2]);
}

/** Looks through the faces of one lowest node (sorted), and keeps those that stand alone. */
static int keep_single(weiss_context *ctx, const weiss_tetmesh *mesh, const entry *list, size_t n,
                       size_t *capacity, weiss_faces *out)
{
    for (size_t i = 0, count; i < n; i += count) {
        for (count = 1; i + count < n && list[i + count].middle == list[i].middle &&
                        list[i + count].highest == list[i].highest;)
            count++;
        weiss_gidx node[3], other[3];
        face_nodes(mesh, list[i].face, node);
        if (count == 1) {
            size_t wanted = (size_t)out->n + 1;
            if (wanted > *capacity) {
                size_t same = *capacity, triple = 3 * *capacity;
                WEISS_TRY(weiss_grow(ctx, &out->tet, &same, wanted, sizeof *out->tet));
                WEISS_TRY(weiss_grow(ctx, &out->node, &triple, 3 * same, sizeof *out->node));
                *capacity = same;
            }
            memcpy(out->node + 3 * out->n, node, sizeof node);
            out->tet[out->n++] = list[i].face / 4;
            continue;
        }
        face_nodes(mesh, list[i + 1].face, other);
        if (count > 2 || node[1] == other[1])
            return refuse(ctx, mesh, list + i, count);
    }
    return 0;
}

int weiss_faces_find(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_faces *out)
{
    int code = 0;
    weiss_gidx *start = NULL;
    entry *entries = NULL;
    size_t capacity = 0;
    memset(out, 0, sizeof *out);
    WEISS_TRY_OUT(code, file_faces(ctx, mesh, &start, &entries));
    for (weiss_gidx i = 0; i < mesh->nnodes; i++) {
        size_t n = (size_t)(start[i + 1] - start[i]);
        qsort(entries + start[i], n, sizeof *entries, by_nodes);
        WEISS_TRY_OUT(code, keep_single(ctx, mesh, entries + start[i], n, &capacity, out));
    }
out:
    free(start);
    free(entries);
    if (code != 0)
        weiss_faces_free(out);
    return code;
}
