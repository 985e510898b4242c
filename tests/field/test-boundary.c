/* The boundary operator on surfaces made by hand: exact rows against what is known of them, stored rows against exact ones,
 * tolerances, several bodies, hollows, and any number of ranks. */
#include "field/demag/assembly.h"
#include "field/demag/boundary.h"

#include "surfaces.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *ctx;
static const double origin[3] = {0, 0, 0};

static weiss_surface box(double x, double y, double z, int nx, int ny, int nz)
{
    return weiss_test_box(origin, (double[3]){x, y, z}, (int[3]){nx, ny, nz});
}

/* Two cubes of different size, a hollow in the second, which holds a ball. */
static weiss_surface several_bodies(void)
{
    const double beside[3] = {1.3, 0, 0}, inside[3] = {1.7, 0.4, 0.4}, ball[3] = {2.3, 1, 1};
    weiss_surface s = box(1, 1, 1, 6, 6, 6);
    s = weiss_test_join(s, weiss_test_box(beside, (double[3]){2, 2, 2}, (int[3]){9, 9, 9}), 1);
    weiss_surface hollow = weiss_test_box(inside, (double[3]){1.2, 1.2, 1.2}, (int[3]){6, 6, 6});
    weiss_test_invert(&hollow);
    s = weiss_test_join(s, hollow, 1);
    return weiss_test_join(s, weiss_test_sphere(ball, 0.4, 2), 2);
}

static double smooth(const double *x, int which)
{
    return which == 0 ? x[0] - 0.3 * x[2] : sin(3 * x[0] + 1) * cos(2 * x[1]) + x[2] * x[2];
}

/* One u1 for all tests: smooth, plus noise from node to node. */
static double *make_u1(const weiss_surface *s, int which)
{
    double *u1 = test_calloc((size_t)s->nnodes, sizeof *u1);
    for (int64_t i = 0; i < s->nnodes; i++)
        u1[i] = which < 2 ? smooth(s->xyz + 3 * i, which) : cos(1.7 * (double)(i % 1009));
    return u1;
}

/* u2 at all surface nodes, on every rank. Each node must have exactly one row. */
static double *apply(weiss_context *on, weiss_boundary *b, const weiss_surface *s, const double *u1)
{
    int64_t n;
    const int64_t *row = weiss_boundary_rows(b, &n);
    double *mine = test_calloc((size_t)n + 1, sizeof *mine),
           *all = test_calloc((size_t)(2 * s->nnodes), sizeof *all);
    weiss_boundary_apply(b, u1, mine);
    for (int64_t i = 0; i < n; i++) {
        all[row[i]] += mine[i];
        all[s->nnodes + row[i]]++;
    }
    MPI_Allreduce(MPI_IN_PLACE, all, (int)(2 * s->nnodes), MPI_DOUBLE, MPI_SUM, weiss_comm(on));
    for (int64_t i = 0; i < s->nnodes; i++)
        assert_true(all[s->nnodes + i] == 1);
    test_free(mine);
    return all;
}

static weiss_boundary *make(weiss_context *on, const weiss_surface *s, weiss_boundary_kind kind,
                            double tolerance)
{
    weiss_boundary *b = NULL;
    weiss_boundary_options options = {kind, tolerance};
    if (weiss_boundary_create(on, s, &options, &b) != 0)
        fail_msg("%s", weiss_error_text(on));
    return b;
}

static void exact_rows_add_up_to_solid_angles(void **state)
{
    (void)state;
    weiss_surface s = several_bodies();
    weiss_facets *facets = NULL;
    assert_int_equal(weiss_facets_create(ctx, &s, 16, &facets), 0);
    double *row = test_calloc((size_t)s.nnodes, sizeof *row);
    int32_t *body = test_calloc((size_t)s.nnodes, sizeof *body);
    for (int64_t t = 0; t < s.ntriangles; t++)
        for (int k = 0; k < 3; k++)
            body[s.triangle[3 * t + k]] = s.body[t];
    for (int64_t i = 0; i < s.nnodes; i += 3) {
        double sum[3] = {0, 0, 0};
        weiss_exact_row(facets, i, row);
        for (int64_t j = 0; j < s.nnodes; j++)
            sum[body[j]] += row[j];
        const double *x = s.xyz + 3 * i, high[2][3] = {{1, 1, 1}, {3.3, 2, 2}};
        int on_sides = 0;
        for (int d = 0; d < 3 && body[i] == 0; d++)
            on_sides += fabs(x[d]) < 1e-12 || fabs(x[d] - high[0][d]) < 1e-12;
        for (int other = 0; other < 3; other++)
            if (other != body[i])
                assert_true(fabs(sum[other]) < 1e-10);
        /* On the first cube: an eighth at corners, a quarter at edges, a half on faces. */
        if (body[i] == 0)
            assert_true(fabs(sum[0] + pow(0.5, on_sides)) < 1e-10);
        else
            assert_true(sum[body[i]] < -0.1 && sum[body[i]] > -0.9);
    }
    test_free(row);
    test_free(body);
    weiss_facets_destroy(facets);
    weiss_test_free(&s);
}

