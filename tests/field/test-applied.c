/* The applied field: every function of time, sums of fields, the uniform field of a stage, and overrides. */
#include "body.h"

#include "field/timefunction.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static weiss_context *ctx;

#define MATERIAL "materials: {a: {Ms: 1e6 A/m}}\n"

static int try_text(const char *text, test_body *body)
{
    const test_body_spec spec = {.size = {4e-9, 4e-9, 4e-9}, .cells = {2, 2, 2}, .text = text};
    return test_body_create(ctx, &spec, body);
}

extern const weiss_term_class weiss_applied_term;
static const weiss_term_class *const applied_only[] = {&weiss_applied_term, NULL};

/* The mean applied field at a time, as the table of a run shows it; it must be the field of every node, too. */
static void find_field(const test_body *body, weiss_effective *effective, double time, double mean[3])
{
    double *h = test_calloc(3 * (size_t)body->mesh->nowned, sizeof *h);
    double *m = test_calloc(3 * (size_t)body->mesh->nlocal, sizeof *m);
    const weiss_point at = {.time = time, .m = m};
    assert_int_equal(weiss_effective_column_count(effective), 3);
    assert_string_equal(weiss_effective_column_name(effective, 2), "H_applied_z (A/m)");
    assert_int_equal(weiss_effective_column_values(effective, &at, mean), 0);
    assert_int_equal(weiss_effective_evaluate(effective, &at, h, NULL), 0);
    for (weiss_lidx i = 0; i < 3 * body->mesh->nowned; i++)
        assert_true(fabs(h[i] - mean[i % 3]) <= 1e-12 * fabs(mean[i % 3]));
    test_free(h);
    test_free(m);
}

/* H_z of the applied field that a problem asks for. */
static double value_at(const char *text, double time)
{
    test_body body;
    weiss_effective *effective;
    double mean[3];
    if (try_text(text, &body) != 0 || weiss_effective_create(body.space, applied_only, &effective) != 0)
        fail_msg("%s", weiss_error_text(ctx));
    find_field(&body, effective, time, mean);
    weiss_effective_destroy(effective);
    test_body_destroy(&body);
    return mean[2];
}

static void assert_near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("found %.16g, expected %.16g", found, expected);
}

#define TIMED(text) MATERIAL "applied: {field: [0, 0, 1000 A/m], time: " text "}\n"

static void constant(void **state)
{
    (void)state;
    assert_near(value_at(MATERIAL, 0), 0);
    assert_near(value_at(MATERIAL "applied: [0, 0, 10 mT]\n", 1e-9), 10e-3 / WEISS_MU0);
    assert_near(value_at(MATERIAL "applied: [[0, 0, 1e3], [0, 0, 5e2]]\n", 0), 1500);
    assert_near(value_at(MATERIAL "applied: {field: [0, 0, 1e3]}\n", 0), 1000);
    assert_near(value_at(TIMED("constant"), 5e-9), 1000);
}

static void ramp(void **state)
{
    (void)state;
    const char *text = TIMED("{ramp: {from: -0.5, to: 1.5, start: 1 ns, duration: 4 ns}}");
    assert_near(value_at(text, 0), -500);
    assert_near(value_at(text, 1e-9), -500);
    assert_near(value_at(text, 2e-9), 0);
    assert_near(value_at(text, 4e-9), 1000);
    assert_near(value_at(text, 9e-9), 1500);
}

static void sine(void **state)
{
    (void)state;
    assert_near(value_at(TIMED("{sine: {frequency: 5 GHz}}"), 0), 0);
    assert_near(value_at(TIMED("{sine: {frequency: 5 GHz}}"), 30e-12), 1000 * sin(2 * M_PI * 0.15));
    assert_near(value_at(TIMED("{sine: {frequency: 5 GHz, phase: 90 deg}}"), 0), 1000);
}

