/* The judgement on a mesh: what is put right, refused, warned of and noted. */
#include "mesh/check.h"
#include "mesh/quality.h"
#include "mesh/repair.h"

#include <string.h>

static const double degrees = 180 / 3.14159265358979323846;

static void tell_repairs(weiss_context *ctx, weiss_gidx nturned, weiss_gidx nunused)
{
    if (nturned > 0)
        weiss_info(ctx, "mesh: %lld tetrahedra were turned inside out; their corners are reordered",
                   (long long)nturned);
    if (nunused > 0)
        weiss_info(ctx, "mesh: %lld nodes belong to no tetrahedron; they are left out", (long long)nunused);
}

static void tell_quality(weiss_context *ctx, const weiss_tetmesh *mesh, const weiss_mesh_quality *q)
{
    const double *x = mesh->xyz + 3 * mesh->tet[4 * q->worst];
    if (q->nflat > 0)
        weiss_warn(
            ctx,
            "mesh: %lld of %lld tetrahedra are very flat (radius ratio below %g; the worst %.2g near "
            "%g, %g, %g m; smallest angle between faces %.2g degrees): fields near them are inaccurate",
            (long long)q->nflat, (long long)q->ntets, WEISS_FLAT_RATIO, q->ratio_min, x[0], x[1], x[2],
            q->angle_min * degrees);
    if (q->npinched_edges + q->npinched_nodes > 0)
        weiss_warn(
            ctx,
            "mesh: the surface touches itself at %lld edges and %lld single nodes: parts that meet there "
            "without a common face exchange torque through these nodes only; join or separate them",
            (long long)q->npinched_edges, (long long)q->npinched_nodes);
    if (q->nbodies > 1)
        weiss_info(ctx, "mesh: %d separate bodies (they share no node and interact by their fields only)",
                   q->nbodies);
}

int weiss_mesh_inspect(weiss_context *ctx, weiss_tetmesh *mesh, const bool *keep, weiss_mesh_quality *quality)
{
    weiss_gidx nturned, nunused, nleft;
    memset(quality, 0, sizeof *quality);
    WEISS_TRY(weiss_tetmesh_check_coordinates(ctx, mesh));
    WEISS_TRY(weiss_tetmesh_orient(ctx, mesh, keep, &nturned));
    WEISS_TRY(weiss_tetmesh_drop_unused(ctx, mesh, &nunused));
    if (keep != NULL) {
        weiss_tetmesh_keep(mesh, keep);
        WEISS_TRY(weiss_tetmesh_drop_unused(ctx, mesh, &nleft));
    }
    tell_repairs(ctx, nturned, nunused);
    WEISS_TRY(weiss_tetmesh_check(ctx, mesh));
    WEISS_TRY(weiss_mesh_measure(ctx, mesh, quality));
    quality->nturned = nturned;
    quality->nunused = nunused;
    int code = weiss_tetmesh_refuse_duplicates(ctx, mesh, quality->edge_min);
    if (code != 0) {
        weiss_mesh_quality_free(quality);
        return code;
    }
    tell_quality(ctx, mesh, quality);
    return 0;
}
