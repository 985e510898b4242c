/* Writes DIRECTORY/double.vtu, chunks.vtu (the same in tiny pieces) and single.vtu; check-vtu.py reads them. */
#include "base/file.h"
#include "grid-state.h"
#include "output/vtu.h"

#include <stdlib.h>

static int write_all(weiss_context *ctx, const char *directory)
{
    static const struct {
        const char *name;
        bool single;
        size_t chunk;
    } file[] = {{"double.vtu", false, 0}, {"chunks.vtu", false, 100}, {"single.vtu", true, 0}};
    const int64_t cells[3] = {4, 3, 5};
    grid_state grid;
    int32_t *region;
    char *path = NULL;
    WEISS_TRY(grid_state_create(ctx, cells, "", &grid));
    WEISS_TRY(WEISS_NEW(ctx, region, grid.mesh->ntets_owned));
    for (weiss_lidx e = 0; e < grid.mesh->ntets_owned; e++)
        region[e] = grid.mesh->region_tag[grid.mesh->tet_region[e]];
    const weiss_vtu_array point = {.name = "m", .ncomp = 3, .real = grid.state.m},
                          cell = {.name = "region", .ncomp = 1, .whole = region};
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        const weiss_vtu what = {.mesh = grid.mesh,
                                .time = 5e-12,
                                .unit = 1e-9,
                                .single = file[i].single,
                                .chunk = file[i].chunk,
                                .point_array = &point,
                                .npoint_arrays = 1,
                                .cell_array = &cell,
                                .ncell_arrays = 1};
        WEISS_TRY(weiss_path_join(ctx, directory, file[i].name, &path));
        WEISS_TRY(weiss_vtu_write(&what, path));
        free(path);
    }
    free(region);
    grid_state_destroy(&grid);
    return 0;
}

int main(int argc, char **argv)
{
    weiss_context *ctx;
    MPI_Init(&argc, &argv);
    if (argc != 2 || weiss_context_create(MPI_COMM_WORLD, &ctx) != 0)
        return 1;
    int code = write_all(ctx, argv[1]);
    if (code != 0)
        fprintf(stderr, "%s\n", weiss_error_text(ctx));
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return code != 0;
}
