/* Energies and fields of the terms against closed formulas: a helix, anisotropies along given directions, an applied
 * field over one region, several materials in one body. */
#include "body.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *ctx;

static test_body make_body(const test_body_spec *spec)
{
    test_body body;
    if (test_body_create(ctx, spec, &body) != 0)
        fail_msg("%s", weiss_error_text(ctx));
    return body;
}

static void set_uniform(const test_body *body, const double direction[3], double *m)
{
    for (weiss_lidx i = 0; i < body->mesh->nlocal; i++)
        memcpy(m + 3 * (size_t)i, direction, 3 * sizeof *m);
}

/* Energy of one term, and its field at the first owned node unless NULL. */
static double energy_of(const test_body *body, const char *name, const double *m, double field[3])
{
    weiss_effective *effective;
    const weiss_point at = {.time = 0, .m = m};
    double *h = test_calloc(3 * (size_t)body->mesh->nowned, sizeof *h), energy;
    for (const weiss_term_class *const *class = weiss_term_table; *class; class ++) {
        const weiss_term_class *const alone[] = {*class, NULL};
        if (strcmp((*class)->name, name) != 0)
            continue;
        if (weiss_effective_create(body->space, alone, &effective) != 0)
            fail_msg("%s", weiss_error_text(ctx));
        assert_int_equal(weiss_effective_count(effective), 1);
        assert_int_equal(weiss_effective_evaluate(effective, &at, h, &energy), 0);
        weiss_effective_destroy(effective);
    }
    if (field)
        memcpy(field, h, 3 * sizeof *h);
    test_free(h);
    return energy;
}

static void assert_near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("found %.12g, expected %.12g", found, expected);
}

/* m = (cos qx, sin qx, 0), q = 2 pi / L: the energy is A q^2 V. Linear elements of length h give 2 (1 - cos qh) / h^2 in
 * place of q^2 along their edges. */
static void helix(void **state)
{
    (void)state;
    const double A = 13e-12, L = 64e-9, q = 2 * M_PI / L, h = 1e-9;
    const test_body_spec spec = {.size = {L, 2e-9, 2e-9},
                                 .cells = {64, 2, 2},
                                 .text = "materials: {a: {Ms: 0.86e6 A/m, A: 13e-12 J/m}}\n"};
    test_body body = make_body(&spec);
    double *m = test_calloc(3 * (size_t)body.mesh->nlocal, sizeof *m);
    for (weiss_lidx i = 0; i < body.mesh->nlocal; i++) {
        m[3 * i] = cos(q * body.mesh->xyz[3 * i]);
        m[3 * i + 1] = sin(q * body.mesh->xyz[3 * i]);
    }
    double volume = body.space->total_volume, energy = energy_of(&body, "exchange", m, NULL);
    assert_near(energy, A * 2 * (1 - cos(q * h)) / (h * h) * volume, 1e-12);
    assert_near(energy, A * q * q * volume, 1e-3);
    test_free(m);
    test_body_destroy(&body);
}

/* Two materials in series: with m at angles 0 and c at the ends, the angle bends at the interface so that A dm/dx is
 * continuous. The force on the interface vanishes there, for the exact piecewise linear state of a small angle. */
