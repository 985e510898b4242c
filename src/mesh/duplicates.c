/* Nodes at the same place. They are sorted into cubes; a node looks into its own cube, and into those beside it only when
 * it lies within the tolerance of a wall. */
#include "mesh/geometry.h"
#include "mesh/repair.h"

#include <stdlib.h>

typedef struct cubes {
    const double *xyz;
    double edge, tolerance;
    size_t nslots;
    weiss_gidx *first; /* first node of each slot of the hash table plus 1; owned */
    weiss_gidx *next; /* next node of the same slot plus 1; owned */
} cubes;

static size_t slot_of(const cubes *c, const int64_t cube[3])
{
    uint64_t hash = 0;
    for (int k = 0; k < 3; k++)
        hash = (hash ^ (uint64_t)cube[k]) * 0x9e3779b97f4a7c15u;
    return (size_t)((hash ^ hash >> 32) % c->nslots);
}

/** An earlier node within the tolerance of node @p i among those in the slot of a cube; -1 when none. */
static weiss_gidx find_in_slot(const cubes *c, weiss_gidx i, const int64_t cube[3])
{
    for (weiss_gidx j = c->first[slot_of(c, cube)]; j > 0; j = c->next[j - 1])
        if (j - 1 < i && weiss_distance(c->xyz + 3 * i, c->xyz + 3 * (j - 1)) <= c->tolerance)
            return j - 1;
    return -1;
}

static weiss_gidx find_twin(const cubes *c, weiss_gidx i)
{
    int64_t low[3], high[3], cube[3];
    for (int k = 0; k < 3; k++) {
        low[k] = (int64_t)floor((c->xyz[3 * i + k] - c->tolerance) / c->edge);
        high[k] = (int64_t)floor((c->xyz[3 * i + k] + c->tolerance) / c->edge);
    }
    for (cube[0] = low[0]; cube[0] <= high[0]; cube[0]++)
        for (cube[1] = low[1]; cube[1] <= high[1]; cube[1]++)
            for (cube[2] = low[2]; cube[2] <= high[2]; cube[2]++) {
                weiss_gidx twin = find_in_slot(c, i, cube);
                if (twin >= 0)
                    return twin;
            }
    return -1;
}

static void file_node(cubes *c, weiss_gidx i)
{
    int64_t cube[3];
    for (int k = 0; k < 3; k++)
        cube[k] = (int64_t)floor(c->xyz[3 * i + k] / c->edge);
    size_t slot = slot_of(c, cube);
    c->next[i] = c->first[slot];
    c->first[slot] = i + 1;
}

/** Edge of a cube: half the shortest edge of the mesh, but large enough that the numbers of cubes fit 2^53. */
static double cube_edge(const weiss_tetmesh *mesh, double edge_min)
{
    double farthest = 0;
    for (weiss_gidx i = 0; i < 3 * mesh->nnodes; i++)
        farthest = fmax(farthest, fabs(mesh->xyz[i]));
    return fmax(edge_min / 2, farthest / 9007199254740992.0);
}

int weiss_tetmesh_refuse_duplicates(weiss_context *ctx, const weiss_tetmesh *mesh, double edge_min)
{
    int code = 0;
    weiss_gidx npairs = 0, pair[2] = {0, 0};
    cubes c = {.xyz = mesh->xyz,
               .edge = cube_edge(mesh, edge_min),
               .tolerance = 1e-3 * edge_min,
               .nslots = (size_t)mesh->nnodes + 1};
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, c.first, c.nslots));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, c.next, mesh->nnodes));
    for (weiss_gidx i = 0; i < mesh->nnodes; i++) {
        weiss_gidx twin = find_twin(&c, i);
        if (twin >= 0 && npairs++ == 0) {
            pair[0] = twin;
            pair[1] = i;
        }
        file_node(&c, i);
    }
    if (npairs > 0) {
        const double *x = mesh->xyz + 3 * pair[0];
        code = weiss_fail(
            ctx, WEISS_ERR_MESH,
            "mesh: %lld nodes lie where another already is, the first of them nodes %lld and %lld at "
            "(%g, %g, %g m): parts of the mesh touch but are not joined; merge equal nodes (in Gmsh: "
            "`Coherence Mesh`, or fragment the geometry before meshing) or leave a gap",
            (long long)npairs, (long long)(pair[0] + 1), (long long)(pair[1] + 1), x[0], x[1], x[2]);
    }
out:
    free(c.first);
    free(c.next);
    return code;
}
