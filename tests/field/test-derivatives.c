/* Every term of the table: its field is minus the derivative of its energy, its product the derivative of its field, and
 * what it gives for preconditioning agrees with its product. A new term is tested as soon as it is in the table, once
 * everything.h asks for it. */
#include "body.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "everything.h"

static weiss_context *ctx;
static test_body body;
static weiss_effective *effective;
static double *m, *shifted, *direction, *field, *other;

/* Energy and field of the hybrid method agree only as well as the mesh resolves the potential: its boundary part is not
 * the derivative of anything. All other terms must agree to rounding. */
static double tolerance(const char *name)
{
    return strcmp(name, "demag") == 0 ? 0.15 : 1e-7;
}

static size_t nowned3(void)
{
    return 3 * (size_t)body.mesh->nowned;
}

static double sum_over_ranks(double x)
{
    MPI_Allreduce(MPI_IN_PLACE, &x, 1, MPI_DOUBLE, MPI_SUM, weiss_comm(ctx));
    return x;
}

static weiss_point shift(double step)
{
    for (size_t i = 0; i < 3 * (size_t)body.mesh->nlocal; i++)
        shifted[i] = m[i] + step * direction[i];
    return (weiss_point){.time = 0.2e-9, .m = shifted};
}

static double energy(const char *name, double step)
{
    const weiss_point at = shift(step);
    double e;
    assert_int_equal(weiss_effective_evaluate_term(effective, name, &at, other, &e), 0);
    return e;
}

/* Random vectors at all nodes, or only at one. */
static void choose_direction(uint64_t seed, int64_t only)
{
    for (weiss_lidx i = 0; i < body.mesh->nowned; i++)
        for (uint64_t k = 0; k < 3; k++) {
            int64_t node = body.mesh->original[i];
            bool zero = only >= 0 && node != only;
            direction[3 * i + (weiss_lidx)k] = zero ? 0 : test_random(seed, 3 * (uint64_t)node + k);
        }
    assert_int_equal(weiss_halo_update(body.mesh, 3, direction), 0);
}

static void compare_energy_and_field(const char *name, uint64_t seed, int64_t only)
{
    const double h = 2e-3;
    double slope = 0, scale = 0;
    choose_direction(seed, only);
    const weiss_point at = shift(0);
    assert_int_equal(weiss_effective_evaluate_term(effective, name, &at, field, NULL), 0);
    for (size_t i = 0; i < nowned3(); i++) {
        double part = -WEISS_MU0 * body.space->moment[i / 3] * field[i] * direction[i];
        slope += part;
        scale += fabs(part);
    }
    slope = sum_over_ranks(slope);
    scale = sum_over_ranks(scale);
    double measured =
        (8 * (energy(name, h) - energy(name, -h)) - energy(name, 2 * h) + energy(name, -2 * h)) / (12 * h);
    if (fabs(measured - slope) > tolerance(name) * scale)
        fail_msg("%s: the energy changes by %.10g J, the field says %.10g (scale %.3g)", name, measured,
                 slope, scale);
}

static void field_is_minus_derivative_of_energy(void **state)
{
    (void)state;
    for (int i = 0; i < weiss_effective_count(effective); i++) {
        const char *name = weiss_effective_class(effective, i)->name;
        for (uint64_t seed = 1; seed <= 3; seed++)
            compare_energy_and_field(name, seed, -1);
        for (int64_t node = 0; node < body.mesh->nnodes_global; node += 17)
            compare_energy_and_field(name, 4, node);
    }
}

/* (H(m + h v) - H(m - h v)) / 2h to fourth order, into `field`. */
static void differentiate(const char *name)
{
    const double h = 1e-3, weight[4] = {1, -8, 8, -1}, step[4] = {-2 * h, -h, h, 2 * h};
    memset(field, 0, nowned3() * sizeof *field);
    for (int k = 0; k < 4; k++) {
        const weiss_point at = shift(step[k]);
        assert_int_equal(weiss_effective_evaluate_term(effective, name, &at, other, NULL), 0);
        for (size_t i = 0; i < nowned3(); i++)
            field[i] += weight[k] * other[i] / (12 * h);
    }
}

static void assert_close(const char *what, const char *name, const double *found, const double *expected)
{
    double worst = 0, scale = 0;
    for (size_t i = 0; i < nowned3(); i++) {
        worst = fmax(worst, fabs(found[i] - expected[i]));
        scale = fmax(scale, fabs(expected[i]));
    }
    double both[2] = {worst, scale};
    MPI_Allreduce(MPI_IN_PLACE, both, 2, MPI_DOUBLE, MPI_MAX, weiss_comm(ctx));
    if (!(both[0] <= 1e-7 * both[1]))
        fail_msg("%s: %s differs by %g of %g A/m", name, what, both[0], both[1]);
}