static void interface_is_sharp(void **state)
{
    (void)state;
    const double small = 1e-4, cut = 4e-9, A[2] = {10e-12, 2.5e-12};
    const test_body_spec spec = {.size = {8e-9, 2e-9, 2e-9},
                                 .cells = {8, 2, 2},
                                 .cut = &cut,
                                 .ncuts = 1,
                                 .text = "materials: {a: {Ms: 1e6, A: 10e-12}, b: {Ms: 3e5, A: 2.5e-12}}\n"
                                         "regions: {1: a, 2: b}\n"};
    test_body body = make_body(&spec);
    double *m = test_calloc(3 * (size_t)body.mesh->nlocal, sizeof *m);
    double *h = test_calloc(3 * (size_t)body.mesh->nowned, sizeof *h), worst = 0, energy;
    weiss_effective *effective;
    for (weiss_lidx i = 0; i < body.mesh->nlocal; i++) {
        double x = body.mesh->xyz[3 * i];
        m[3 * i + 1] = small * x / A[x > 0] * 1e-3; /* the slope is inverse to A */
    }
    const weiss_point at = {.time = 0, .m = m};
    assert_int_equal(weiss_effective_create(body.space, weiss_term_table, &effective), 0);
    assert_int_equal(weiss_effective_evaluate_term(effective, "exchange", &at, h, &energy), 0);
    for (weiss_lidx i = 0; i < body.mesh->nowned; i++)
        if (fabs(body.mesh->xyz[3 * i]) < 3.9e-9)
            worst = fmax(worst, fabs(h[3 * i + 1]));
    const double slope[2] = {small * 1e-3 / A[0], small * 1e-3 / A[1]}, half = 4e-9 * 2e-9 * 2e-9;
    assert_near(energy, half * (A[0] * slope[0] * slope[0] + A[1] * slope[1] * slope[1]), 1e-9);
    assert_true(worst <
                1e-6 * 2 * A[1] * slope[1] / (WEISS_MU0 * 3e5 * 1e-9)); /* of the field that a kink makes */
    weiss_effective_destroy(effective);
    test_free(m);
    test_free(h);
    test_body_destroy(&body);
}

static void uniaxial_energy(void **state)
{
    (void)state;
    const test_body_spec spec = {
        .size = {4e-9, 4e-9, 4e-9},
        .cells = {2, 2, 2},
        .text = "materials: {a: {Ms: 1e6, uniaxial: {K1: 3e5 J/m^3, K2: -1e5 J/m^3, axis: [0, 0, 5]}}}\n"};
    test_body body = make_body(&spec);
    double *m = test_calloc(3 * (size_t)body.mesh->nlocal, sizeof *m), h[3];
    for (double t = 0; t < 3.2; t += 0.4) {
        const double direction[3] = {sin(t), 0, cos(t)}, s2 = sin(t) * sin(t);
        set_uniform(&body, direction, m);
        double energy = energy_of(&body, "uniaxial", m, h);
        assert_near(energy / body.space->total_volume + 1e6, 1e6 + 3e5 * s2 - 1e5 * s2 * s2, 1e-13);
        assert_near(h[2] + 1e6, 1e6 + 2 * cos(t) * (3e5 - 2e5 * s2) / (WEISS_MU0 * 1e6), 1e-13);
        assert_true(h[0] == 0 && h[1] == 0);
    }
    test_free(m);
    test_body_destroy(&body);
}

static void cubic_energy(void **state)
{
    (void)state;
    /* The axes are the cube's, turned by 45 degrees about z: u = (1, 1, 0) / sqrt 2, v = (-1, 1, 0) / sqrt 2. */
    const test_body_spec spec = {
        .size = {4e-9, 4e-9, 4e-9},
        .cells = {2, 2, 2},
        .text = "materials:\n  a: {Ms: 1e6, cubic: {K1: 4e4 J/m^3, K2: -3e4 J/m^3, K3: 2e4 "
                "J/m^3, axis1: [1, 1, 0], axis2: [-1, 1, 0]}}\n"};
    const struct {
        double m[3], e;
    } cases[] = {
        {{M_SQRT1_2, M_SQRT1_2, 0}, 0}, /* an edge, 100 */
        {{0, 0, -1}, 0}, /* another */
        {{1, 0, 0}, 4e4 / 4 + 2e4 / 16}, /* 110 */
        {{0, 0.81649658092772603, 0.57735026918962576}, 4e4 / 3 - 3e4 / 27 + 2e4 / 27}, /* 111 */
    };
    test_body body = make_body(&spec);
    double *m = test_calloc(3 * (size_t)body.mesh->nlocal, sizeof *m);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        set_uniform(&body, cases[k].m, m);
        assert_near(energy_of(&body, "cubic", m, NULL) / body.space->total_volume + 1e5, 1e5 + cases[k].e,
                    1e-12);
    }
    test_free(m);
    test_body_destroy(&body);
}

