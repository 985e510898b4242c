/* Lumped volumes, moments, damping and sites of a box of two materials, against the box's own numbers. */
#include "body.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "everything.h"

static weiss_context *ctx;

static double sum_over_ranks(double x)
{
    MPI_Allreduce(MPI_IN_PLACE, &x, 1, MPI_DOUBLE, MPI_SUM, weiss_comm(ctx));
    return x;
}

static void assert_near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-12 * fabs(expected)))
        fail_msg("found %.16g, expected %.16g", found, expected);
}

static void totals_are_those_of_the_box(void **state)
{
    (void)state;
    test_body body;
    assert_int_equal(test_body_create(ctx, &everything, &body), 0);
    const double soft = 12e-9 * 20e-9 * 16e-9, hard = 18e-9 * 20e-9 * 16e-9;
    assert_near(body.space->total_volume, soft + hard);
    assert_near(body.space->total_moment, 0.86e6 * soft + 0.4e6 * hard);
    test_body_destroy(&body);
}

static void sites_add_up_to_nodes_and_regions(void **state)
{
    (void)state;
    test_body body;
    assert_int_equal(test_body_create(ctx, &everything, &body), 0);
    const weiss_space *s = body.space;
    double volume[2] = {0, 0};
    for (weiss_lidx i = 0; i < body.mesh->nowned; i++) {
        double x = body.mesh->xyz[3 * i] + 15e-9, sum = 0;
        weiss_lidx first = s->site_begin[i], nsites = s->site_begin[i + 1] - first;
        bool interface = fabs(x - 12e-9) < 1e-12;
        assert_int_equal(nsites, interface ? 2 : 1);
        for (weiss_lidx k = first; k < first + nsites; k++) {
            assert_true(s->site_volume[k] > 0);
            sum += s->site_volume[k];
            volume[s->site_region[k]] += s->site_volume[k];
        }
        assert_near(sum, s->volume[i]);
        double Ms = s->moment[i] / s->volume[i];
        if (interface)
            assert_true(Ms > 0.41e6 && Ms < 0.85e6 && s->alpha[i] > 0.11 && s->alpha[i] < 0.49);
        else {
            assert_near(Ms, x < 12e-9 ? 0.86e6 : 0.4e6);
            assert_near(s->alpha[i], x < 12e-9 ? 0.5 : 0.1);
        }
    }
    assert_near(sum_over_ranks(volume[0]), 12e-9 * 20e-9 * 16e-9);
    assert_near(sum_over_ranks(volume[1]), 18e-9 * 20e-9 * 16e-9);
    test_body_destroy(&body);
}

static void mean_is_weighted_with_moments(void **state)
{
    (void)state;
    test_body body;
    assert_int_equal(test_body_create(ctx, &everything, &body), 0);
    double *m = test_calloc(3 * (size_t)body.mesh->nlocal, sizeof *m), mean[3];
    for (weiss_lidx i = 0; i < body.mesh->nowned; i++) {
        m[3 * i] = 1;
        m[3 * i + 2] = body.mesh->xyz[3 * i] + 15e-9 < 12.1e-9;
    }
    assert_int_equal(weiss_space_mean(body.space, m, mean), 0);
    assert_near(mean[0], 1);
    assert_true(mean[1] == 0);
    /* The soft part, and the hard sites of the interface: half a cell of 6 nm on the average of its triangles. */
    const double soft = 12e-9 * 20e-9 * 16e-9 * 0.86e6, layer = 3e-9 * 20e-9 * 16e-9 * 0.4e6;
    assert_near(mean[2], (soft + layer) / body.space->total_moment);
    test_free(m);
    test_body_destroy(&body);
}

static void region_without_material_is_an_error(void **state)
{
    (void)state;
    test_body body;
    test_body_spec spec = everything;
    spec.text = "materials: {soft: {Ms: 8e5 A/m}}\nregions: {1: soft}\n";
    assert_int_equal(test_body_create(ctx, &spec, &body), WEISS_ERR_VALUE);
    assert_non_null(strstr(weiss_error_text(ctx), "2"));
    weiss_clear_error(ctx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_are_those_of_the_box),
        cmocka_unit_test(sites_add_up_to_nodes_and_regions),
        cmocka_unit_test(mean_is_weighted_with_moments),
        cmocka_unit_test(region_without_material_is_an_error),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
