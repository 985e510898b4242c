/* Stage dynamics: one spin against its analytic solution, the schedule of rows, stop conditions, resuming,
 * methods against each other, ranks against one rank, and failures that are reported. */
#include "magnet.h"

#include "base/units.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *world, *self;

#define GAMMA 2.211e5
#define ALPHA 0.1
#define FIELD (0.5 / WEISS_MU0) /* A/m, along z */

/* No exchange and a uniform state: every node is the same spin. */
static const test_body_spec spin = {
    .size = {2e-9, 2e-9, 2e-9},
    .cells = {1, 1, 1},
    .text = "materials:\n  a: {Ms: 8e5 A/m, alpha: 0.1, gamma: 2.211e5}\napplied: [0, 0, 500 mT]\n",
    .terms = magnet_terms,
};

static const test_body_spec undamped = {
    .size = {2e-9, 2e-9, 2e-9},
    .cells = {1, 1, 1},
    .text = "materials:\n  a: {Ms: 8e5 A/m, alpha: 0, gamma: 2.211e5}\napplied: [0, 0, 1 T]\n",
    .terms = magnet_terms,
};

static const test_body_spec body = {
    .size = {40e-9, 40e-9, 10e-9},
    .cells = {8, 8, 2},
    .text = "materials:\n"
            "  a: {Ms: 8e5 A/m, A: 13e-12 J/m, alpha: 0.2, uniaxial: {K1: 1e5 J/m^3, axis: [1, 0, 1]}}\n"
            "applied: [20 mT, 0, -30 mT]\n",
    .terms = magnet_terms,
};

/** Angle to the field: tan(theta / 2) falls exponentially; the azimuth grows linearly. */
static void analytic(double theta0, double t, double m[3])
{
    double rate = GAMMA / (1 + ALPHA * ALPHA) * FIELD;
    double theta = 2 * atan(tan(theta0 / 2) * exp(-ALPHA * rate * t)), phi = rate * t;
    m[0] = sin(theta) * cos(phi);
    m[1] = sin(theta) * sin(phi);
    m[2] = cos(theta);
}

static void one_spin_follows_the_formula(void **state)
{
    (void)state;
    static const char *const stages[] = {
        "dynamics: {duration: 200 ps, table_every: 10 ps, rtol: 1e-8}",
        "dynamics: {duration: 200 ps, table_every: 10 ps, rtol: 1e-8, integrator: adams}",
        "dynamics: {duration: 200 ps, table_every: 10 ps, rtol: 1e-8, integrator: rk}",
    };
    for (int s = 0; s < 3; s++) {
        magnet g;
        assert_int_equal(magnet_create(world, &spin, "uniform: [1, 0, 0]", &g), 0);
        assert_int_equal(magnet_run(&g, stages[s], 0), 0);
        assert_int_equal(g.outcome, WEISS_OUTCOME_COMPLETE);
        assert_int_equal(g.nrows, 21);
        for (int r = 0; r < g.nrows; r++) {
            double expected[3];
            assert_true(fabs(g.row[r].time - r * 10e-12) < 1e-20);
            analytic(M_PI / 2, g.row[r].time, expected);
            for (int k = 0; k < 3; k++)
                assert_true(fabs(g.row[r].mean[k] - expected[k]) < 3e-5);
        }
        magnet_destroy(&g);
    }
}

static void precession_has_28_GHz_per_tesla(void **state)
{
    (void)state;
    magnet g;
    assert_int_equal(magnet_create(world, &undamped, "uniform: [1, 0, 0]", &g), 0);
    /* A quarter turn after 1/4 of a period, found by the stop condition inside a step. */
    assert_int_equal(magnet_run(&g, "dynamics: {duration: 20 ps, rtol: 1e-9, stop_when: mx < 0}", 0), 0);
    assert_int_equal(g.outcome, WEISS_OUTCOME_CONDITION);
    double frequency = 0.25 / g.state->time;
    assert_true(fabs(frequency - 28.00e9) < 0.01e9);
    assert_true(fabs(frequency - GAMMA / (2 * M_PI * WEISS_MU0)) < 1e-6 * frequency);
    magnet_destroy(&g);
}