static void cubic_axes_must_be_perpendicular(void **state)
{
    (void)state;
    const test_body_spec spec = {
        .size = {4e-9, 4e-9, 4e-9},
        .cells = {2, 2, 2},
        .text = "materials: {a: {Ms: 1e6, cubic: {K1: 1, axis1: [1, 1, 0], axis2: [0, 1, 0]}}}\n"};
    test_body body = make_body(&spec);
    weiss_effective *effective;
    assert_int_equal(weiss_effective_create(body.space, weiss_term_table, &effective), WEISS_ERR_VALUE);
    assert_null(effective);
    assert_non_null(strstr(weiss_error_text(ctx), "45.00 degrees"));
    assert_non_null(strstr(weiss_error_text(ctx), "test.yaml:1"));
    weiss_clear_error(ctx);
    test_body_destroy(&body);
}

static void zeeman_energy(void **state)
{
    (void)state;
    const double cut = 3e-9;
    const test_body_spec spec = {
        .size = {4e-9, 4e-9, 4e-9},
        .cells = {4, 2, 2},
        .cut = &cut,
        .ncuts = 1,
        .text = "materials: {a: {Ms: 1e6}, b: {Ms: 4e5}}\n"
                "regions: {1: a, 2: b}\n"
                "applied: [{field: [0, 0, 10 mT]}, {field: [5e3, 0, 2e3], regions: [2]}]\n"};
    test_body body = make_body(&spec);
    double *m = test_calloc(3 * (size_t)body.mesh->nlocal, sizeof *m);
    const double V[2] = {48e-27, 16e-27}, direction[3] = {0.6, 0, 0.8}, H = 10e-3 / WEISS_MU0;
    set_uniform(&body, direction, m);
    double expected = -WEISS_MU0 * (1e6 * V[0] * 0.8 * H + 4e5 * V[1] * (0.6 * 5e3 + 0.8 * (H + 2e3)));
    assert_near(energy_of(&body, "applied", m, NULL), expected, 1e-12);
    test_free(m);
    test_body_destroy(&body);
}

static void terms_not_asked_for_are_left_out(void **state)
{
    (void)state;
    const test_body_spec spec = {
        .size = {4e-9, 4e-9, 4e-9}, .cells = {2, 2, 2}, .text = "materials: {a: {Ms: 1e6}}\n"};
    test_body body = make_body(&spec);
    weiss_effective *effective;
    assert_int_equal(weiss_effective_create(body.space, weiss_term_table, &effective), 0);
    for (int i = 0; i < weiss_effective_count(effective); i++) {
        const char *name = weiss_effective_class(effective, i)->name;
        assert_true(strcmp(name, "applied") == 0 || strcmp(name, "demag") == 0);
    }
    double *m = test_calloc(3 * (size_t)body.mesh->nlocal, sizeof *m), energy = 1;
    double *h = test_calloc(3 * (size_t)body.mesh->nowned, sizeof *h);
    const weiss_point at = {.time = 0, .m = m};
    h[0] = 1;
    assert_int_equal(weiss_effective_evaluate_term(effective, "exchange", &at, h, &energy), 0);
    assert_true(energy == 0 && h[0] == 0);
    test_free(m);
    test_free(h);
    weiss_effective_destroy(effective);
    test_body_destroy(&body);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(helix),
        cmocka_unit_test(interface_is_sharp),
        cmocka_unit_test(uniaxial_energy),
        cmocka_unit_test(cubic_energy),
        cmocka_unit_test(cubic_axes_must_be_perpendicular),
        cmocka_unit_test(zeeman_energy),
        cmocka_unit_test(terms_not_asked_for_are_left_out),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
