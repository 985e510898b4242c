/* Median, extremes and spread of samples whose values are known. */
#include "base/statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check(double *values, size_t n, double median, double min, double max)
{
    weiss_summary s = weiss_summarise(values, n);
    assert_int_equal(s.n, n);
    assert_true(s.median == median && s.min == min && s.max == max);
}

static void samples_are_summarised(void **state)
{
    (void)state;
    check((double[]){3.0}, 1, 3.0, 3.0, 3.0);
    check((double[]){4.0, 2.0}, 2, 3.0, 2.0, 4.0);
    check((double[]){9.0, -1.0, 2.0}, 3, 2.0, -1.0, 9.0);
    check((double[]){5.0, 1.0, 100.0, 2.0, 3.0, 4.0}, 6, 3.5, 1.0, 100.0);
    check((double[]){7.0, 7.0, 7.0, 7.0}, 4, 7.0, 7.0, 7.0);
}

static void nothing_has_no_median(void **state)
{
    (void)state;
    weiss_summary s = weiss_summarise(NULL, 0);
    assert_int_equal(s.n, 0);
    assert_true(isnan(s.median) && isnan(s.min) && isnan(s.max));
}

static void spread_is_half_of_the_range(void **state)
{
    (void)state;
    weiss_summary s = weiss_summarise((double[]){8.0, 10.0, 14.0}, 3);
    assert_true(fabs(weiss_summary_spread(&s) - 0.3) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_summarised),
        cmocka_unit_test(nothing_has_no_median),
        cmocka_unit_test(spread_is_half_of_the_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