static void switching_time_is_that_of_the_formula(void **state)
{
    (void)state;
    magnet g;
    assert_int_equal(magnet_create(world, &spin, "uniform: [0.2, 0, -1]", &g), 0);
    assert_int_equal(
        magnet_run(&g, "dynamics: {duration: 1 ns, rtol: 1e-8, table_every: 0.1 ns, stop_when: mz > 0}", 0),
        0);
    double theta0 = acos(-1 / sqrt(1.04)), rate = GAMMA / (1 + ALPHA * ALPHA) * FIELD;
    double expected = log(tan(theta0 / 2)) / (ALPHA * rate);
    assert_int_equal(g.outcome, WEISS_OUTCOME_CONDITION);
    assert_non_null(strstr(g.reason, "mz > 0"));
    assert_true(fabs(g.state->time - expected) < 1e-4 * expected);
    /* The last row is at the crossing, and no row lies beyond it. */
    assert_true(magnet_last(&g)->time == g.state->time);
    assert_true(fabs(magnet_last(&g)->mean[2]) < 1e-5);
    assert_int_equal(g.nrows, 2 + (int)(expected / 0.1e-9));
    magnet_destroy(&g);
}

static void length_is_kept(void **state)
{
    (void)state;
    magnet g;
    assert_int_equal(magnet_create(world, &body, "random: 3", &g), 0);
    assert_int_equal(magnet_run(&g, "dynamics: 5 ps", 0), 0);
    for (weiss_lidx i = 0; i < g.state->mesh->nlocal; i++) {
        const double *m = g.state->m + 3 * (size_t)i;
        assert_true(fabs(m[0] * m[0] + m[1] * m[1] + m[2] * m[2] - 1) < 1e-14);
    }
    assert_true(magnet_statistic(&g, "largest_length_error") < 1e-2);
    assert_true(magnet_statistic(&g, "steps") == (double)g.steps);
    magnet_destroy(&g);
}

static void rows_and_fields_come_on_time(void **state)
{
    (void)state;
    magnet g;
    assert_int_equal(magnet_create(world, &body, "uniform: [1, 1, 0]", &g), 0);
    /* 17 ps is no multiple of 5 ps: a row at the end all the same. The second stage starts where the first
     * ended. */
    const char *stage = "dynamics: {duration: 17 ps, table_every: 5 ps, fields_every: 10 ps}";
    static const double rows[] = {0, 5, 10, 15, 17, 22, 27, 32, 34}, snapshots[] = {0, 10, 17, 27, 34};
    assert_int_equal(magnet_run(&g, stage, 0), 0);
    assert_int_equal(magnet_run(&g, stage, 1), 0);
    assert_int_equal(g.nrows, 9);
    for (int r = 0; r < 9; r++)
        assert_true(fabs(g.row[r].time - rows[r] * 1e-12) < 1e-20);
    assert_int_equal(g.nsnapshots, 5);
    for (int r = 0; r < 5; r++)
        assert_true(fabs(g.snapshot_time[r] - snapshots[r] * 1e-12) < 1e-20);
    assert_int_equal(g.row[3].stage, 0);
    assert_int_equal(g.row[5].stage, 1);
    magnet_destroy(&g);
}

static void torque_can_stop_it(void **state)
{
    (void)state;
    magnet g;
    assert_int_equal(magnet_create(world, &body, "uniform: [1, 1, 0]", &g), 0);
    assert_int_equal(magnet_run(&g, "dynamics: {duration: 20 ns, stop_when: max_torque < 1000 A/m}", 0), 0);
    assert_int_equal(g.outcome, WEISS_OUTCOME_CONDITION);
    assert_true(g.state->time < 10e-9);
    assert_true(magnet_last(&g)->max_torque < 1000);
    magnet_destroy(&g);
}

/** Largest difference of <m> between the rows of two runs that have the same times. */
static double row_difference(const magnet *a, const magnet *b)
{
    double largest = 0;
    assert_int_equal(a->nrows, b->nrows);
    for (int r = 0; r < a->nrows; r++) {
        assert_true(fabs(a->row[r].time - b->row[r].time) < 1e-20);
        for (int k = 0; k < 3; k++)
            largest = fmax(largest, fabs(a->row[r].mean[k] - b->row[r].mean[k]));
    }
    return largest;
}

static void methods_agree(void **state)
{
    (void)state;
    static const char *const stages[] = {
        "dynamics: {duration: 40 ps, table_every: 5 ps, rtol: 1e-6}",
        "dynamics: {duration: 40 ps, table_every: 5 ps, rtol: 1e-6, preconditioner: diagonal}",
        "dynamics: {duration: 40 ps, table_every: 5 ps, rtol: 1e-6, integrator: adams}",
        "dynamics: {duration: 40 ps, table_every: 5 ps, rtol: 1e-6, integrator: rk}",
    };
    magnet g[4];
    for (int s = 0; s < 4; s++) {
        assert_int_equal(magnet_create(world, &body, "vortex: {core_radius: 8 nm}", &g[s]), 0);
        assert_int_equal(magnet_run(&g[s], stages[s], 0), 0);
        if (s > 0)
            assert_true(row_difference(&g[0], &g[s]) < 3e-5);
    }
    for (int s = 0; s < 4; s++)
        magnet_destroy(&g[s]);
}

