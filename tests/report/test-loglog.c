/* Points of a chart lie where logarithms put them. */
#include "report/loglog.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *draw(const weiss_loglog *chart)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    weiss_loglog_write(chart, to);
    fclose(to);
    return text;
}

/** Centres of the circles in the file; the last one is of the legend. @return their number */
static int circles(const char *svg, double (*centre)[2], int most)
{
    int n = 0;
    for (const char *at = svg; n < most && (at = strstr(at, "<circle ")) != NULL; at++, n++)
        assert_int_equal(sscanf(at, "<circle cx=\"%lf\" cy=\"%lf\"", &centre[n][0], &centre[n][1]), 2);
    return n;
}

static const double size[] = {4, 64, 1024}, value[] = {1e-6, 1e-5, 1e-4};

static void equal_factors_are_equal_distances(void **state)
{
    (void)state;
    double c[8][2];
    const weiss_loglog_line line = {
        .label = "a", .colour = "#000000", .n = 3, .x = size, .y = value, .low = value, .high = value};
    const weiss_loglog chart = {.title = "T", .label = "Time", .unit = "s", .line = &line, .nlines = 1};
    char *svg = draw(&chart);
    assert_int_equal(circles(svg, c, 8), 4);
    assert_true(c[1][0] - c[0][0] > 100 && fabs(c[2][0] - 2 * c[1][0] + c[0][0]) < 0.25);
    assert_true(c[0][1] - c[1][1] > 100 && fabs(c[2][1] - 2 * c[1][1] + c[0][1]) < 0.25);
    static const char *const ticks[] = {">4 B<",       ">64 B<",       ">1 KiB<",
                                        ">1 \u00b5s<", ">10 \u00b5s<", ">100 \u00b5s<"};
    for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++)
        assert_non_null(strstr(svg, ticks[i]));
    free(svg);
}

static void an_outlier_does_not_press_lines_together(void **state)
{
    (void)state;
    const double high[] = {1e-6, 10.0, 1e-4};
    double c[8][2];
    const weiss_loglog_line line = {
        .label = "a", .colour = "#000000", .n = 3, .x = size, .y = value, .low = value, .high = high};
    const weiss_loglog chart = {.title = "T", .label = "Time", .unit = "s", .line = &line, .nlines = 1};
    char *svg = draw(&chart);
    assert_int_equal(circles(svg, c, 8), 4);
    assert_true(c[0][1] - c[2][1] > 200);
    free(svg);
}

static void nothing_to_draw_is_still_a_chart(void **state)
{
    (void)state;
    const weiss_loglog_line line = {.label = "a", .colour = "#000000"};
    const weiss_loglog chart = {.title = "<T>", .label = "Time", .unit = "s", .line = &line, .nlines = 1};
    char *svg = draw(&chart);
    assert_non_null(strstr(svg, "&lt;T&gt;"));
    assert_non_null(strstr(svg, "</svg>"));
    assert_null(strstr(svg, "nan"));
    assert_null(strstr(svg, "inf"));
    free(svg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_factors_are_equal_distances),
        cmocka_unit_test(an_outlier_does_not_press_lines_together),
        cmocka_unit_test(nothing_to_draw_is_still_a_chart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
