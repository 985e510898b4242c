/* checkpoint-tool write FILE: writes a checkpoint of a known state; `loop FILE` does so until it is killed.
 * checkpoint-tool read FILE...: reads checkpoints and compares them with that state. */
#include "grid-state.h"
#include "output/checkpoint.h"

#include <string.h>

static int write_one(grid_state *grid, const char *path)
{
    const weiss_checkpoint what = {
        .stage = 2, .steps = 40, .resume = {1.5}, .nresume = 1, .progress.rows = 7};
    grid->state.time = 3e-12;
    grid->state.stage_time = 1e-12;
    return weiss_checkpoint_write(&grid->state, &grid->problem, &what, path);
}

static int read_one(grid_state *grid, const char *path)
{
    weiss_checkpoint what;
    weiss_state *state = &grid->state;
    memset(state->m, 0, 3 * (size_t)grid->mesh->nlocal * sizeof *state->m);
    WEISS_TRY(weiss_checkpoint_read(state, &grid->problem, false, path, &what));
    bool same = what.stage == 2 && what.steps == 40 && what.nresume == 1 && what.resume[0] == 1.5 &&
                what.progress.rows == 7 && state->time == 3e-12 && state->stage_time == 1e-12;
    for (weiss_lidx i = 0; i < grid->mesh->nlocal; i++) {
        double m[3];
        grid_state_m(grid->mesh->xyz + 3 * i, m);
        same = same && memcmp(m, state->m + 3 * i, sizeof m) == 0;
    }
    return weiss_agree(grid->ctx,
                       same ? 0 : weiss_fail(grid->ctx, WEISS_ERR_VALUE, "%s: holds another state", path));
}

static int run(weiss_context *ctx, int argc, char **argv)
{
    const int64_t cells[3] = {12, 11, 13};
    grid_state grid;
    int code = 0;
    if (argc < 3)
        return weiss_fail(ctx, WEISS_ERR_USAGE, "usage: %s write|loop|read FILE...", argv[0]);
    WEISS_TRY(grid_state_create(ctx, cells, "title: tool", &grid));
    do
        for (int i = 2; i < argc && code == 0; i++)
            code = strcmp(argv[1], "read") == 0 ? read_one(&grid, argv[i]) : write_one(&grid, argv[i]);
    while (code == 0 && strcmp(argv[1], "loop") == 0);
    grid_state_destroy(&grid);
    return code;
}

int main(int argc, char **argv)
{
    weiss_context *ctx;
    MPI_Init(&argc, &argv);
    if (weiss_context_create(MPI_COMM_WORLD, &ctx) != 0)
        return 1;
    int code = run(ctx, argc, argv);
    if (code != 0)
        fprintf(stderr, "%s\n", weiss_error_text(ctx));
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return code != 0;
}
