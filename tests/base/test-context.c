/* Error text, allocation, and files that appear only when complete. */
#include "base/file.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static weiss_context *ctx;

static void first_error_stays(void **state)
{
    (void)state;
    assert_int_equal(weiss_fail(ctx, WEISS_ERR_VALUE, "bar.yaml:%d: wrong", 3), WEISS_ERR_VALUE);
    assert_int_equal(weiss_fail(ctx, WEISS_ERR_MESH, "later"), WEISS_ERR_MESH);
    assert_string_equal(weiss_error_text(ctx), "bar.yaml:3: wrong");
    assert_int_equal(weiss_error_code(ctx), WEISS_ERR_VALUE);
    weiss_clear_error(ctx);
    assert_string_equal(weiss_error_text(ctx), "");
}

static void too_much_memory_is_refused(void **state)
{
    (void)state;
    double *x = NULL;
    assert_int_equal(weiss_alloc(ctx, &x, SIZE_MAX / 2, sizeof *x), WEISS_ERR_MEMORY);
    assert_null(x);
    weiss_clear_error(ctx);
}

static void abandoned_file_leaves_the_old_one(void **state)
{
    (void)state;
    char directory[] = "/tmp/weiss-test-XXXXXX", *path = NULL, *data = NULL;
    size_t length;
    weiss_new_file file;
    assert_non_null(mkdtemp(directory));
    assert_int_equal(weiss_path_join(ctx, directory, "a.txt", &path), 0);
    assert_int_equal(weiss_file_begin(ctx, path, &file), 0);
    fputs("first", file.stream);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(weiss_file_commit(ctx, &file), 0);
    assert_int_equal(weiss_file_begin(ctx, path, &file), 0);
    fputs("second", file.stream);
    weiss_file_abandon(&file);
    assert_int_equal(weiss_file_read(ctx, path, 1000, &data, &length), 0);
    assert_string_equal(data, "first");
    free(data);
    assert_int_equal(weiss_file_read(ctx, path, 3, &data, &length), WEISS_ERR_FILE);
    weiss_clear_error(ctx);
    assert_int_equal(weiss_file_read(ctx, directory, 3, &data, &length), WEISS_ERR_FILE);
    weiss_clear_error(ctx);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0); /* nothing else was left in it */
    free(path);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_stays),
        cmocka_unit_test(too_much_memory_is_refused),
        cmocka_unit_test(abandoned_file_leaves_the_old_one),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
