/* Every broken problem file in broken/ is refused with exactly the message beside it, and nothing leaks. */
#include "base/file.h"
#include "leaks.h"
#include "problem/yaml.h"
#include "sample-schema.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static weiss_context *ctx;

static char *read_file(const char *name, const char *suffix, size_t *length)
{
    char path[1024], *text;
    snprintf(path, sizeof path, "%s/tests/problem/broken/%s%s", getenv("WEISS_SOURCE_ROOT"), name, suffix);
    if (weiss_file_read(ctx, path, 1 << 20, &text, length) != 0)
        fail_msg("%s", weiss_error_text(ctx));
    return text;
}

/* Checks one file; returns 1 when its message differs. */
static int check(const char *name)
{
    size_t length, expected_length;
    char *text = read_file(name, ".yaml", &length),
         *expected = read_file(name, ".expected", &expected_length);
    char file[300];
    weiss_problem *problem;
    snprintf(file, sizeof file, "%s.yaml", name);
    int code = weiss_problem_parse(ctx, file, text, length, &sample_parts, &problem), wrong = 0;
    expected[strcspn(expected, "\n")] = '\0';
    assert_null(problem);
    if ((code != WEISS_ERR_VALUE && code != WEISS_ERR_SYNTAX) ||
        strcmp(weiss_error_text(ctx), expected) != 0) {
        print_error("%s: code %d\n  found    %s\n  expected %s\n", name, code, weiss_error_text(ctx),
                    expected);
        wrong = 1;
    }
    weiss_clear_error(ctx);
    free(text);
    free(expected);
    return wrong;
}

static int is_yaml(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".yaml") == 0;
}

static void every_broken_file_is_explained(void **state)
{
    (void)state;
    char directory[1024];
    struct dirent **entries;
    int wrong = 0;
    size_t grown = 1;
    snprintf(directory, sizeof directory, "%s/tests/problem/broken", getenv("WEISS_SOURCE_ROOT"));
    int count = scandir(directory, &entries, is_yaml, alphasort);
    assert_true(count >= 90);
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

static void a_file_that_is_not_there(void **state)
{
    (void)state;
    weiss_problem *problem;
    assert_int_equal(weiss_problem_read(ctx, "/nowhere/bar.yaml", &sample_parts, &problem), WEISS_ERR_FILE);
    assert_string_equal(weiss_error_text(ctx),
                        "/nowhere/bar.yaml: cannot be opened: No such file or directory");
    weiss_clear_error(ctx);
    assert_int_equal(weiss_problem_read(ctx, "/tmp", &sample_parts, &problem), WEISS_ERR_FILE);
    assert_string_equal(weiss_error_text(ctx), "/tmp: is a directory, expected a file");
    weiss_clear_error(ctx);
}

/* Made here: too large to be kept. */
static void a_file_that_is_too_large(void **state)
{
    (void)state;
    size_t length = WEISS_YAML_MAX_BYTES + 1;
    char *text = malloc(length + 1);
    weiss_problem *problem;
    memset(text, ' ', length);
    text[length] = '\0';
    assert_int_equal(weiss_problem_parse(ctx, "long.yaml", text, length, &sample_parts, &problem),
                     WEISS_ERR_SYNTAX);
    assert_string_equal(weiss_error_text(ctx),
                        "long.yaml: is larger than 16777216 bytes, the limit for such a file");
    weiss_clear_error(ctx);
    free(text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_broken_file_is_explained),
        cmocka_unit_test(a_file_that_is_not_there),
        cmocka_unit_test(a_file_that_is_too_large),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
