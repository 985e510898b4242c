/* Checkpoints: what is written is read back, and damaged, foreign or unfitting files are refused with a clear word. */
#include "base/file.h"
#include "grid-state.h"
#include "output/checkpoint.h"
#include "output/shared-file.h"

#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static weiss_context *ctx;
static grid_state grid;
static char directory[64], *path, *other;

static const weiss_checkpoint sample = {.stage = 1,
                                        .steps = 266,
                                        .resume = {5e-12, 0.25, -3},
                                        .nresume = 3,
                                        .seconds = 12.5,
                                        .progress = {.rows = 31,
                                                     .snapshots = 4,
                                                     .row_time = 1.5e-10,
                                                     .row_steps = 260,
                                                     .row_stage = 1,
                                                     .snapshot_time = 1.4e-10,
                                                     .snapshot_steps = 250}};

static int write_sample(const char *to)
{
    for (weiss_lidx i = 0; i < grid.mesh->nlocal; i++)
        grid_state_m(grid.mesh->xyz + 3 * i, grid.state.m + 3 * i);
    grid.state.time = 2.5e-10;
    grid.state.stage_time = 1e-10;
    return weiss_checkpoint_write(&grid.state, &grid.problem, &sample, to);
}

/* Reads into a spoilt state; returns the code and keeps the text of the error. */
static int read_back(const char *from, weiss_checkpoint *what)
{
    memset(grid.state.m, 0, 3 * (size_t)grid.mesh->nlocal * sizeof *grid.state.m);
    grid.state.time = grid.state.stage_time = -1.0;
    weiss_clear_error(ctx);
    return weiss_checkpoint_read(&grid.state, &grid.problem, false, from, what);
}

static void assert_refused(const char *from, int code, const char *words)
{
    weiss_checkpoint what = {.stage = 77};
    assert_int_equal(read_back(from, &what), code);
    if (strstr(weiss_error_text(ctx), words) == NULL || strstr(weiss_error_text(ctx), from) == NULL)
        fail_msg("expected \"%s\", found: %s", words, weiss_error_text(ctx));
    assert_int_equal(what.stage, 77); /* nothing was touched */
    assert_true(grid.state.time == -1.0 && grid.state.m[0] == 0.0);
    weiss_clear_error(ctx);
}

static void assert_whole(const char *from)
{
    weiss_checkpoint what;
    if (read_back(from, &what) != 0)
        fail_msg("%s", weiss_error_text(ctx));
    for (weiss_lidx i = 0; i < grid.mesh->nlocal; i++) {
        double m[3];
        grid_state_m(grid.mesh->xyz + 3 * i, m);
        assert_memory_equal(grid.state.m + 3 * i, m, sizeof m);
    }
    assert_true(grid.state.time == 2.5e-10 && grid.state.stage_time == 1e-10);
    assert_int_equal(what.stage, sample.stage);
    assert_int_equal(what.steps, sample.steps);
    assert_int_equal(what.nresume, sample.nresume);
    assert_memory_equal(what.resume, sample.resume, sizeof sample.resume);
    assert_true(what.seconds == sample.seconds);
    assert_memory_equal(&what.progress, &sample.progress, sizeof sample.progress);
}

