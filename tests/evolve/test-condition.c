/* Stop conditions: what is understood, what is refused and where. */
#include "evolve/condition.h"
#include "magnet.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *ctx;

static const weiss_key keys[] = {{.name = "stop_when", .kind = WEISS_KIND_TEXT}, {.name = NULL}};

static weiss_value *parse(const char *text, int expected, weiss_condition *condition)
{
    weiss_value *value = NULL;
    assert_int_equal(weiss_schema_parse(ctx, "test.yaml", text, strlen(text), keys, &value), 0);
    assert_int_equal(weiss_condition_read(ctx, value, "stop_when", condition), expected);
    return value;
}

static void conditions_are_understood(void **state)
{
    (void)state;
    const double mean[3] = {-0.1, 0.5, 0.25};
    static const struct {
        const char *text;
        bool holds;
    } cases[] = {
        {"stop_when: mx < 0", true},
        {"stop_when: mx > 0", false},
        {"stop_when: 'my>=0.5'", true},
        {"stop_when: my > 0.5", false},
        {"stop_when: mz <= 0.25", true},
        {"stop_when: max_torque < 10 A/m", true},
        {"stop_when: max_torque < 1", false},
        {"stop_when: 'max_torque > 1 uT'", true},
        {"{}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weiss_condition condition;
        weiss_value *value = parse(cases[i].text, 0, &condition);
        assert_int_equal(weiss_condition_holds(&condition, mean, 5), cases[i].holds);
        weiss_value_destroy(value);
    }
    weiss_condition condition;
    weiss_value *value = parse("stop_when: mx < 2", 0, &condition);
    const double unknown[3] = {NAN, NAN, NAN};
    assert_false(weiss_condition_holds(&condition, unknown, 5));
    weiss_value_destroy(value);
}

static void mistakes_are_shown_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"stop_when: Mx < 0", "column 1"},
        {"stop_when: mx = 0", "column 4"},
        {"stop_when: mx <", "column 5"},
        {"stop_when: max_torque < 10 kg", "kg"},
        {"stop_when: mx < 0 or my < 0", "column 6"},
        {"stop_when: mx < nan", "column 6"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weiss_condition condition;
        weiss_value *value = parse(cases[i].text, WEISS_ERR_VALUE, &condition);
        assert_non_null(strstr(weiss_error_text(ctx), "test.yaml:1"));
        assert_non_null(strstr(weiss_error_text(ctx), cases[i].says));
        weiss_clear_error(ctx);
        weiss_value_destroy(value);
    }
}

static void stages_check_them_before_anything_runs(void **state)
{
    (void)state;
    static const char *const stages[] = {
        "dynamics: {duration: 1 ps, stop_when: up}", "relax: {stop_when: up}",
        "hysteresis: {from: [0, 0, 1], to: [0, 0, 0], steps: 1, stop_when: up}"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(magnet_check(ctx, stages[i]), WEISS_ERR_VALUE);
        weiss_clear_error(ctx);
    }
    assert_int_equal(magnet_check(ctx, "relax: 5 A/m"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_are_understood),
        cmocka_unit_test(mistakes_are_shown_with_their_place),
        cmocka_unit_test(stages_check_them_before_anything_runs),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
