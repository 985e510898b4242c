/* Every broken mesh file in broken/ is refused with exactly the message beside it, by the way that a run takes; nothing
 * leaks. */
#include "leaks.h"
#include "problem.h"

#include "base/file.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static weiss_context *ctx;

/* Checks one file of the current directory; returns 1 when its message differs. */
static int check(const char *name)
{
    char text[512], path[300], *expected;
    size_t length;
    weiss_tetmesh *mesh;
    snprintf(path, sizeof path, "%s.expected", name);
    if (weiss_file_read(ctx, path, 1 << 20, &expected, &length) != 0)
        fail_msg("%s", weiss_error_text(ctx));
    expected[strcspn(expected, "\n")] = '\0';
    snprintf(text, sizeof text, "mesh: {file: %s.msh, unit: nm}", name);
    int code = obtain(ctx, text, &mesh), wrong = 0;
    assert_null(mesh);
    if ((code != WEISS_ERR_SYNTAX && code != WEISS_ERR_MESH) ||
        strcmp(weiss_error_text(ctx), expected) != 0) {
        print_error("%s: code %d\n  found    %s\n  expected %s\n", name, code, weiss_error_text(ctx),
                    expected);
        wrong = 1;
    }
    weiss_clear_error(ctx);
    free(expected);
    return wrong;
}

static int is_mesh(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".msh") == 0;
}

static void every_broken_file_is_explained(void **state)
{
    (void)state;
    struct dirent **entries;
    int wrong = 0;
    size_t grown = 1;
    int count = scandir(".", &entries, is_mesh, alphasort);
    assert_true(count >= 60);
    for (int i = 0; i < count; i++)
        *strrchr(entries[i]->d_name, '.') = '\0';
    /* The first round fills the buffers of the C library, and MPI's own threads may allocate now and then. */
    for (int round = 0; grown != 0 && round < 4; round++) {
        size_t before = bytes_in_use();
        for (int i = 0; i < count; i++)
            wrong += check(entries[i]->d_name);
        grown = bytes_in_use() - before;
    }
    assert_int_equal(grown, 0);
    assert_int_equal(wrong, 0);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_broken_file_is_explained),
    };
    char directory[1024];
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    weiss_set_log(ctx, NULL, NULL);
    snprintf(directory, sizeof directory, "%s/tests/mesh/broken", getenv("WEISS_SOURCE_ROOT"));
    assert_int_equal(chdir(directory), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