static void sinc(void **state)
{
    (void)state;
    const char *text = TIMED("{sinc: {cutoff: 50 GHz, centre: 100 ps}}");
    assert_near(value_at(text, 100e-12), 1000);
    assert_near(value_at(text, 100e-12 + 1e-16), 1000 * (1 - pow(2 * M_PI * 50e9 * 1e-16, 2) / 6));
    assert_true(fabs(value_at(text, 110e-12)) < 1e-9);
    assert_near(value_at(text, 85e-12), -1000 / (1.5 * M_PI));
}

static void gaussian(void **state)
{
    (void)state;
    const char *text = TIMED("{gaussian: {centre: 100 ps, width: 10 ps}}");
    assert_near(value_at(text, 100e-12), 1000);
    assert_near(value_at(text, 90e-12), 1000 * exp(-0.5));
    assert_near(value_at(text, 120e-12), 1000 * exp(-2));
}

/* Writes a table on rank 0 and makes the text of a problem that reads it. */
static void write_table(const char *content, char path[], char *text, size_t size)
{
    if (weiss_rank(ctx) == 0) {
        int fd = mkstemp(path);
        assert_true(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content) &&
                    close(fd) == 0);
    }
    MPI_Bcast(path, (int)strlen(path), MPI_CHAR, 0, weiss_comm(ctx));
    snprintf(text, size, TIMED("{table: %s}"), path);
}

static double step_at(const char *text, double time)
{
    test_body body;
    weiss_effective *effective;
    if (try_text(text, &body) != 0 || weiss_effective_create(body.space, applied_only, &effective) != 0)
        fail_msg("%s", weiss_error_text(ctx));
    double step = weiss_effective_longest_step(effective, time);
    weiss_effective_destroy(effective);
    test_body_destroy(&body);
    return step;
}

/* A time integrator that asks for the longest step cannot jump over a pulse, and is free afterwards. */
static void steps_do_not_overlook_pulses(void **state)
{
    (void)state;
    const char *pulse = TIMED("{gaussian: {centre: 100 ps, width: 1 ps}}");
    assert_true(isinf(step_at(MATERIAL, 0)));
    assert_true(isinf(step_at(TIMED("{ramp: {duration: 1 ns}}"), 0)));
    assert_near(1e12 * step_at(pulse, 0), 94);
    assert_near(1e12 * step_at(pulse, 94e-12), 1);
    assert_near(1e12 * step_at(pulse, 105e-12), 1);
    assert_true(isinf(step_at(pulse, 107e-12)));
    assert_near(1e12 * step_at(TIMED("{sine: {frequency: 5 GHz}}"), 7e-9), 50);
    assert_near(1e12 * step_at(TIMED("{sinc: {cutoff: 50 GHz, centre: 1 ns}}"), 0), 5);
    char path[] = "/tmp/weiss-table-XXXXXX", text[300];
    write_table("1e-9,0\n2e-9,1\n3e-9,0\n9e-9,0\n", path, text, sizeof text);
    assert_near(1e9 * step_at(text, 0), 1);
    assert_near(1e9 * step_at(text, 1.5e-9), 1.5);
    assert_near(1e9 * step_at(text, 4e-9), 5);
    assert_true(isinf(step_at(text, 9e-9)));
    if (weiss_rank(ctx) == 0)
        unlink(path);
}

static void table(void **state)
{
    (void)state;
    char path[] = "/tmp/weiss-table-XXXXXX", text[300];
    write_table("t (s),factor\n# a pulse\n0,0\n1e-9, 1\r\n\n3e-9,-1\n4e-9,-0.5", path, text, sizeof text);
    assert_near(value_at(text, -1), 0);
    assert_near(value_at(text, 0.25e-9), 250);
    assert_near(value_at(text, 2e-9), 0);
    assert_near(value_at(text, 3.5e-9), -750);
    assert_near(value_at(text, 1), -500);
    if (weiss_rank(ctx) == 0)
        unlink(path);
}

