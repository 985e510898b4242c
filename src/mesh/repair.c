#include "mesh/repair.h"

#include "mesh/geometry.h"

#include <stdlib.h>
#include <string.h>

/* Volumes below this fraction of the longest edge's cube are rounding noise. */
static const double no_volume = 1e-10;
/* Volumes of smaller elements would underflow, m. */
static const double smallest_element = 1e-50;

static int check_corners(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_gidx e)
{
    for (int c = 0; c < 4; c++)
        if (mesh->tet[4 * e + c] < 0 || mesh->tet[4 * e + c] >= mesh->nnodes)
            return weiss_fail(ctx, WEISS_ERR_MESH, "mesh: element %lld names node %lld: expected 1 to %lld",
                              (long long)(e + 1), (long long)(mesh->tet[4 * e + c] + 1),
                              (long long)mesh->nnodes);
    return 0;
}

static int refuse_degenerate(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_gidx e)
{
    const weiss_gidx *v = mesh->tet + 4 * e;
    const double *x[4];
    for (int c = 0; c < 4; c++)
        x[c] = mesh->xyz + 3 * v[c];
    return weiss_fail(
        ctx, WEISS_ERR_MESH,
        "mesh: tetrahedron %lld has no volume: its corners, nodes %lld (%g, %g, %g), %lld (%g, %g, %g), "
        "%lld (%g, %g, %g) and %lld (%g, %g, %g m), lie in one plane; mesh the geometry again",
        (long long)(e + 1), (long long)(v[0] + 1), x[0][0], x[0][1], x[0][2], (long long)(v[1] + 1), x[1][0],
        x[1][1], x[1][2], (long long)(v[2] + 1), x[2][0], x[2][1], x[2][2], (long long)(v[3] + 1), x[3][0],
        x[3][1], x[3][2]);
}

int weiss_tetmesh_orient(weiss_context *ctx, weiss_tetmesh *mesh, const bool *keep, weiss_gidx *nturned)
{
    *nturned = 0;
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        WEISS_TRY(check_corners(ctx, mesh, e));
        if (keep != NULL && !keep[e])
            continue;
        weiss_gidx *v = mesh->tet + 4 * e;
        double longest = 0;
        for (int k = 0; k < 6; k++)
            longest = fmax(longest, weiss_distance(mesh->xyz + 3 * v[weiss_tet_edge[k][0]],
                                                   mesh->xyz + 3 * v[weiss_tet_edge[k][1]]));
        double volume = weiss_tet_volume(mesh->xyz + 3 * v[0], mesh->xyz + 3 * v[1], mesh->xyz + 3 * v[2],
                                         mesh->xyz + 3 * v[3]);
        if (longest < smallest_element)
            return weiss_fail(
                ctx, WEISS_ERR_MESH,
                "mesh: the longest edge of tetrahedron %lld is %g m: expected more than %g m; is "
                "the unit of the coordinates right?",
                (long long)(e + 1), longest, smallest_element);
        if (!(fabs(volume) > no_volume * longest * longest * longest))
            return refuse_degenerate(ctx, mesh, e);
        if (volume < 0) {
            weiss_gidx swapped = v[2];
            v[2] = v[3];
            v[3] = swapped;
            (*nturned)++;
        }
    }
    return 0;
}

void weiss_tetmesh_keep(weiss_tetmesh *mesh, const bool *keep)
{
    weiss_gidx kept = 0;
    for (weiss_gidx e = 0; e < mesh->ntets; e++)
        if (keep[e]) {
            memmove(mesh->tet + 4 * kept, mesh->tet + 4 * e, 4 * sizeof *mesh->tet);
            mesh->region[kept++] = mesh->region[e];
        }
    mesh->ntets = kept;
}

int weiss_tetmesh_drop_unused(weiss_context *ctx, weiss_tetmesh *mesh, weiss_gidx *ndropped)
{
    weiss_gidx *place = NULL, kept = 0;
    *ndropped = 0;
    WEISS_TRY(WEISS_NEW(ctx, place, mesh->nnodes));
    for (weiss_gidx i = 0; i < 4 * mesh->ntets; i++)
        place[mesh->tet[i]] = 1;
    for (weiss_gidx i = 0; i < mesh->nnodes; i++)
        if (place[i] != 0) {
            memmove(mesh->xyz + 3 * kept, mesh->xyz + 3 * i, 3 * sizeof *mesh->xyz);
            place[i] = kept++;
        }
    for (weiss_gidx i = 0; i < 4 * mesh->ntets; i++)
        mesh->tet[i] = place[mesh->tet[i]];
    *ndropped = mesh->nnodes - kept;
    mesh->nnodes = kept;
    free(place);
    return 0;
}