static void flat_faces_are_found_at_any_angle(void **state)
{
    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        weiss_surface s = box(1, 2, 3, 5, 8, 12);
        weiss_facets *facets = NULL;
        if (turned)
            weiss_test_rotate(&s, 0.7);
        assert_int_equal(weiss_facets_create(ctx, &s, 16, &facets), 0);
        assert_int_equal(facets->nfaces, 1 + 6);
        assert_int_equal(facets->ncolumns,
                         2 * (6 * 9 + 9 * 13 + 13 * 6)); /* nodes of each face, edges twice */
        weiss_facets_destroy(facets);
        weiss_test_free(&s);
    }
    weiss_surface ball = weiss_test_sphere(origin, 1, 3);
    weiss_facets *facets = NULL;
    assert_int_equal(weiss_facets_create(ctx, &ball, 16, &facets), 0);
    assert_int_equal(facets->nfaces, 1);
    assert_int_equal(facets->ncolumns, ball.nnodes);
    weiss_facets_destroy(facets);
    weiss_test_free(&ball);
}

/* The compressed operator against the full one, for several tolerances and fields. */
static void compare(const char *name, weiss_surface s)
{
    weiss_boundary *full = make(ctx, &s, WEISS_BOUNDARY_DENSE, 1e-5);
    assert_false(weiss_boundary_figures_of(full)->hierarchical);
    for (double tolerance = 1e-2; tolerance > 2e-6; tolerance /= 10) {
        weiss_boundary *small = make(ctx, &s, WEISS_BOUNDARY_HIERARCHICAL, tolerance);
        const weiss_boundary_figures *figures = weiss_boundary_figures_of(small);
        assert_true(figures->hierarchical);
        assert_true(figures->error <= tolerance);
        assert_true(figures->rows_checked >= 40);
        assert_true(figures->bytes < weiss_boundary_figures_of(full)->bytes);
        for (int which = 0; which < 3; which++) {
            double *u1 = make_u1(&s, which), worst = 0, size = 0;
            double *expected = apply(ctx, full, &s, u1), *found = apply(ctx, small, &s, u1);
            for (int64_t i = 0; i < s.nnodes; i++) {
                worst = fmax(worst, fabs(found[i] - expected[i]));
                size = fmax(size, fabs(u1[i]));
            }
            if (worst > 2 * tolerance * size)
                fail_msg("%s, tolerance %g: the product is wrong by %g of %g", name, tolerance, worst, size);
            test_free(u1);
            test_free(expected);
            test_free(found);
        }
        weiss_boundary_destroy(small);
    }
    weiss_boundary_destroy(full);
    weiss_test_free(&s);
}

static void compression_keeps_the_tolerance(void **state)
{
    (void)state;
    compare("sphere", weiss_test_sphere(origin, 1, 3));
    compare("cube", box(1, 1, 1, 14, 14, 14));
    compare("film", box(1, 1, 0.01, 24, 24, 1));
    compare("bar", box(1, 1, 12, 4, 4, 48));
    compare("several bodies", several_bodies());
    weiss_surface turned = box(1, 2, 1, 9, 18, 9);
    weiss_test_rotate(&turned, 1);
    compare("turned box", turned);
}