static void assert_refused(const char *content, const char *expected)
{
    char path[] = "/tmp/weiss-table-XXXXXX", text[300];
    test_body body;
    weiss_effective *effective;
    write_table(content, path, text, sizeof text);
    assert_int_equal(try_text(text, &body), 0);
    assert_true(weiss_effective_create(body.space, applied_only, &effective) < 0);
    if (!strstr(weiss_error_text(ctx), expected))
        fail_msg("expected \"%s\" in \"%s\"", expected, weiss_error_text(ctx));
    weiss_clear_error(ctx);
    test_body_destroy(&body);
    if (weiss_rank(ctx) == 0)
        unlink(path);
}

static void bad_tables_are_refused(void **state)
{
    (void)state;
    assert_refused("0,0\n1e-9,1\n0.5e-9,0\n", ":3: times must ascend");
    assert_refused("0,0\n1e-9;one\n", ":2: expected");
    assert_refused("0,0\n1e-9,nan\n", ":2: expected");
    assert_refused("0,0,0\n", ":1: expected");
    assert_refused("time,factor\n", "no line");
    assert_refused("", "no line");
    test_body body;
    weiss_effective *effective;
    assert_int_equal(try_text(TIMED("{table: no-such-file.csv}"), &body), 0);
    assert_int_equal(weiss_effective_create(body.space, applied_only, &effective), WEISS_ERR_FILE);
    weiss_clear_error(ctx);
    test_body_destroy(&body);
}

static void unknown_region_is_refused(void **state)
{
    (void)state;
    test_body body;
    weiss_effective *effective;
    assert_int_equal(try_text(MATERIAL "applied: {field: [0, 0, 1], regions: [core]}\n", &body), 0);
    assert_int_equal(weiss_effective_create(body.space, applied_only, &effective), WEISS_ERR_VALUE);
    assert_non_null(strstr(weiss_error_text(ctx), "\"core\""));
    weiss_clear_error(ctx);
    test_body_destroy(&body);
}

static void stage_adds_a_uniform_field(void **state)
{
    (void)state;
    test_body body;
    weiss_effective *effective;
    double mean[3];
    assert_int_equal(try_text(MATERIAL "applied: [0, 0, 1e3]\n", &body), 0);
    assert_int_equal(weiss_effective_create(body.space, applied_only, &effective), 0);
    assert_int_equal(weiss_effective_set_uniform(effective, (double[3]){200, 0, 500}), 0);
    find_field(&body, effective, 0, mean);
    assert_near(mean[0], 200);
    assert_near(mean[2], 1500);
    assert_int_equal(weiss_effective_configure(effective, NULL), 0);
    find_field(&body, effective, 0, mean);
    assert_near(mean[0], 0);
    assert_near(mean[2], 1000);
    weiss_effective_destroy(effective);
    test_body_destroy(&body);
}

/* A map with the same key, as a stage holds it, replaces the problem's value until the next configuration. */
static void stage_overrides(void **state)
{
    (void)state;
    test_body body, stage;
    weiss_effective *effective;
    double mean[3];
    assert_int_equal(try_text(MATERIAL "applied: [0, 0, 1e3]\n", &body), 0);
    assert_int_equal(try_text(MATERIAL "applied: [0, 3e3, 0]\n", &stage), 0);
    assert_int_equal(weiss_effective_create(body.space, applied_only, &effective), 0);
    assert_int_equal(weiss_effective_configure(effective, stage.problem->root), 0);
    find_field(&body, effective, 0, mean);
    assert_near(mean[1], 3000);
    assert_near(mean[2], 0);
    assert_int_equal(weiss_effective_configure(effective, NULL), 0);
    find_field(&body, effective, 0, mean);
    assert_near(mean[1], 0);
    assert_near(mean[2], 1000);
    weiss_effective_destroy(effective);
    test_body_destroy(&stage);
    test_body_destroy(&body);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant),
        cmocka_unit_test(ramp),
        cmocka_unit_test(sine),
        cmocka_unit_test(sinc),
        cmocka_unit_test(gaussian),
        cmocka_unit_test(table),
        cmocka_unit_test(steps_do_not_overlook_pulses),
        cmocka_unit_test(bad_tables_are_refused),
        cmocka_unit_test(unknown_region_is_refused),
        cmocka_unit_test(stage_adds_a_uniform_field),
        cmocka_unit_test(stage_overrides),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
