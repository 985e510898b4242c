/* Lumped volumes, moments and material sites of the owned nodes. */
#include "field/space.h"

#include <stdlib.h>

/* The material of each region that holds elements. */
static int find_materials(weiss_space *s)
{
    const weiss_mesh *mesh = s->mesh;
    WEISS_TRY(WEISS_NEW(s->ctx, s->region_material, mesh->nregions));
    for (int r = 0; r < mesh->nregions; r++) {
        int tag = mesh->region_tag[r];
        const char *name = mesh->region_name[r];
        WEISS_TRY(weiss_problem_region_material(s->problem, tag, name, &s->region_material[r]));
        if (s->region_material[r] < 0)
            return weiss_fail(s->ctx, WEISS_ERR_INTERNAL,
                              "region %d (\"%s\") is not magnetic, but its elements are still in the mesh",
                              tag, name);
    }
    return 0;
}

/* Local tets sorted by region, so that the sites of each node come in the order of their regions. */
static int sort_by_region(const weiss_space *s, weiss_lidx **sorted)
{
    const weiss_mesh *mesh = s->mesh;
    weiss_lidx *begin = NULL;
    int code;
    WEISS_TRY_OUT(code, WEISS_NEW(s->ctx, begin, mesh->nregions + 1));
    WEISS_TRY_OUT(code, WEISS_NEW(s->ctx, *sorted, mesh->ntets));
    for (weiss_lidx e = 0; e < mesh->ntets; e++)
        begin[mesh->tet_region[e] + 1]++;
    for (int r = 0; r < mesh->nregions; r++)
        begin[r + 1] += begin[r];
    for (weiss_lidx e = 0; e < mesh->ntets; e++)
        (*sorted)[begin[mesh->tet_region[e]]++] = e;
out:
    free(begin);
    return code;
}

/* Walks over the corners of the sorted tets that are owned. With @p fill false it counts the sites of each node into
 * site_begin[i + 1]; with true it fills in their regions and volumes. @p last holds, for each node, the site that the
 * walk met last (-1: none yet) when filling, and its region when counting. */
static void walk_sites(weiss_space *s, const weiss_lidx *sorted, int32_t *last, bool fill)
{
    const weiss_mesh *mesh = s->mesh;
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        last[i] = -1;
    for (weiss_lidx k = 0; k < mesh->ntets; k++) {
        weiss_lidx e = sorted[k];
        int32_t region = mesh->tet_region[e];
        double gradient[4][3], share = fill ? 0.25 * weiss_mesh_gradients(mesh, e, gradient) : 0;
        for (int a = 0; a < 4; a++) {
            weiss_lidx i = mesh->tet[4 * e + a];
            if (i >= mesh->nowned)
                continue;
            if (!fill) {
                s->site_begin[i + 1] += last[i] != region;
                last[i] = region;
                continue;
            }
            if (last[i] < 0)
                last[i] = s->site_begin[i];
            else if (s->site_region[last[i]] != region)
                last[i]++;
            s->site_region[last[i]] = region;
            s->site_volume[last[i]] += share;
        }
    }
}

static int make_sites(weiss_space *s)
{
    const weiss_lidx n = s->mesh->nowned;
    weiss_lidx *sorted = NULL;
    int32_t *last = NULL;
    int code;
    WEISS_TRY_OUT(code, sort_by_region(s, &sorted));
    WEISS_TRY_OUT(code, WEISS_NEW(s->ctx, last, n));
    WEISS_TRY_OUT(code, WEISS_NEW(s->ctx, s->site_begin, n + 1));
    walk_sites(s, sorted, last, false);
    for (weiss_lidx i = 0; i < n; i++)
        s->site_begin[i + 1] += s->site_begin[i];
    WEISS_TRY_OUT(code, WEISS_NEW(s->ctx, s->site_region, s->site_begin[n]));
    WEISS_TRY_OUT(code, WEISS_NEW(s->ctx, s->site_volume, s->site_begin[n]));
    walk_sites(s, sorted, last, true);
out:
    free(sorted);
    free(last);
    return code;
}

static int sum_nodes(weiss_space *s)
{
    const weiss_lidx n = s->mesh->nowned;
    WEISS_TRY(WEISS_NEW(s->ctx, s->volume, n));
    WEISS_TRY(WEISS_NEW(s->ctx, s->moment, n));
    WEISS_TRY(WEISS_NEW(s->ctx, s->alpha, n));
    WEISS_TRY(WEISS_NEW(s->ctx, s->gamma, n));
    for (weiss_lidx i = 0; i < n; i++) {
        for (weiss_lidx k = s->site_begin[i]; k < s->site_begin[i + 1]; k++) {
            const weiss_material *material = weiss_space_material(s, s->site_region[k]);
            double moment = material->Ms * s->site_volume[k];
            s->volume[i] += s->site_volume[k];
            s->moment[i] += moment;
            s->alpha[i] += moment * material->alpha;
            s->gamma[i] += moment * material->gamma;
        }
        if (!(s->moment[i] > 0))
            return weiss_fail(
                s->ctx, WEISS_ERR_MESH,
                "node %lld has a magnetic moment of %g A m^2: it belongs to no element with a volume",
                (long long)weiss_mesh_global(s->mesh, i), s->moment[i]);
        s->alpha[i] /= s->moment[i];
        s->gamma[i] /= s->moment[i];
    }
    return 0;
}

static int fill_space(weiss_space *s)
{
    WEISS_TRY(find_materials(s));
    WEISS_TRY(make_sites(s));
    return sum_nodes(s);
}

int weiss_space_create(const weiss_problem *problem, const weiss_mesh *mesh, weiss_space **out)
{
    weiss_context *ctx = problem->ctx;
    weiss_space *s = NULL;
    int code = weiss_alloc(ctx, &s, 1, sizeof *s);
    if (code == 0) {
        *s = (weiss_space){.ctx = ctx, .mesh = mesh, .problem = problem};
        code = fill_space(s);
    }
    *out = NULL;
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    double sum[2] = {0, 0};
    for (weiss_lidx i = 0; i < mesh->nowned; i++) {
        sum[0] += s->volume[i];
        sum[1] += s->moment[i];
    }
    if (MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, weiss_comm(ctx)) != MPI_SUCCESS) {
        code = weiss_fail(ctx, WEISS_ERR_MPI, "the volumes of the ranks could not be summed");
        goto out;
    }
    s->total_volume = sum[0];
    s->total_moment = sum[1];
    *out = s;
    return 0;
out:
    weiss_space_destroy(s);
    return code;
}

void weiss_space_destroy(weiss_space *space)
{
    if (!space)
        return;
    free(space->region_material);
    free(space->volume);
    free(space->moment);
    free(space->alpha);
    free(space->gamma);
    free(space->site_begin);
    free(space->site_region);
    free(space->site_volume);
    free(space);
}

int weiss_space_mean(const weiss_space *space, const double *m, double mean[3])
{
    double sum[3] = {0, 0, 0};
    for (weiss_lidx i = 0; i < space->mesh->nowned; i++)
        for (int k = 0; k < 3; k++)
            sum[k] += space->moment[i] * m[3 * i + k];
    if (MPI_Allreduce(sum, mean, 3, MPI_DOUBLE, MPI_SUM, weiss_comm(space->ctx)) != MPI_SUCCESS)
        return weiss_fail(space->ctx, WEISS_ERR_MPI, "the moments of the ranks could not be summed");
    for (int k = 0; k < 3; k++)
        mean[k] /= space->total_moment;
    return 0;
}
