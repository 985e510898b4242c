#include "grid-state.h"

#include "mesh/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void grid_state_m(const double xyz[3], double m[3])
{
    double polar = 0.3 + 1e8 * xyz[2], azimuth = 1e8 * (2 * xyz[0] - xyz[1]);
    m[0] = sin(polar) * cos(azimuth);
    m[1] = sin(polar) * sin(azimuth);
    m[2] = cos(polar);
}

int grid_state_create(weiss_context *ctx, const int64_t cells[3], const char *problem_text, grid_state *out)
{
    weiss_tetmesh *whole = NULL;
    const double edge = 5e-9,
                 size[3] = {edge * (double)cells[0], edge * (double)cells[1], edge * (double)cells[2]};
    int code = 0;
    memset(out, 0, sizeof *out);
    out->ctx = out->state.ctx = out->problem.ctx = ctx;
    if (weiss_rank(ctx) == 0)
        code = weiss_tetmesh_grid(ctx, size, cells, &edge, 1, &whole);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    WEISS_TRY_OUT(code, weiss_mesh_distribute(ctx, whole, &out->mesh));
    out->state.mesh = out->mesh;
    out->problem.text = strdup(problem_text);
    out->problem.length = strlen(problem_text);
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->state.m, 3 * out->mesh->nlocal));
    for (weiss_lidx i = 0; i < out->mesh->nlocal; i++)
        grid_state_m(out->mesh->xyz + 3 * i, out->state.m + 3 * i);
out:
    weiss_tetmesh_destroy(whole);
    if (code != 0)
        grid_state_destroy(out);
    return code;
}

void grid_state_destroy(grid_state *grid)
{
    free(grid->state.m);
    free(grid->problem.text);
    weiss_mesh_destroy(grid->mesh);
    memset(grid, 0, sizeof *grid);
}
