#include "mesh/check.h"

#include "mesh/geometry.h"

#include <stdlib.h>

int weiss_tetmesh_check_coordinates(weiss_context *ctx, const weiss_tetmesh *mesh)
{
    if (mesh->nnodes < 1 || mesh->ntets < 1)
        return weiss_fail(ctx, WEISS_ERR_MESH,
                          "mesh: has %lld nodes and %lld tetrahedra: expected at least one tetrahedron",
                          (long long)mesh->nnodes, (long long)mesh->ntets);
    for (weiss_gidx i = 0; i < 3 * mesh->nnodes; i++) {
        double x = mesh->xyz[i];
        if (!(fabs(x) < WEISS_LARGEST_COORDINATE))
            return weiss_fail(ctx, WEISS_ERR_MESH,
                              "mesh: coordinate %c of node %lld is %g m: expected a number below %g m",
                              (char)('x' + i % 3), (long long)(i / 3 + 1), x, WEISS_LARGEST_COORDINATE);
    }
    return 0;
}

static int check_tet(weiss_context *ctx, const weiss_tetmesh *mesh, weiss_gidx e)
{
    const weiss_gidx *v = mesh->tet + 4 * e;
    for (int c = 0; c < 4; c++)
        if (v[c] < 0 || v[c] >= mesh->nnodes)
            return weiss_fail(ctx, WEISS_ERR_MESH, "mesh: element %lld names node %lld: expected 1 to %lld",
                              (long long)(e + 1), (long long)(v[c] + 1), (long long)mesh->nnodes);
    const double *x[4];
    for (int c = 0; c < 4; c++)
        x[c] = mesh->xyz + 3 * v[c];
    double volume = weiss_tet_volume(x[0], x[1], x[2], x[3]);
    if (!(volume > 0))
        return weiss_fail(
            ctx, WEISS_ERR_MESH,
            "mesh: element %lld (nodes %lld, %lld, %lld, %lld, near %g, %g, %g m) has the volume %g m^3: "
            "expected a positive one",
            (long long)(e + 1), (long long)(v[0] + 1), (long long)(v[1] + 1), (long long)(v[2] + 1),
            (long long)(v[3] + 1), x[0][0], x[0][1], x[0][2], volume);
    return 0;
}

int weiss_tetmesh_check(weiss_context *ctx, const weiss_tetmesh *mesh)
{
    int code = 0;
    bool *used = NULL;
    WEISS_TRY(weiss_tetmesh_check_coordinates(ctx, mesh));
    WEISS_TRY(WEISS_NEW(ctx, used, mesh->nnodes));
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        WEISS_TRY_OUT(code, check_tet(ctx, mesh, e));
        for (int c = 0; c < 4; c++)
            used[mesh->tet[4 * e + c]] = true;
    }
    for (weiss_gidx i = 0; i < mesh->nnodes; i++)
        if (!used[i]) {
            code = weiss_fail(ctx, WEISS_ERR_MESH, "mesh: node %lld belongs to no tetrahedron",
                              (long long)(i + 1));
            goto out;
        }
out:
    free(used);
    return code;
}