static void resumed_equals_uninterrupted(void **state)
{
    (void)state;
    const char *first = "dynamics: {duration: 10 ps, table_every: 5 ps}";
    const char *stage = "dynamics: {duration: 32 ps, table_every: 5 ps, fields_every: 10 ps}";
    magnet whole, parts;
    assert_int_equal(magnet_create(world, &body, "vortex: {core_radius: 8 nm}", &whole), 0);
    assert_int_equal(magnet_run(&whole, first, 0), 0);
    assert_int_equal(magnet_run(&whole, stage, 1), 0);
    assert_int_equal(magnet_create(world, &body, "vortex: {core_radius: 8 nm}", &parts), 0);
    assert_int_equal(magnet_run(&parts, first, 0), 0);
    parts.nsteps = 0;
    parts.stop_after_steps = 12;
    assert_int_equal(magnet_run(&parts, stage, 1), WEISS_STOPPED);
    assert_int_equal(parts.outcome, WEISS_OUTCOME_STOPPED);
    assert_int_equal(parts.steps, 12);
    assert_true(parts.state->stage_time > 0 && parts.state->stage_time < 32e-12);
    parts.stop_after_steps = 0;
    parts.state->stage_time = -1; /* must come from resume[] */
    assert_int_equal(magnet_resume(&parts, stage, 1), 0);
    assert_int_equal(parts.outcome, WEISS_OUTCOME_COMPLETE);
    assert_true(parts.steps > 12);
    assert_true(row_difference(&whole, &parts) < 1e-4);
    assert_int_equal(whole.nsnapshots, parts.nsnapshots);
    assert_true(fabs(parts.state->time - 42e-12) < 1e-20);
    /* A run that had already reached its end has nothing left to show. */
    int rows = parts.nrows;
    assert_int_equal(magnet_resume(&parts, stage, 1), 0);
    assert_int_equal(parts.nrows, rows);
    magnet_destroy(&whole);
    magnet_destroy(&parts);
}

static void ranks_agree(void **state)
{
    (void)state;
    const char *stage = "dynamics: {duration: 30 ps, table_every: 5 ps}";
    magnet alone, together;
    assert_int_equal(magnet_create(self, &body, "random: 5", &alone), 0);
    assert_int_equal(magnet_create(world, &body, "random: 5", &together), 0);
    assert_int_equal(magnet_run(&alone, stage, 0), 0);
    assert_int_equal(magnet_run(&together, stage, 0), 0);
    assert_true(row_difference(&alone, &together) < 1e-4);
    magnet_destroy(&alone);
    magnet_destroy(&together);
}

/** A magnet at rest takes the longest steps that it may; a pulse must not fall between two of them. The pulse turns the
 *  moment by gamma H w sqrt(2 pi). */
static void short_pulses_are_not_overlooked(void **state)
{
    (void)state;
    static const char *const methods[] = {"bdf", "adams", "rk"};
    static const test_body_spec pulsed = {
        .size = {2e-9, 2e-9, 2e-9},
        .cells = {1, 1, 1},
        .text = "materials:\n  a: {Ms: 8e5 A/m, alpha: 0, gamma: 2.211e5}\n"
                "applied: {field: [1 T, 0, 0], time: {gaussian: {centre: 500 ps, width: 0.5 ps}}}\n",
        .terms = magnet_terms,
    };
    const double angle = GAMMA / WEISS_MU0 * 0.5e-12 * sqrt(2 * M_PI);
    for (int i = 0; i < 3; i++) {
        magnet g;
        char stage[128];
        snprintf(stage, sizeof stage,
                 "dynamics: {duration: 1 ns, table_every: 250 ps, rtol: 1e-6, integrator: %s}", methods[i]);
        assert_int_equal(magnet_create(world, &pulsed, "uniform: [0, 0, 1]", &g), 0);
        assert_int_equal(magnet_run(&g, stage, 0), 0);
        assert_true(fabs(magnet_last(&g)->mean[1] + sin(angle)) < 1e-3);
        assert_true(fabs(magnet_last(&g)->mean[2] - cos(angle)) < 1e-3);
        magnet_destroy(&g);
    }
}

