/* The right side is perpendicular to m, its derivative is what finite differences say, and each
 * preconditioner is the inverse it claims to be where that can be known. */
#include "evolve/llg.h"
#include "evolve/preconditioner.h"
#include "magnet.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *ctx;

static const test_body_spec body = {
    .size = {20e-9, 16e-9, 12e-9},
    .cells = {5, 4, 3},
    .text = "materials:\n"
            "  a: {Ms: 0.86e6 A/m, A: 13e-12 J/m, alpha: 0.3, gamma: 2.0e5,\n"
            "      uniaxial: {K1: 5e5 J/m^3, K2: 2e5 J/m^3, axis: [1, 2, 3]}}\n"
            "regions: {1: a}\n"
            "applied: [0, 30 mT, 10 mT]\n",
    .terms = magnet_terms,
};

static double norm(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return sqrt(sum);
}

typedef struct bench {
    magnet magnet;
    weiss_llg *llg;
    size_t n; /* 3 * nowned */
    double *m, *v, *f, *g, *Jv;
} bench;

static bench *start(const char *initial)
{
    bench *b = test_calloc(1, sizeof *b);
    assert_int_equal(magnet_create(ctx, &body, initial, &b->magnet), 0);
    assert_int_equal(weiss_llg_create(b->magnet.state, &b->llg), 0);
    b->n = 3 * b->llg->nowned;
    double **room[] = {&b->m, &b->v, &b->f, &b->g, &b->Jv};
    for (int k = 0; k < 5; k++)
        *room[k] = test_calloc(b->n + 1, sizeof(double));
    memcpy(b->m, b->magnet.state->m, b->n * sizeof *b->m);
    for (size_t i = 0; i < b->n; i++)
        b->v[i] = test_random(3, 3 * (uint64_t)b->magnet.state->mesh->original[i / 3] + i % 3);
    return b;
}

static void finish(bench *b)
{
    double *room[] = {b->m, b->v, b->f, b->g, b->Jv};
    for (int k = 0; k < 5; k++)
        test_free(room[k]);
    weiss_llg_destroy(b->llg);
    magnet_destroy(&b->magnet);
    test_free(b);
}

static void right_side_is_perpendicular(void **state)
{
    (void)state;
    bench *b = start("random: 4");
    assert_int_equal(weiss_llg_evaluate(b->llg, 0, b->m, b->f), 0);
    double largest = norm(b->f, b->n);
    for (size_t i = 0; i < b->llg->nowned; i++)
        assert_true(fabs(b->m[3 * i] * b->f[3 * i] + b->m[3 * i + 1] * b->f[3 * i + 1] +
                         b->m[3 * i + 2] * b->f[3 * i + 2]) < 1e-12 * largest);
    finish(b);
}

static void product_is_the_derivative(void **state)
{
    (void)state;
    bench *b = start("random: 4");
    const double h = 1e-6;
    for (int sign = -1; sign <= 1; sign += 2) {
        for (size_t i = 0; i < b->n; i++)
            b->m[i] = b->magnet.state->m[i] + sign * h * b->v[i];
        assert_int_equal(weiss_llg_evaluate(b->llg, 0, b->m, sign < 0 ? b->f : b->g), 0);
    }
    assert_int_equal(weiss_llg_evaluate(b->llg, 0, b->magnet.state->m, b->Jv), 0);
    assert_int_equal(weiss_llg_product(b->llg, b->v, b->Jv), 0);
    double size = norm(b->Jv, b->n);
    for (size_t i = 0; i < b->n; i++)
        b->g[i] = (b->g[i] - b->f[i]) / (2 * h) - b->Jv[i];
    assert_true(norm(b->g, b->n) < 1e-8 * size);
    assert_true(size > 0);
    finish(b);
}

/** Residual of preconditioner applied to (I - gamma J) v, relative to v. */
static double quality(bench *b, weiss_preconditioner_kind kind, double gamma)
{
    weiss_preconditioner *pre;
    assert_int_equal(weiss_preconditioner_create(b->llg, kind, &pre), 0);
    assert_int_equal(weiss_llg_evaluate(b->llg, 0, b->m, b->f), 0);
    assert_int_equal(weiss_llg_product(b->llg, b->v, b->Jv), 0);
    assert_int_equal(weiss_preconditioner_setup(pre, gamma), 0);
    for (size_t i = 0; i < b->n; i++)
        b->g[i] = b->v[i] - gamma * b->Jv[i];
    weiss_float4 *z = test_calloc(b->llg->nowned + 1, sizeof *z);
    weiss_preconditioner_apply(pre, b->g, z);
    for (size_t i = 0; i < b->n; i++)
        b->f[i] = z[i / 3][i % 3] - b->v[i];
    test_free(z);
    weiss_preconditioner_destroy(pre);
    return norm(b->f, b->n) / norm(b->v, b->n);
}

static void preconditioners_approximate_the_inverse(void **state)
{
    (void)state;
    bench *b = start("vortex: {core_radius: 5 nm}");
    /* Short steps: the exact inverse to first order in gamma, so that a tenth of gamma gives a tenth of the
     * error or less */
    double diagonal = quality(b, WEISS_PRECONDITION_DIAGONAL, 1e-14);
    double sweep = quality(b, WEISS_PRECONDITION_GAUSS_SEIDEL, 1e-14);
    assert_true(quality(b, WEISS_PRECONDITION_DIAGONAL, 1e-15) < 0.12 * diagonal);
    /* One sweep leaves out only L D^-1 U, of second order. */
    if (weiss_size(ctx) == 1)
        assert_true(quality(b, WEISS_PRECONDITION_GAUSS_SEIDEL, 1e-15) < 0.02 * sweep);
    /* Long steps: the sweep is the better one. */
    assert_true(quality(b, WEISS_PRECONDITION_GAUSS_SEIDEL, 1e-13) <
                quality(b, WEISS_PRECONDITION_DIAGONAL, 1e-13));
    assert_true(quality(b, WEISS_PRECONDITION_NONE, 1e-13) > 0.1);
    finish(b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_side_is_perpendicular),
        cmocka_unit_test(product_is_the_derivative),
        cmocka_unit_test(preconditioners_approximate_the_inverse),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