/* Rank 0 puts @p length bytes into the file `other`. */
static void put_other(const void *data, size_t length)
{
    if (weiss_rank(ctx) == 0) {
        FILE *file = fopen(other, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(data, 1, length, file), length);
        assert_int_equal(fclose(file), 0);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

static size_t files_in_directory(void)
{
    char pattern[96];
    glob_t found;
    MPI_Barrier(MPI_COMM_WORLD);
    snprintf(pattern, sizeof pattern, "%s/*", directory);
    size_t count = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    MPI_Barrier(MPI_COMM_WORLD);
    return count;
}

static void what_is_written_is_read(void **unused)
{
    (void)unused;
    assert_int_equal(write_sample(path), 0);
    assert_whole(path);
    assert_int_equal(write_sample(path), 0); /* over the old one */
    assert_whole(path);
}

static void damaged_files_are_refused(void **unused)
{
    (void)unused;
    char *data;
    size_t length;
    assert_int_equal(write_sample(path), 0);
    assert_int_equal(weiss_file_read(ctx, path, 1 << 24, &data, &length), 0);
    for (size_t i = 0; i < 120; i++) { /* the envelope, the HDF5 head, and places all over the file */
        size_t at = i < 20 ? i : i < 60 ? 500 + i : i * (length - 1) / 119;
        data[at] ^= (char)(1 << i % 8);
        put_other(data, length);
        assert_refused(other, WEISS_ERR_SYNTAX, at < 18 ? "is" : "damaged");
        data[at] ^= (char)(1 << i % 8);
    }
    for (size_t part = 0; part < 8; part++) {
        put_other(data, length * part / 8);
        assert_refused(other, WEISS_ERR_SYNTAX, length * part / 8 < 512 ? "is not a checkpoint" : "has");
    }
    data = realloc(data, length + 1);
    assert_non_null(data);
    data[length] = 'x';
    put_other(data, length + 1);
    assert_refused(other, WEISS_ERR_SYNTAX, "is damaged: has");
    put_other(data, length);
    assert_whole(other);
    free(data);
}

static void foreign_files_are_refused(void **unused)
{
    (void)unused;
    char text[2048];
    memset(text, 'a', sizeof text);
    put_other(text, sizeof text);
    assert_refused(other, WEISS_ERR_SYNTAX, "is not a checkpoint of weiss");
    assert_refused("/nonexistent/file.h5", WEISS_ERR_FILE, "No such file");
    assert_refused(directory, WEISS_ERR_SYNTAX, "is not a file");
    memset(text, 0, sizeof text);
    strcpy(text, "weiss checkpoint 99 bytes 2048 checksum 0000000000000000\n");
    put_other(text, sizeof text);
    assert_refused(other, WEISS_ERR_SYNTAX, "format 99, this program reads format 1");
}

static void other_mesh_or_problem_is_refused(void **unused)
{
    (void)unused;
    const int64_t larger[3] = {4, 3, 6}, turned[3] = {3, 4, 5};
    const char *text = grid.problem.text;
    weiss_checkpoint what;
    grid_state mine = grid, second;
    assert_int_equal(write_sample(path), 0);
    grid.problem.text = (char *)"mesh: {box: [3 nm, 3 nm, 3 nm]}";
    assert_refused(path, WEISS_ERR_VALUE, "another problem file");
    assert_int_equal(weiss_checkpoint_read(&grid.state, &grid.problem, true, path, &what), 0);
    assert_int_equal(what.stage, sample.stage);
    grid.problem.text = (char *)text;

    assert_int_equal(grid_state_create(ctx, larger, text, &second), 0);
    grid = second;
    assert_refused(path, WEISS_ERR_MESH, "120 nodes and 360 tetrahedra, but this mesh has 140 and 432");
    grid_state_destroy(&second);
    assert_int_equal(grid_state_create(ctx, turned, text, &second), 0);
    grid = second;
    assert_refused(path, WEISS_ERR_MESH, "another mesh of the same size");
    grid_state_destroy(&second);
    grid = mine;
    assert_whole(path);
}

static void set_file_limit(rlim_t bytes)
{
    struct rlimit limit;
    MPI_Barrier(MPI_COMM_WORLD); /* nobody writes now */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Space that ends while the ranks write, after it seemed to suffice. */
static void failed_writing_removes_the_file(void **unused)
{
    (void)unused;
    static char slab[100000];
    weiss_shared_file file;
    if (weiss_rank(ctx) == 0)
        unlink(other);
    size_t files = files_in_directory();
    set_file_limit(4096);
    assert_int_equal(weiss_shared_begin(ctx, other, 0, &file), 0);
    int code = weiss_shared_write(&file, weiss_rank(ctx) * (int64_t)sizeof slab, slab, sizeof slab);
    code = weiss_shared_end(&file, code, NULL);
    set_file_limit(0);
    assert_int_equal(code, WEISS_ERR_FILE);
    if (strstr(weiss_error_text(ctx), "is the disk full?") == NULL)
        fail_msg("%s", weiss_error_text(ctx));
    weiss_clear_error(ctx);
    assert_int_equal(files_in_directory(), files);
}

/* A limit on the size of files fails as a full disk does. */
static void full_disk_keeps_the_old_file(void **unused)
{
    (void)unused;
    if (weiss_rank(ctx) == 0)
        unlink(other);
    assert_int_equal(write_sample(path), 0);
    size_t files = files_in_directory();
    set_file_limit(4096);
    int code = write_sample(path);
    set_file_limit(0);
    assert_int_equal(code, WEISS_ERR_FILE);
    assert_non_null(strstr(weiss_error_text(ctx), "no room"));
    weiss_clear_error(ctx);
    assert_int_equal(files_in_directory(), files);
    assert_whole(path);
    assert_int_equal(weiss_checkpoint_write(&grid.state, &grid.problem, &sample, "/nonexistent/a.h5"),
                     WEISS_ERR_FILE);
    weiss_clear_error(ctx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),         cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(foreign_files_are_refused),       cmocka_unit_test(other_mesh_or_problem_is_refused),
        cmocka_unit_test(failed_writing_removes_the_file), cmocka_unit_test(full_disk_keeps_the_old_file),
    };
    const int64_t cells[3] = {4, 3, 5};
    MPI_Init(&argc, &argv);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    assert_int_equal(grid_state_create(ctx, cells, "title: one", &grid), 0);
    strcpy(directory, "/tmp/weiss-test-XXXXXX");
    if (weiss_rank(ctx) == 0)
        assert_non_null(mkdtemp(directory));
    MPI_Bcast(directory, sizeof directory, MPI_CHAR, 0, MPI_COMM_WORLD);
    assert_int_equal(weiss_path_join(ctx, directory, "a.h5", &path), 0);
    assert_int_equal(weiss_path_join(ctx, directory, "b.h5", &other), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    grid_state_destroy(&grid);
    if (weiss_rank(ctx) == 0) {
        unlink(path);
        unlink(other);
        rmdir(directory);
    }
    free(path);
    free(other);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
