#include "mesh/grid.h"

#include <math.h>
#include <stdlib.h>

/** The six tetrahedra of a cube as ways from corner 000 to corner 111 along the edges: the order of the axes. Ways of
 *  even permutation give positive tetrahedra. */
static const int axis_order[6][3] = {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {0, 2, 1}, {2, 1, 0}, {1, 0, 2}};
enum { EVEN_ORDERS = 3, MOST_CELLS = 1 << 28 };

/** Region number of each layer of cells along x. */
static int number_layers(weiss_context *ctx, double length, int64_t layers, const double *cut, size_t ncuts,
                         int32_t *region)
{
    int64_t begin = 0;
    double cell = length / (double)layers;
    for (size_t c = 0; c < ncuts; c++) {
        double place = cut[c] / cell, nearest = round(place);
        if (fabs(place - nearest) > 1e-6 * (double)layers)
            return weiss_fail(
                ctx, WEISS_ERR_VALUE,
                "grid: the cut at x = %g m from the low end runs through cells of %g m: expected a "
                "multiple of it, such as %g m",
                cut[c], cell, nearest * cell);
        if (nearest <= (double)begin || nearest >= (double)layers)
            return weiss_fail(
                ctx, WEISS_ERR_VALUE,
                "grid: the cut at x = %g m from the low end: expected cuts in ascending order, each "
                "between 0 and the length %g m",
                cut[c], length);
        for (; begin < (int64_t)nearest; begin++)
            region[begin] = (int32_t)c + 1;
    }
    for (; begin < layers; begin++)
        region[begin] = (int32_t)ncuts + 1;
    return 0;
}

static void place_nodes(const double size[3], const int64_t cells[3], double *xyz)
{
    int64_t at[3];
    for (at[2] = 0; at[2] <= cells[2]; at[2]++)
        for (at[1] = 0; at[1] <= cells[1]; at[1]++)
            for (at[0] = 0; at[0] <= cells[0]; at[0]++)
                for (int k = 0; k < 3; k++)
                    *xyz++ = size[k] * ((double)(2 * at[k] - cells[k]) / (double)(2 * cells[k]));
}

/** Six tetrahedra of the cell at @p at; mirrored along each axis on which the cell's number is odd. */
static void split_cell(const int64_t cells[3], const int64_t at[3], weiss_gidx *tet)
{
    bool mirrored = (at[0] + at[1] + at[2]) % 2 != 0;
    for (int t = 0; t < 6; t++) {
        int64_t corner[3] = {0, 0, 0}, node[4];
        for (int c = 0; c < 4; c++) {
            int64_t place[3];
            if (c > 0)
                corner[axis_order[t][c - 1]] = 1;
            for (int k = 0; k < 3; k++)
                place[k] = at[k] + (at[k] % 2 != 0 ? 1 - corner[k] : corner[k]);
            node[c] = place[0] + (cells[0] + 1) * (place[1] + (cells[1] + 1) * place[2]);
        }
        bool positive = (t < EVEN_ORDERS) != mirrored;
        tet[4 * t] = node[0];
        tet[4 * t + 1] = node[1];
        tet[4 * t + 2] = node[positive ? 2 : 3];
        tet[4 * t + 3] = node[positive ? 3 : 2];
    }
}

static int check_request(weiss_context *ctx, const double size[3], const int64_t cells[3])
{
    int64_t product = 1;
    for (int k = 0; k < 3; k++) {
        if (cells[k] < 1 || cells[k] > MOST_CELLS / product)
            return weiss_fail(
                ctx, WEISS_ERR_VALUE,
                "grid: %lld x %lld x %lld cells: expected at least 1 each and at most %d in all",
                (long long)cells[0], (long long)cells[1], (long long)cells[2], MOST_CELLS);
        if (!(size[k] > 0) || !isfinite(size[k]))
            return weiss_fail(ctx, WEISS_ERR_VALUE, "grid: size %g m: expected a positive length", size[k]);
        product *= cells[k];
    }
    return 0;
}

int weiss_tetmesh_grid(weiss_context *ctx, const double size[3], const int64_t cells[3], const double *cut,
                       size_t ncuts, weiss_tetmesh **out)
{
    int code = 0;
    int32_t *layer = NULL;
    weiss_tetmesh *mesh = NULL;
    *out = NULL;
    WEISS_TRY(check_request(ctx, size, cells));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, layer, cells[0]));
    WEISS_TRY_OUT(code, number_layers(ctx, size[0], cells[0], cut, ncuts, layer));
    WEISS_TRY_OUT(code, weiss_tetmesh_create(ctx, (cells[0] + 1) * (cells[1] + 1) * (cells[2] + 1),
                                             6 * cells[0] * cells[1] * cells[2], &mesh));
    place_nodes(size, cells, mesh->xyz);
    int64_t at[3], tet = 0;
    for (at[2] = 0; at[2] < cells[2]; at[2]++)
        for (at[1] = 0; at[1] < cells[1]; at[1]++)
            for (at[0] = 0; at[0] < cells[0]; at[0]++) {
                split_cell(cells, at, mesh->tet + 4 * tet);
                for (int t = 0; t < 6; t++)
                    mesh->region[tet++] = layer[at[0]];
            }
    *out = mesh;
out:
    free(layer);
    return code;
}
