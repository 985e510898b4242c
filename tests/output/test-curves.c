/* Tables in memory, axes, the plot for terminals, and the size of drawings of long tables. */
#include "output/axis.h"
#include "output/chart.h"
#include "output/plot.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static weiss_context *ctx;

static weiss_series *series_of(const char *text)
{
    char path[] = "/tmp/weiss-test-XXXXXX";
    int fd = mkstemp(path);
    weiss_series *series = NULL;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    weiss_series_read(ctx, path, &series);
    unlink(path);
    return series;
}

/* A table of @p nrows rows, of a precession that dies out. */
static weiss_series *long_series(int nrows)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    fputs("t (s),mx,my,mz,E_total (J),steps,stage\n", to);
    for (int i = 0; i < nrows; i++) {
        double s = (double)i / nrows;
        fprintf(to, "%g,%g,%g,%g,%g,%d,0\n", 1e-9 * s, exp(-3 * s) * cos(40 * s), exp(-3 * s) * sin(40 * s),
                1 - exp(-3 * s), -1e-18 * s, i);
    }
    fclose(to);
    weiss_series *series = series_of(text);
    free(text);
    return series;
}

static void tables_are_read(void **state)
{
    (void)state;
    weiss_series *s =
        series_of("t (s),mx,my,mz,E_total (J),steps\n0,1,0,0,2e-18,3\n1e-12,nan,0,0,-1e-18,4\n2e-12,0,1");
    assert_non_null(s);
    assert_int_equal(s->nrows, 2); /* the last line is not whole */
    assert_int_equal(weiss_series_column(s, "steps"), 5);
    assert_int_equal(weiss_series_column(s, "stage"), -1);
    assert_true(weiss_series_at(s, 1, 4) == -1e-18);
    double low, high;
    weiss_series_range(s, 1, &low, &high);
    assert_true(low == 1.0 && high == 1.0);
    weiss_series_destroy(s);
    assert_null(series_of("t (s),mx\n0,1\n1,2,3\n"));
    assert_non_null(strstr(weiss_error_text(ctx), ":3: expected 2 numbers"));
    weiss_clear_error(ctx);
    assert_null(series_of("t (s),mx\n0,one\n"));
    weiss_clear_error(ctx);
    assert_null(series_of(""));
    weiss_clear_error(ctx);
}

static void axes_have_round_ticks(void **state)
{
    (void)state;
    char text[32];
    weiss_axis a = weiss_axis_fit(0, 3e-10, "s", 7, 0);
    assert_string_equal(a.unit, "ps");
    assert_true(a.nticks >= 4 && a.nticks <= 8);
    assert_string_equal(weiss_axis_label(&a, 1, 0, text, sizeof text), "50");
    a = weiss_axis_fit(-1, 1, "", 5, 0);
    assert_string_equal(weiss_axis_label(&a, 0, 0, text, sizeof text), "-1.0");
    assert_string_equal(weiss_axis_label(&a, 2, 0, text, sizeof text), "0.0");
    assert_true(weiss_axis_place(&a, 0.5) == 0.75);
    a = weiss_axis_fit(7, 7, "J", 5, 0);
    assert_true(a.low < 7 && a.high > 7 && a.nticks > 1);
    a = weiss_axis_fit(NAN, INFINITY, "J", 5, 0);
    assert_true(a.low < a.high && a.nticks > 1);
    a = weiss_axis_fit(1.0000001e-18, 1.0000002e-18, "J", 5, 0);
    assert_string_equal(a.unit, "aJ");
    assert_true(a.decimals >= 8 && a.nticks < 12);
}