static void nothing_moves_without_torque(void **state)
{
    (void)state;
    magnet g;
    assert_int_equal(magnet_create(world, &spin, "uniform: [0, 0, 1]", &g), 0);
    assert_int_equal(magnet_run(&g, "dynamics: {duration: 1 ns, table_every: 100 ps}", 0), 0);
    assert_int_equal(g.nrows, 11);
    assert_true(fabs(magnet_last(&g)->mean[2] - 1) < 1e-12);
    assert_true(g.steps < 100);
    magnet_destroy(&g);
}

static void a_magnet_at_rest_takes_few_steps(void **state)
{
    (void)state;
    magnet g;
    assert_int_equal(magnet_create(world, &body, "uniform: [1, 1, 0]", &g), 0);
    assert_int_equal(magnet_run(&g, "dynamics: {duration: 20 ns, table_every: 1 ns}", 0), 0);
    /* An order too high for the damping, or noise in the stiff modes, takes tens of thousands. */
    assert_true(g.steps < 1500);
    assert_true(magnet_last(&g)->max_torque < 300);
    magnet_destroy(&g);
}

/* A term that breaks after 1 ps, by a field that is not a number or by an error of its own. */
static int broken_create(const weiss_space *space, const weiss_value *section, void **data)
{
    (void)section;
    *data = (void *)(uintptr_t)space;
    return 0;
}

static void broken_destroy(void *data)
{
    (void)data;
}

static int nan_evaluate(void *data, const weiss_point *at, double *field, double *energy)
{
    const weiss_space *space = data;
    for (weiss_lidx i = 0; i < 3 * space->mesh->nowned; i++)
        field[i] += at->time > 1e-12 ? (double)NAN : at->m[(i + 1) % 3] * 1e5;
    (void)energy;
    return 0;
}

static int failing_evaluate(void *data, const weiss_point *at, double *field, double *energy)
{
    const weiss_space *space = data;
    if (at->time > 1e-12)
        return weiss_fail(space->ctx, WEISS_ERR_INTERNAL, "the sample melted");
    return nan_evaluate(data, at, field, energy);
}

static const weiss_term_class nan_term = {.name = "broken",
                                          .help = "Breaks",
                                          .create = broken_create,
                                          .destroy = broken_destroy,
                                          .evaluate = nan_evaluate};
static const weiss_term_class failing_term = {.name = "broken",
                                              .help = "Breaks",
                                              .create = broken_create,
                                              .destroy = broken_destroy,
                                              .evaluate = failing_evaluate};

static void failures_are_reported(void **state)
{
    (void)state;
    const weiss_term_class *const nan_terms[] = {&nan_term, NULL}, *const failing_terms[] = {&failing_term,
                                                                                             NULL};
    test_body_spec spec = spin;
    magnet g;
    spec.text = "materials:\n  a: {Ms: 8e5 A/m, alpha: 0.1}\n";
    for (int rk = 0; rk < 2; rk++) {
        const char *stage = rk ? "dynamics: {duration: 50 ps, integrator: rk}" : "dynamics: 50 ps";
        spec.terms = nan_terms;
        assert_int_equal(magnet_create(world, &spec, "uniform: [1, 0, 0]", &g), 0);
        assert_int_equal(magnet_run(&g, stage, 0), WEISS_ERR_CONVERGENCE);
        assert_non_null(strstr(weiss_error_text(world), "gave up at t = "));
        weiss_clear_error(world);
        magnet_destroy(&g);
        spec.terms = failing_terms;
        assert_int_equal(magnet_create(world, &spec, "uniform: [1, 0, 0]", &g), 0);
        assert_int_equal(magnet_run(&g, stage, 0), WEISS_ERR_INTERNAL);
        assert_string_equal(weiss_error_text(world), "the sample melted");
        weiss_clear_error(world);
        magnet_destroy(&g);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_spin_follows_the_formula),
        cmocka_unit_test(precession_has_28_GHz_per_tesla),
        cmocka_unit_test(switching_time_is_that_of_the_formula),
        cmocka_unit_test(length_is_kept),
        cmocka_unit_test(rows_and_fields_come_on_time),
        cmocka_unit_test(torque_can_stop_it),
        cmocka_unit_test(methods_agree),
        cmocka_unit_test(resumed_equals_uninterrupted),
        cmocka_unit_test(ranks_agree),
        cmocka_unit_test(short_pulses_are_not_overlooked),
        cmocka_unit_test(nothing_moves_without_torque),
        cmocka_unit_test(a_magnet_at_rest_takes_few_steps),
        cmocka_unit_test(failures_are_reported),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &world), 0);
    assert_int_equal(weiss_context_create(MPI_COMM_SELF, &self), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(self);
    weiss_context_destroy(world);
    MPI_Finalize();
    return failed;
}