/* The full operator against rows made one by one. */
static void full_operator_agrees_with_exact_rows(void **state)
{
    (void)state;
    weiss_surface s = several_bodies();
    weiss_facets *facets = NULL;
    weiss_boundary *full = make(ctx, &s, WEISS_BOUNDARY_DENSE, 1e-5);
    double *u1 = make_u1(&s, 2), *u2 = apply(ctx, full, &s, u1),
           *row = test_calloc((size_t)s.nnodes, sizeof *row);
    double mean[3] = {0, 0, 0}, count[3] = {0, 0, 0};
    int32_t *body = test_calloc((size_t)s.nnodes, sizeof *body);
    assert_int_equal(weiss_facets_create(ctx, &s, 16, &facets), 0);
    for (int64_t t = 0; t < s.ntriangles; t++)
        for (int k = 0; k < 3; k++)
            body[s.triangle[3 * t + k]] = s.body[t];
    for (int64_t i = 0; i < s.nnodes; i++) {
        mean[body[i]] += u1[i];
        count[body[i]]++;
    }
    for (int64_t i = 0; i < s.nnodes; i += 5) {
        double sum = 0, diagonal = -1;
        weiss_exact_row(facets, i, row);
        for (int64_t j = 0; j < s.nnodes; j++) {
            sum += row[j] * (u1[j] - mean[body[j]] / count[body[j]]);
            diagonal -= row[j];
        }
        sum += diagonal * (u1[i] - mean[body[i]] / count[body[i]]);
        assert_true(fabs(sum - u2[i]) < 3e-6);
    }
    test_free(u1);
    test_free(u2);
    test_free(row);
    test_free(body);
    weiss_facets_destroy(facets);
    weiss_boundary_destroy(full);
    weiss_test_free(&s);
}

static void constants_have_no_effect(void **state)
{
    (void)state;
    weiss_surface s = several_bodies();
    weiss_boundary *b = make(ctx, &s, WEISS_BOUNDARY_HIERARCHICAL, 1e-3);
    double *u1 = make_u1(&s, 1), *before = apply(ctx, b, &s, u1);
    for (int64_t t = 0; t < s.ntriangles; t++)
        for (int k = 0; k < 3; k++)
            u1[s.triangle[3 * t + k]] = smooth(s.xyz + 3 * s.triangle[3 * t + k], 1) + 100 * (s.body[t] + 1);
    double *after = apply(ctx, b, &s, u1);
    for (int64_t i = 0; i < s.nnodes; i++)
        assert_true(fabs(after[i] - before[i]) < 1e-5);
    test_free(u1);
    test_free(before);
    test_free(after);
    weiss_boundary_destroy(b);
    weiss_test_free(&s);
}

static void ranks_agree_and_repeat(void **state)
{
    (void)state;
    weiss_context *self = NULL;
    weiss_surface s = box(1, 2, 0.5, 12, 20, 6);
    assert_int_equal(weiss_context_create(MPI_COMM_SELF, &self), 0);
    weiss_boundary *alone = make(self, &s, WEISS_BOUNDARY_HIERARCHICAL, 1e-4);
    weiss_boundary *shared = make(ctx, &s, WEISS_BOUNDARY_HIERARCHICAL, 1e-4);
    weiss_boundary *again = make(ctx, &s, WEISS_BOUNDARY_HIERARCHICAL, 1e-4);
    double *u1 = make_u1(&s, 1), *one = apply(self, alone, &s, u1), *many = apply(ctx, shared, &s, u1);
    double *repeated = apply(ctx, again, &s, u1);
    for (int64_t i = 0; i < s.nnodes; i++) {
        assert_true(fabs(one[i] - many[i]) < 1e-4 * 2);
        assert_true(many[i] == repeated[i]);
    }
    test_free(u1);
    test_free(one);
    test_free(many);
    test_free(repeated);
    weiss_boundary_destroy(alone);
    weiss_boundary_destroy(shared);
    weiss_boundary_destroy(again);
    weiss_context_destroy(self);
    weiss_test_free(&s);
}

static void triangle_without_area_is_refused(void **state)
{
    (void)state;
    weiss_surface s = box(1, 1, 1, 2, 2, 2);
    weiss_boundary *b = NULL;
    weiss_boundary_options options = {WEISS_BOUNDARY_AUTO, 1e-4};
    memcpy(s.xyz + 3 * s.triangle[0], s.xyz + 3 * s.triangle[1], 3 * sizeof *s.xyz);
    assert_int_equal(weiss_boundary_create(ctx, &s, &options, &b), WEISS_ERR_MESH);
    assert_non_null(strstr(weiss_error_text(ctx), "no area"));
    weiss_clear_error(ctx);
    weiss_test_free(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_rows_add_up_to_solid_angles),
        cmocka_unit_test(flat_faces_are_found_at_any_angle),
        cmocka_unit_test(full_operator_agrees_with_exact_rows),
        cmocka_unit_test(compression_keeps_the_tolerance),
        cmocka_unit_test(constants_have_no_effect),
        cmocka_unit_test(ranks_agree_and_repeat),
        cmocka_unit_test(triangle_without_area_is_refused),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
