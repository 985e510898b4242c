/* Speedup, efficiency and Amdahl's law against values worked out by hand. */
#include "report/scaling.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-12 * fabs(b))

static weiss_scaling series_of(const int *ranks, const double *seconds, int n, bool weak)
{
    weiss_scaling s = {.label = "a", .colour = "#000000", .weak = weak, .n = n};
    for (int i = 0; i < n; i++) {
        s.point[i].ranks = ranks[i];
        if (seconds[i] > 0.0)
            s.point[i].seconds = (weiss_summary){1, seconds[i], seconds[i], seconds[i]};
        else
            s.point[i].seconds = (weiss_summary){0, NAN, NAN, NAN};
    }
    return s;
}

static void a_series_that_obeys_amdahls_law(void **state)
{
    (void)state;
    /* 95 % in parallel: T = 100 (0.05 + 0.95 / N). */
    static const int ranks[] = {1, 2, 4, 8};
    static const double seconds[] = {100, 52.5, 28.75, 16.875};
    weiss_scaling s = series_of(ranks, seconds, 4, false);
    NEAR(weiss_scaling_speedup(&s, 3), 100 / 16.875);
    NEAR(weiss_scaling_efficiency(&s, 3), 100 / 16.875 / 8);
    for (int i = 1; i < 4; i++) {
        double p = weiss_amdahl_part(weiss_scaling_speedup(&s, i), ranks[i]);
        assert_true(fabs(p - 0.95) < 1e-12);
        assert_true(fabs(weiss_amdahl_limit(p) - 20) < 1e-9);
    }
}

static void a_series_that_begins_with_several_ranks(void **state)
{
    (void)state;
    static const int ranks[] = {4, 8};
    static const double seconds[] = {10, 6};
    weiss_scaling s = series_of(ranks, seconds, 2, false);
    NEAR(weiss_scaling_speedup(&s, 1), 10.0 / 6.0);
    NEAR(weiss_scaling_efficiency(&s, 1), 10.0 / 12.0);
}

static void a_weak_series(void **state)
{
    (void)state;
    static const int ranks[] = {1, 2, 4};
    static const double seconds[] = {10, 10, 12.5};
    weiss_scaling s = series_of(ranks, seconds, 3, true);
    NEAR(weiss_scaling_speedup(&s, 1), 2.0);
    NEAR(weiss_scaling_speedup(&s, 2), 3.2);
    NEAR(weiss_scaling_efficiency(&s, 2), 0.8);
}

static void what_was_not_measured_has_no_number(void **state)
{
    (void)state;
    static const int ranks[] = {1, 2};
    static const double seconds[] = {10, 0};
    weiss_scaling s = series_of(ranks, seconds, 2, false);
    assert_true(isnan(weiss_scaling_speedup(&s, 1)) && isnan(weiss_scaling_efficiency(&s, 1)));
    assert_true(isnan(weiss_amdahl_part(1.0, 1.0)));
    assert_true(isinf(weiss_amdahl_limit(1.2)));
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    weiss_scaling_print(&s, 1, to);
    fclose(to);
    assert_null(strstr(text, "nan"));
    free(text);
}

static void set_part(weiss_scaling_point *point, weiss_scaling_part part, double seconds)
{
    point->part[part] = (weiss_summary){1, seconds, seconds, seconds};
}

static void where_the_time_went(void **state)
{
    (void)state;
    static const int ranks[] = {1, 2};
    static const double seconds[] = {10, 8};
    weiss_scaling s = series_of(ranks, seconds, 2, false);
    char *text = NULL;
    size_t size = 0;
    assert_false(weiss_scaling_has_parts(&s));
    FILE *to = open_memstream(&text, &size);
    weiss_scaling_print_parts(&s, 1, to);
    fclose(to);
    assert_string_equal(text, "");
    free(text);
    set_part(&s.point[1], WEISS_SCALING_COMPUTE, 4);
    set_part(&s.point[1], WEISS_SCALING_BETWEEN, 1);
    set_part(&s.point[1], WEISS_SCALING_WAITING, 3);
    assert_true(weiss_scaling_has_parts(&s));
    to = open_memstream(&text, &size);
    weiss_scaling_print_parts(&s, 1, to);
    fclose(to);
    const char *row = strstr(text, "\n      2");
    assert_non_null(row);
    assert_non_null(strstr(row, "4 s  50 %"));
    assert_non_null(strstr(row, "1 s  12 %"));
    assert_non_null(strstr(row, "3 s  38 %"));
    assert_null(strstr(text, "\n      1")); /* it does not tell */
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_that_obeys_amdahls_law),
        cmocka_unit_test(a_series_that_begins_with_several_ranks),
        cmocka_unit_test(a_weak_series),
        cmocka_unit_test(what_was_not_measured_has_no_number),
        cmocka_unit_test(where_the_time_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