static void product_is_derivative_of_field(void **state)
{
    (void)state;
    double *product = test_calloc(nowned3(), sizeof *product);
    for (int i = 0; i < weiss_effective_count(effective); i++) {
        const weiss_term_class *class = weiss_effective_class(effective, i);
        if (!class->product)
            continue;
        choose_direction(7, -1);
        differentiate(class->name);
        const weiss_term_class *const alone[] = {class, NULL};
        weiss_effective *one;
        assert_int_equal(weiss_effective_create(body.space, alone, &one), 0);
        const weiss_point at = {.time = 0.2e-9, .m = m};
        assert_int_equal(weiss_effective_product(one, &at, direction, product), 0);
        assert_close("the product", class->name, product, field);
        weiss_effective_destroy(one);
    }
    test_free(product);
}

/* Adds the diagonal blocks and the diagonals of the coupling matrices, times the direction. */
static void multiply_diagonal(weiss_effective *one, const double *blocks, double *out)
{
    const weiss_csr *coupling;
    memset(out, 0, nowned3() * sizeof *out);
    for (size_t i = 0; i < nowned3(); i++)
        for (size_t k = 0; k < 3; k++)
            out[i] += blocks[3 * i + k] * direction[3 * (i / 3) + k];
    for (int c = 0; (coupling = weiss_effective_coupling(one, c)); c++)
        for (weiss_lidx i = 0; i < coupling->nrows; i++)
            for (int64_t k = coupling->row_begin[i]; k < coupling->row_begin[i + 1]; k++)
                for (weiss_lidx l = 0; l < 3 && coupling->column[k] == i; l++)
                    out[3 * i + l] += coupling->value[k] * direction[3 * i + l];
}

static void compare_diagonal(const weiss_term_class *class, double *blocks, double *product)
{
    const weiss_term_class *const alone[] = {class, NULL};
    const weiss_point at = {.time = 0.2e-9, .m = m};
    weiss_effective *one;
    assert_int_equal(weiss_effective_create(body.space, alone, &one), 0);
    for (int64_t node = 0; node < body.mesh->nnodes_global; node += 23) {
        choose_direction(8, node);
        assert_int_equal(weiss_effective_product(one, &at, direction, product), 0);
        assert_int_equal(weiss_effective_diagonal(one, &at, blocks), 0);
        multiply_diagonal(one, blocks, other);
        for (size_t i = 0; i < nowned3(); i++)
            if (body.mesh->original[i / 3] != node)
                product[i] = 0;
        assert_close("the diagonal", class->name, other, product);
    }
    weiss_effective_destroy(one);
}

static void diagonal_agrees_with_product(void **state)
{
    (void)state;
    double *blocks = test_calloc(3 * nowned3(), sizeof *blocks);
    double *product = test_calloc(nowned3(), sizeof *product);
    for (int i = 0; i < weiss_effective_count(effective); i++) {
        const weiss_term_class *class = weiss_effective_class(effective, i);
        if (class->product && (class->diagonal || class->coupling))
            compare_diagonal(class, blocks, product);
    }
    test_free(blocks);
    test_free(product);
}

static void all_terms_are_active(void **state)
{
    (void)state;
    int n = 0;
    while (weiss_term_table[n])
        n++;
    assert_int_equal(weiss_effective_count(effective), n);
}

static int start(void **state)
{
    (void)state;
    if (test_body_create(ctx, &everything, &body) != 0 ||
        weiss_effective_create(body.space, weiss_term_table, &effective) != 0) {
        fprintf(stderr, "%s\n", weiss_error_text(ctx));
        return -1;
    }
    size_t n = 3 * (size_t)body.mesh->nlocal;
    m = test_calloc(n, sizeof *m);
    shifted = test_calloc(n, sizeof *shifted);
    direction = test_calloc(n, sizeof *direction);
    field = test_calloc(n, sizeof *field);
    other = test_calloc(n, sizeof *other);
    return test_random_directions(&body, 42, m);
}

static int end(void **state)
{
    (void)state;
    test_free(m);
    test_free(shifted);
    test_free(direction);
    test_free(field);
    test_free(other);
    weiss_effective_destroy(effective);
    test_body_destroy(&body);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_terms_are_active),
        cmocka_unit_test(field_is_minus_derivative_of_energy),
        cmocka_unit_test(product_is_derivative_of_field),
        cmocka_unit_test(diagonal_agrees_with_product),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, start, end);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
