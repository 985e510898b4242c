/* Sizes of memory as text. */
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_read(void **state)
{
    int64_t bytes = 7;
    (void)state;
    assert_true(weiss_bytes_parse("64 MiB", &bytes));
    assert_int_equal(bytes, 64 << 20);
    assert_true(weiss_bytes_parse("1B", &bytes));
    assert_int_equal(bytes, 1);
    assert_true(weiss_bytes_parse("8388607 TiB", &bytes));
    assert_int_equal(bytes, INT64_C(8388607) << 40);
    static const char *const wrong[] = {"",
                                        "64",
                                        "MiB",
                                        "64 MB",
                                        "64 mib",
                                        "0 B",
                                        "-1 MiB",
                                        "1.5 GiB",
                                        "8388608 TiB",
                                        "64 MiB ",
                                        " 1 B",
                                        "+1 B",
                                        "99999999999999999999 B"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bytes = 7;
        assert_false(weiss_bytes_parse(wrong[i], &bytes));
        assert_int_equal(bytes, 7);
    }
}

static void test_show(void **state)
{
    char out[WEISS_BYTES_SHOWN];
    (void)state;
    assert_string_equal(weiss_bytes_show(0, out), "0 B");
    assert_string_equal(weiss_bytes_show(64 << 20, out), "64 MiB");
    assert_string_equal(weiss_bytes_show((64 << 20) + 1, out), "67108865 B");
    assert_string_equal(weiss_bytes_show(INT64_C(4096) << 40, out), "4096 TiB");
    assert_string_equal(weiss_bytes_show(INT64_MAX, out), "9223372036854775807 B");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_read), cmocka_unit_test(test_show)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
