/* The warning of edges longer than the exchange length. */
#include "problem.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *ctx;

static size_t warnings_of(const char *grid)
{
    size_t before = weiss_warning_count(ctx);
    weiss_tetmesh *mesh = NULL;
    char text[256];
    snprintf(text, sizeof text, "mesh: {grid: {size: [30 nm, 30 nm, 30 nm], cells: %s}}\n", grid);
    assert_int_equal(obtain(ctx, text, &mesh), 0);
    weiss_tetmesh_destroy(mesh);
    return weiss_warning_count(ctx) - before;
}

/* The exchange length of permalloy is 5.29 nm; cells of 3 nm have diagonals of 5.20 nm. */
static void fine_mesh_gives_no_warning(void **state)
{
    (void)state;
    assert_int_equal(warnings_of("[10, 10, 10]"), 0);
}

static void coarse_mesh_gives_one_with_both_numbers(void **state)
{
    (void)state;
    assert_int_equal(warnings_of("[6, 6, 6]"), 1);
    const char *text = weiss_warning(ctx, weiss_warning_count(ctx) - 1);
    assert_non_null(strstr(text, "8.66 nm"));
    assert_non_null(strstr(text, "5.29 nm"));
    assert_non_null(strstr(text, "permalloy"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fine_mesh_gives_no_warning),
        cmocka_unit_test(coarse_mesh_gives_one_with_both_numbers),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    weiss_set_log(ctx, NULL, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
