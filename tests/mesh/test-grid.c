/* The structured box: counts, numbering, regions, and what it refuses. */
#include "mesh/check.h"
#include "mesh/faces.h"
#include "mesh/grid.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *ctx;

static void elements_fit_together(void **state)
{
    (void)state;
    for (int64_t nx = 1; nx <= 3; nx++)
        for (int64_t ny = 1; ny <= 3; ny++)
            for (int64_t nz = 1; nz <= 3; nz++) {
                weiss_tetmesh *mesh = NULL;
                weiss_faces faces;
                assert_int_equal(weiss_tetmesh_grid(ctx, (double[]){3e-8, 1e-9, 2e-9},
                                                    (int64_t[]){nx, ny, nz}, NULL, 0, &mesh),
                                 0);
                assert_int_equal(weiss_tetmesh_check(ctx, mesh), 0);
                assert_int_equal(weiss_faces_find(ctx, mesh, &faces), 0);
                assert_int_equal(mesh->ntets, 6 * nx * ny * nz);
                assert_int_equal(mesh->nnodes, (nx + 1) * (ny + 1) * (nz + 1));
                assert_int_equal(faces.n, 4 * (nx * ny + ny * nz + nz * nx));
                weiss_faces_free(&faces);
                weiss_tetmesh_destroy(mesh);
            }
}

static void nodes_are_centred_and_numbered_along_x(void **state)
{
    (void)state;
    weiss_tetmesh *mesh = NULL;
    assert_int_equal(weiss_tetmesh_grid(ctx, (double[]){2, 6, 8}, (int64_t[]){2, 3, 4}, NULL, 0, &mesh), 0);
    const double *x = mesh->xyz + 3 * (1 + 3 * (2 + 4 * 4)); /* node (1, 2, 4) */
    assert_true(x[0] == 0 && x[1] == 1 && x[2] == 4);
    weiss_tetmesh_destroy(mesh);
}

static void regions_follow_the_cuts(void **state)
{
    (void)state;
    weiss_tetmesh *mesh = NULL;
    assert_int_equal(weiss_tetmesh_grid(ctx, (double[]){80e-9, 1e-9, 1e-9}, (int64_t[]){80, 1, 1},
                                        (double[]){30e-9, 70e-9}, 2, &mesh),
                     0);
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        double centre = 0;
        for (int c = 0; c < 4; c++)
            centre += mesh->xyz[3 * mesh->tet[4 * e + c]] / 4 + 10e-9;
        assert_int_equal(mesh->region[e], centre < 30e-9 ? 1 : centre < 70e-9 ? 2 : 3);
    }
    weiss_tetmesh_destroy(mesh);
}

static void assert_refused(const double size[3], const int64_t cells[3], const double *cut, size_t ncuts,
                           const char *part_of_text)
{
    weiss_tetmesh *mesh = NULL;
    assert_int_equal(weiss_tetmesh_grid(ctx, size, cells, cut, ncuts, &mesh), WEISS_ERR_VALUE);
    assert_null(mesh);
    if (strstr(weiss_error_text(ctx), part_of_text) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", weiss_error_text(ctx), part_of_text);
    weiss_clear_error(ctx);
}

static void wrong_requests_are_refused(void **state)
{
    (void)state;
    const double size[3] = {4, 1, 1}, flat[3] = {4, 0, 1};
    const int64_t cells[3] = {4, 1, 1}, none[3] = {4, 1, 0}, many[3] = {1 << 20, 1 << 20, 1 << 20};
    assert_refused(flat, cells, NULL, 0, "size 0 m: expected a positive length");
    assert_refused(size, none, NULL, 0, "4 x 1 x 0 cells: expected at least 1 each");
    assert_refused(size, many, NULL, 0, "at most 268435456 in all");
    assert_refused(size, cells, (double[]){1.2}, 1,
                   "runs through cells of 1 m: expected a multiple of it, such as 1 m");
    assert_refused(size, cells, (double[]){2, 1}, 2, "expected cuts in ascending order");
    assert_refused(size, cells, (double[]){4}, 1, "between 0 and the length 4 m");
    assert_refused(size, cells, (double[]){0}, 1, "between 0 and the length 4 m");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_fit_together),
        cmocka_unit_test(nodes_are_centred_and_numbered_along_x),
        cmocka_unit_test(regions_follow_the_cuts),
        cmocka_unit_test(wrong_requests_are_refused),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
