/* Any number of ranks gives the fields, energies, columns and means that one rank gives. */
#include "body.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "everything.h"

static weiss_context *world, *self;
static test_body spread, whole;

/* The hierarchical boundary operator depends on how its rows are distributed. */
static double tolerance(const char *name)
{
    return strcmp(name, "demag") == 0 ? 1e-4 : 1e-11;
}

static int fail_with(weiss_context *ctx)
{
    fprintf(stderr, "%s\n", weiss_error_text(ctx));
    return -1;
}

static int start(void **state)
{
    (void)state;
    if (test_body_create(world, &everything, &spread) != 0)
        return fail_with(world);
    return test_body_create(self, &everything, &whole) != 0 ? fail_with(self) : 0;
}

static int end(void **state)
{
    (void)state;
    test_body_destroy(&spread);
    test_body_destroy(&whole);
    return 0;
}

/* A random state, its field and energy by one term of the table, for one of the bodies. */
typedef struct result {
    double *field;
    double energy, mean[3];
    int ncolumns;
    double columns[8];
} result;

static result compute(const test_body *body, const weiss_term_class *class)
{
    const weiss_term_class *const alone[] = {class, NULL};
    weiss_effective *effective;
    result r = {.field = test_calloc(3 * (size_t)body->mesh->nowned, sizeof(double))};
    double *m = test_calloc(3 * (size_t)body->mesh->nlocal, sizeof *m);
    assert_int_equal(test_random_directions(body, 5, m), 0);
    const weiss_point at = {.time = 0.1e-9, .m = m};
    assert_int_equal(weiss_effective_create(body->space, alone, &effective), 0);
    assert_int_equal(weiss_effective_evaluate(effective, &at, r.field, &r.energy), 0);
    r.ncolumns = weiss_effective_column_count(effective);
    assert_in_range(r.ncolumns, 0, 8);
    assert_int_equal(weiss_effective_column_values(effective, &at, r.columns), 0);
    assert_int_equal(weiss_space_mean(body->space, m, r.mean), 0);
    weiss_effective_destroy(effective);
    test_free(m);
    return r;
}

static double compare_fields(const double *mine, const double *reference)
{
    double *expected = test_calloc(3 * (size_t)whole.mesh->nowned, sizeof *expected), worst[2] = {0, 0};
    for (weiss_lidx i = 0; i < whole.mesh->nowned; i++)
        memcpy(expected + 3 * whole.mesh->original[i], reference + 3 * (size_t)i, 3 * sizeof *expected);
    for (weiss_lidx i = 0; i < spread.mesh->nowned; i++)
        for (int k = 0; k < 3; k++) {
            double there = expected[3 * spread.mesh->original[i] + k];
            worst[0] = fmax(worst[0], fabs(mine[3 * i + k] - there));
            worst[1] = fmax(worst[1], fabs(there));
        }
    test_free(expected);
    MPI_Allreduce(MPI_IN_PLACE, worst, 2, MPI_DOUBLE, MPI_MAX, weiss_comm(world));
    return worst[0] / worst[1];
}

static void ranks_agree(void **state)
{
    (void)state;
    for (const weiss_term_class *const *class = weiss_term_table; *class; class ++) {
        const char *name = (*class)->name;
        result many = compute(&spread, *class), one = compute(&whole, *class);
        double difference = compare_fields(many.field, one.field);
        if (!(difference <= tolerance(name)))
            fail_msg("%s: the field differs by %g of its largest value", name, difference);
        assert_true(fabs(many.energy - one.energy) <= tolerance(name) * fabs(one.energy));
        assert_int_equal(many.ncolumns, one.ncolumns);
        for (int k = 0; k < one.ncolumns; k++)
            assert_true(fabs(many.columns[k] - one.columns[k]) <= 1e-11 * fabs(one.columns[k]));
        for (int k = 0; k < 3; k++)
            assert_true(fabs(many.mean[k] - one.mean[k]) <= 1e-14);
        test_free(many.field);
        test_free(one.field);
    }
    assert_true(fabs(spread.space->total_moment / whole.space->total_moment - 1) < 1e-13);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranks_agree)};
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &world), 0);
    assert_int_equal(weiss_context_create(MPI_COMM_SELF, &self), 0);
    int failed = cmocka_run_group_tests(tests, start, end);
    weiss_context_destroy(self);
    weiss_context_destroy(world);
    MPI_Finalize();
    return failed;
}
