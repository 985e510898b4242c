/* An error on one rank reaches all of them, text included. */
#include "base/context.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *ctx;

static void error_of_the_last_rank_reaches_all(void **state)
{
    (void)state;
    int code = 0;
    assert_int_equal(weiss_agree(ctx, 0), 0);
    if (weiss_rank(ctx) == weiss_size(ctx) - 1)
        code = weiss_fail(ctx, WEISS_ERR_MESH, "node 7 is bad");
    assert_int_equal(weiss_agree(ctx, code), WEISS_ERR_MESH);
    assert_string_equal(weiss_error_text(ctx), "node 7 is bad");
    weiss_clear_error(ctx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(error_of_the_last_rank_reaches_all)};
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
