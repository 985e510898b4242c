/* Initial states: what they look like, and that they do not depend on the ranks. */
#include "magnet.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *world, *self;

static const double cut[] = {16e-9};
static const test_body_spec body = {
    .size = {40e-9, 40e-9, 10e-9},
    .cells = {10, 10, 2},
    .cut = cut,
    .ncuts = 1,
    .text = "materials:\n  a: {Ms: 8e5 A/m, A: 13e-12 J/m}\nregions: {default: a}\n",
    .terms = magnet_terms,
};

static void make(magnet *g, const char *initial)
{
    assert_int_equal(magnet_create(world, &body, initial, g), 0);
    for (weiss_lidx i = 0; i < g->state->mesh->nlocal; i++) { /* normalised, ghosts too */
        const double *m = g->state->m + 3 * (size_t)i;
        assert_true(fabs(m[0] * m[0] + m[1] * m[1] + m[2] * m[2] - 1) < 1e-14);
    }
}

/** Checks m at every owned node against a function of its place. */
static void compare(const magnet *g, void (*expected)(const double x[3], double m[3]), double tolerance)
{
    for (size_t i = 0; i < (size_t)g->state->mesh->nowned; i++) {
        double m[3];
        expected(g->state->mesh->xyz + 3 * i, m);
        for (int k = 0; k < 3; k++)
            assert_true(fabs(g->state->m[3 * i + (size_t)k] - m[k]) < tolerance);
    }
}

static void diagonal(const double x[3], double m[3])
{
    (void)x;
    m[0] = m[2] = sqrt(0.5);
    m[1] = 0;
}

static void vortex_about_z(const double x[3], double m[3])
{
    double r = hypot(x[0], x[1]), R = 10e-9, planar = r < R ? 2 * R / (r * r + R * R) : 1 / r;
    m[0] = planar * x[1]; /* clockwise */
    m[1] = -planar * x[0];
    m[2] = r < R ? -(R * R - r * r) / (r * r + R * R) : 0;
}

static void bloch_wall(const double x[3], double m[3])
{
    double u = (x[0] - 5e-9) * M_PI / 12e-9;
    m[0] = 0;
    m[1] = -1 / cosh(u); /* from z to -z by way of normal x left = -y */
    m[2] = -tanh(u);
}

static void neel_wall(const double x[3], double m[3])
{
    bloch_wall(x, m);
    m[0] = -m[1];
    m[1] = 0;
}

static void right_angle(const double x[3], double m[3])
{
    double turned = atan(exp(x[1] * M_PI / 12e-9)); /* a quarter turn in all */
    m[0] = cos(turned);
    m[1] = sin(turned);
    m[2] = 0;
}

static void helix_along_y(const double x[3], double m[3])
{
    double angle = 2 * M_PI * x[1] / 20e-9; /* starts at x, turns to y cross x = -z */
    m[0] = cos(angle);
    m[1] = 0;
    m[2] = -sin(angle);
}

static void halves(const double x[3], double m[3])
{
    m[0] = m[1] = m[2] = 0;
    if (x[0] < -4e-9 - 1e-12)
        m[0] = 1;
    else if (x[0] > -4e-9 + 1e-12)
        m[2] = -1;
}

static void states_are_as_described(void **state)
{
    (void)state;
    static const struct {
        const char *initial;
        void (*expected)(const double x[3], double m[3]);
    } cases[] = {
        {"uniform: [2, 0, 2]", diagonal},
        {"vortex: {chirality: clockwise, polarity: down, core_radius: 10 nm}", vortex_about_z},
        {"wall: {position: [5 nm, 0, 0], width: 12 nm}", bloch_wall},
        {"wall: {position: [5 nm, 0, 0], width: 12 nm, through: [1, 0, 0]}", neel_wall},
        {"wall: {normal: [0, 1, 0], width: 12 nm, left: [1, 0, 0], right: [0, 1, 0]}", right_angle},
        {"helix: {axis: [0, 1, 0], period: 20 nm}", helix_along_y},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        magnet g;
        make(&g, cases[i].initial);
        compare(&g, cases[i].expected, 1e-9);
        magnet_destroy(&g);
    }
}

static void regions_have_their_directions(void **state)
{
    (void)state;
    magnet g;
    make(&g, "regions: {1: [1, 0, 0], default: [0, 0, -3]}");
    for (size_t i = 0; i < (size_t)g.state->mesh->nowned; i++) {
        const double *x = g.state->mesh->xyz + 3 * i, *m = g.state->m + 3 * i;
        double expected[3];
        halves(x, expected);
        if (fabs(x[0] + 4e-9) < 1e-12) /* at the interface: one of the two */
            assert_true(m[0] == 1 || m[2] == -1);
        else
            assert_true(m[0] == expected[0] && m[2] == expected[2]);
    }
    assert_int_equal(magnet_set(&g, "regions: {1: [1, 0, 0]}"), WEISS_ERR_VALUE);
    assert_non_null(strstr(weiss_error_text(world), "region 2"));
    weiss_clear_error(world);
    assert_int_equal(magnet_set(&g, "regions: {default: [1, 0, 0], 7: [0, 0, 1]}"), WEISS_ERR_VALUE);
    assert_non_null(strstr(weiss_error_text(world), "no magnetic region \"7\""));
    weiss_clear_error(world);
    magnet_destroy(&g);
}

static void random_states_do_not_depend_on_ranks(void **state)
{
    (void)state;
    magnet one, all, other;
    double a[3], b[3], c[3];
    assert_int_equal(magnet_create(self, &body, "random: 7", &one), 0);
    make(&all, "random: 7");
    make(&other, "random: {seed: 8}");
    assert_int_equal(weiss_space_mean(one.body.space, one.state->m, a), 0);
    assert_int_equal(weiss_space_mean(all.body.space, all.state->m, b), 0);
    assert_int_equal(weiss_space_mean(other.body.space, other.state->m, c), 0);
    double difference = 0;
    for (int k = 0; k < 3; k++) {
        assert_true(fabs(a[k] - b[k]) < 1e-12);
        assert_true(fabs(a[k]) < 0.2); /* 363 nodes: about 1 / sqrt(3 * 363) */
        difference += fabs(a[k] - c[k]);
    }
    assert_true(difference > 1e-3);
    magnet_destroy(&one);
    magnet_destroy(&all);
    magnet_destroy(&other);
}

static void a_vector_without_length_is_refused(void **state)
{
    (void)state;
    magnet g;
    make(&g, "uniform: [1, 0, 0]");
    if (weiss_rank(world) == weiss_size(world) - 1)
        memset(g.state->m, 0, 3 * sizeof *g.state->m);
    assert_int_equal(weiss_state_normalise(g.state), WEISS_ERR_VALUE);
    assert_non_null(strstr(weiss_error_text(world), "no direction"));
    weiss_clear_error(world);
    magnet_destroy(&g);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_as_described),
        cmocka_unit_test(regions_have_their_directions),
        cmocka_unit_test(random_states_do_not_depend_on_ranks),
        cmocka_unit_test(a_vector_without_length_is_refused),
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