static void abscissa_is_time_field_or_steps(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        weiss_abscissa_kind kind;
        const char *label;
        double last;
    } cases[] = {
        {"t (s),mx,my,mz,steps\n0,1,0,0,0\n1e-12,1,0,0,5\n", WEISS_AGAINST_TIME, "Time", 1e-12},
        {"t (s),mx,my,mz,steps\n0,1,0,0,0\n0,1,0,0,5\n", WEISS_AGAINST_STEPS, "Steps", 5},
        {"t (s),mx,my,mz,steps,H_applied_x (A/m),H_applied_y (A/m),H_applied_z (A/m)\n"
         "0,1,0,0,0,0,0,795774.7154594767\n0,1,0,0,5,0,0,-795774.7154594767\n",
         WEISS_AGAINST_FIELD, "Applied field along z, µ₀H", -1},
        {"t (s),mx,my,mz,steps,H_applied_x (A/m),H_applied_y (A/m),H_applied_z (A/m)\n"
         "0,1,0,0,0,-300,0,-400\n0,1,0,0,5,300,0,400\n",
         WEISS_AGAINST_FIELD, "Applied field along (0.6, 0, 0.8), µ₀H", 500 * 4e-7 * M_PI},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weiss_abscissa a;
        weiss_series *s = series_of(cases[i].text);
        assert_non_null(s);
        assert_int_equal(weiss_abscissa_choose(ctx, s, &a), 0);
        assert_int_equal(a.kind, cases[i].kind);
        assert_string_equal(a.label, cases[i].label);
        assert_true(fabs(a.value[1] - cases[i].last) < 1e-9 * fabs(cases[i].last));
        weiss_abscissa_free(&a);
        weiss_series_destroy(s);
    }
}

static void plot_shows_the_curves(void **state)
{
    (void)state;
    char *text;
    weiss_series *s = series_of("t (s),mx,my,mz,steps\n0,-1,0,1,0\n1e-11,1,0,-1,5\n");
    const weiss_plot_style ascii = {.width = 21, .height = 5, .ascii = true};
    assert_int_equal(weiss_plot_text(ctx, s, &ascii, &text), 0);
    assert_string_equal(text, "     1 +zzz               xxx mx\n"
                              "       |   zzzzz     xxxxx   \n"
                              "     0 +yyyyyyyyzzzzzyyyyyyyy my\n"
                              "       |   xxxxx     zzzzz   \n"
                              "    -1 +xxx               zzz mz\n"
                              "       +---------------------\n"
                              "        0         5        10  t (ps)\n");
    free(text);
    const weiss_plot_style dots = {.width = 40, .height = 8, .colour = true};
    assert_int_equal(weiss_plot_text(ctx, s, &dots, &text), 0);
    assert_non_null(strstr(text, "\033[34m"));
    assert_non_null(strstr(text, "⠉"));
    free(text);
    weiss_series_destroy(s);
    s = series_of("t (s),mx,my,mz,steps\n");
    assert_int_equal(weiss_plot_text(ctx, s, &dots, &text), WEISS_ERR_VALUE);
    weiss_clear_error(ctx);
    weiss_series_destroy(s);
}

/* A hundred thousand rows give a small file in which the extremes are kept. */
static void long_tables_give_small_drawings(void **state)
{
    (void)state;
    weiss_series *s = long_series(100000);
    weiss_abscissa a;
    assert_int_equal(weiss_abscissa_choose(ctx, s, &a), 0);
    const weiss_chart_panel panel = {.label = "m",
                                     .unit = "",
                                     .nlines = 1,
                                     .line = {{.label = "m_x", .column = 1, .colour = "#000", .width = 1}}};
    const weiss_chart chart = {.title = "a & b", .series = s, .abscissa = &a, .panel = &panel, .npanels = 1};
    char *svg = NULL;
    size_t size;
    FILE *to = open_memstream(&svg, &size);
    assert_non_null(to);
    weiss_chart_write(&chart, to);
    fclose(to);
    assert_in_range(size, 5000, 50000);
    assert_non_null(strstr(svg, "a &amp; b"));
    double low, high, x, y, lowest = -INFINITY;
    weiss_series_range(s, 1, &low, &high);
    weiss_axis axis = weiss_axis_fit(low, high, "", 6, 0.05);
    for (const char *c = strstr(svg, " d=\"M") + 5; sscanf(c, "%lf %lf", &x, &y) == 2;) {
        lowest = fmax(lowest, y);
        c += strcspn(c, " ") + 1;
        c += strcspn(c, " \"");
        if (*c == '"')
            break;
        c++;
    }
    assert_true(fabs(lowest - (62 + 270 * (1 - weiss_axis_place(&axis, low)))) < 0.06);
    free(svg);
    weiss_abscissa_free(&a);
    weiss_series_destroy(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_read),
        cmocka_unit_test(axes_have_round_ticks),
        cmocka_unit_test(abscissa_is_time_field_or_steps),
        cmocka_unit_test(plot_shows_the_curves),
        cmocka_unit_test(long_tables_give_small_drawings),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
