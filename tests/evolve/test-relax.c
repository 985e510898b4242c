/* Stages relax and hysteresis: Bloch wall and Stoner-Wohlfarth against their formulas, minima that agree on
 * any number of ranks, and honest words when a relaxation did not converge. */
#include "magnet.h"

#include "base/units.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *world, *self;

#define MS 8e5
#define A 13e-12
#define K 1e5

static const test_body_spec strip = {
    .size = {400e-9, 4e-9, 4e-9},
    .cells = {200, 1, 1},
    .text = "materials:\n"
            "  a: {Ms: 8e5 A/m, A: 13e-12 J/m, alpha: 0.5, uniaxial: {K1: 1e5 J/m^3, axis: [0, 0, 1]}}\n",
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

/** Largest |dm/dx| of the strip: at the middle of the wall. */
static double steepest_turn(const magnet *g)
{
    const weiss_mesh *mesh = g->state->mesh;
    double steepest = 0;
    for (weiss_lidx e = 0; e < mesh->ntets; e++) {
        double gradient[4][3], turn = 0;
        weiss_mesh_gradients(mesh, e, gradient);
        for (int k = 0; k < 3; k++) {
            double d = 0;
            for (int v = 0; v < 4; v++)
                d += gradient[v][0] *
                     g->state->m[3 * (size_t)mesh->tet[4 * (size_t)e + (size_t)v] + (size_t)k];
            turn += d * d;
        }
        steepest = fmax(steepest, sqrt(turn));
    }
    MPI_Allreduce(MPI_IN_PLACE, &steepest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return steepest;
}

static void bloch_wall_has_its_width_and_energy(void **state)
{
    (void)state;
    magnet g;
    const double width = M_PI * sqrt(A / K), energy = 4 * sqrt(A * K) * 16e-18;
    /* From a wall of half the width. */
    assert_int_equal(magnet_create(world, &strip, "wall: {width: 18 nm, position: [5.3 nm, 0, 0]}", &g), 0);
    assert_int_equal(magnet_run(&g, "relax: 1 A/m", 0), 0);
    assert_int_equal(g.outcome, WEISS_OUTCOME_COMPLETE);
    assert_true(magnet_last(&g)->max_torque < 1);
    assert_true(fabs(magnet_last(&g)->energy_total - energy) < 2e-3 * energy);
    /* Width of the profile at its middle: the slope there is pi / width. */
    assert_true(fabs(M_PI / steepest_turn(&g) - width) < 5e-3 * width);
    assert_true(g.steps < 300);
    magnet_destroy(&g);
}

/** Reduced field at which mz changes its sign, for an easy axis at @p degrees from z. */
static double switching_field(int degrees, bool *switched)
{
    char text[256], stage[256];
    test_body_spec spec = {
        .size = {4e-9, 4e-9, 4e-9}, .cells = {1, 1, 1}, .terms = magnet_terms, .text = text};
    const double psi = degrees * M_PI / 180, Hk = 2 * K / (WEISS_MU0 * MS);
    magnet g;
    snprintf(text, sizeof text,
             "materials:\n  a: {Ms: 8e5 A/m, A: 13e-12 J/m, alpha: 0.5, uniaxial: {K1: 1e5 J/m^3, axis: "
             "[%.12g, 0, %.12g]}}\n",
             sin(psi), cos(psi));
    snprintf(stage, sizeof stage,
             "hysteresis: {from: [0, 0, 0], to: [0, 0, %.12g], steps: 110, torque: 1, stop_when: mz < -1e-3}",
             -1.1 * Hk);
    assert_int_equal(magnet_create(world, &spec, "uniform: [0, 0, 1]", &g), 0);
    assert_int_equal(magnet_run(&g, stage, 0), 0);
    *switched = g.outcome == WEISS_OUTCOME_CONDITION;
    double last = -g.column[g.nrows - 1][2], before = -g.column[g.nrows - 2][2];
    assert_true(fabs(last - before - 0.01 * Hk) < 1e-6 * Hk);
    magnet_destroy(&g);
    return 0.5 * (last + before) / Hk;
}

static void stoner_wohlfarth_particles_switch_where_they_must(void **state)
{
    (void)state;
    static const int angles[] = {0, 15, 30, 45};
    for (int i = 0; i < 4; i++) {
        double c = cos(angles[i] * M_PI / 180), s = sin(angles[i] * M_PI / 180);
        double expected = pow(pow(c, 2.0 / 3) + pow(s, 2.0 / 3), -1.5);
        bool switched;
        double found = switching_field(angles[i], &switched);
        assert_true(switched);
        assert_true(fabs(found - expected) < 0.011);
    }
}

static void a_full_loop_comes_back(void **state)
{
    (void)state;
    magnet g;
    assert_int_equal(magnet_create(world, &body, "uniform: [0, 0, 1]", &g), 0);
    assert_int_equal(
        magnet_run(
            &g, "hysteresis: {from: [0, 0, 1 T], to: [0, 0, -1 T], steps: 8, back: true, fields: true}", 0),
        0);
    assert_int_equal(g.outcome, WEISS_OUTCOME_COMPLETE);
    assert_int_equal(g.nrows, 17);
    assert_int_equal(g.nsnapshots, 17);
    assert_true(g.row[0].mean[2] > 0.9 && g.row[8].mean[2] < -0.9);
    assert_true(fabs(g.row[0].mean[2] - g.row[16].mean[2]) < 1e-4);
    /* Remanence on both branches. */
    assert_true(g.row[4].mean[2] > 0.5 && g.row[12].mean[2] < -0.5);
    for (int r = 0; r < 17; r++)
        assert_true(g.row[r].max_torque < 10.1);
    magnet_destroy(&g);
}

static void minima_agree_on_any_number_of_ranks(void **state)
{
    (void)state;
    magnet alone, together;
    assert_int_equal(magnet_create(self, &body, "vortex: {core_radius: 8 nm}", &alone), 0);
    assert_int_equal(magnet_create(world, &body, "vortex: {core_radius: 8 nm}", &together), 0);
    assert_int_equal(magnet_run(&alone, "relax: 0.1 A/m", 0), 0);
    assert_int_equal(magnet_run(&together, "relax: 0.1 A/m", 0), 0);
    assert_int_equal(together.outcome, WEISS_OUTCOME_COMPLETE);
    for (int k = 0; k < 3; k++)
        assert_true(fabs(magnet_last(&alone)->mean[k] - magnet_last(&together)->mean[k]) < 1e-5);
    double energy = magnet_last(&alone)->energy_total;
    assert_true(fabs(magnet_last(&together)->energy_total - energy) < 1e-8 * fabs(energy));
    magnet_destroy(&alone);
    magnet_destroy(&together);
}

static void random_states_relax(void **state)
{
    (void)state;
    for (int seed = 1; seed <= 3; seed++) {
        char initial[32];
        magnet g;
        snprintf(initial, sizeof initial, "random: %d", seed);
        assert_int_equal(magnet_create(world, &body, initial, &g), 0);
        assert_int_equal(magnet_run(&g, "relax: {}", 0), 0);
        assert_int_equal(g.outcome, WEISS_OUTCOME_COMPLETE);
        assert_true(magnet_last(&g)->max_torque < 10);
        assert_true(magnet_last(&g)->energy_total < g.row[0].energy_total);
        assert_true(g.steps < 1000);
        magnet_destroy(&g);
    }
}

static void saddle_points_need_a_perturbation(void **state)
{
    (void)state;
    test_body_spec spec = strip;
    magnet g;
    spec.text = "materials:\n  a: {Ms: 8e5 A/m, A: 13e-12 J/m, uniaxial: {K1: 1e5 J/m^3, axis: [0, 0, 1]}}\n"
                "applied: [0, 0, -400 mT]\n";
    assert_int_equal(magnet_create(world, &spec, "uniform: [0, 0, 1]", &g), 0);
    assert_int_equal(magnet_run(&g, "relax: {}", 0), 0);
    assert_true(magnet_last(&g)->mean[2] > 0.99);
    assert_int_equal(magnet_run(&g, "relax: {perturb: 0.1 deg}", 1), 0);
    assert_true(magnet_last(&g)->mean[2] < -0.99);
    magnet_destroy(&g);
}

static void giving_up_is_said(void **state)
{
    (void)state;
    magnet g;
    assert_int_equal(magnet_create(world, &body, "random: 2", &g), 0);
    assert_int_equal(magnet_run(&g, "relax: {torque: 1, max_iterations: 3}", 0), 0);
    assert_int_equal(g.outcome, WEISS_OUTCOME_NOT_CONVERGED);
    assert_int_equal(g.steps, 3);
    assert_non_null(strstr(g.reason, "not converged: torque"));
    assert_non_null(strstr(g.reason, "after 3 iterations"));
    /* Less than rounding allows. */
    assert_int_equal(magnet_run(&g, "relax: 1e-12 A/m", 0), 0);
    assert_int_equal(g.outcome, WEISS_OUTCOME_NOT_CONVERGED);
    assert_true(g.steps < 5000);
    assert_true(magnet_last(&g)->max_torque < 1e-3);
    assert_int_equal(
        magnet_run(
            &g,
            "hysteresis: {from: [0, 0, 1 T], to: [0, 0, -1 T], steps: 2, max_iterations: 1, torque: 1e-3}",
            0),
        0);
    assert_int_equal(g.outcome, WEISS_OUTCOME_NOT_CONVERGED);
    assert_non_null(strstr(g.reason, "not converged at 3 of 3 fields"));
    magnet_destroy(&g);
}

static void conditions_stop_it(void **state)
{
    (void)state;
    magnet g;
    assert_int_equal(magnet_create(world, &body, "uniform: [1, 0, 0.1]", &g), 0);
    assert_int_equal(magnet_run(&g, "relax: {torque: 1e-3, stop_when: mx < 0.9}", 0), 0);
    assert_int_equal(g.outcome, WEISS_OUTCOME_CONDITION);
    assert_true(magnet_last(&g)->mean[0] < 0.9 && magnet_last(&g)->mean[0] > 0.5);
    magnet_destroy(&g);
}

static void a_loop_can_be_resumed(void **state)
{
    (void)state;
    const char *stage = "hysteresis: {from: [0, 0, 1 T], to: [0, 0, -1 T], steps: 10}";
    magnet whole, parts;
    assert_int_equal(magnet_create(world, &body, "uniform: [0, 0, 1]", &whole), 0);
    assert_int_equal(magnet_run(&whole, stage, 0), 0);
    assert_int_equal(magnet_create(world, &body, "uniform: [0, 0, 1]", &parts), 0);
    parts.stop_after_steps = (int)whole.steps / 2;
    assert_int_equal(magnet_run(&parts, stage, 0), WEISS_STOPPED);
    assert_true(parts.nrows > 1 && parts.nrows < 11);
    parts.stop_after_steps = 0;
    assert_int_equal(magnet_resume(&parts, stage, 0), 0);
    assert_int_equal(parts.nrows, whole.nrows);
    for (int r = 0; r < whole.nrows; r++)
        for (int k = 0; k < 3; k++) {
            assert_true(parts.column[r][k] == whole.column[r][k]);
            assert_true(fabs(parts.row[r].mean[k] - whole.row[r].mean[k]) < 1e-3);
        }
    magnet_destroy(&whole);
    magnet_destroy(&parts);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bloch_wall_has_its_width_and_energy),
        cmocka_unit_test(stoner_wohlfarth_particles_switch_where_they_must),
        cmocka_unit_test(a_full_loop_comes_back),
        cmocka_unit_test(minima_agree_on_any_number_of_ranks),
        cmocka_unit_test(random_states_relax),
        cmocka_unit_test(saddle_points_need_a_perturbation),
        cmocka_unit_test(giving_up_is_said),
        cmocka_unit_test(conditions_stop_it),
        cmocka_unit_test(a_loop_can_be_resumed),
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
