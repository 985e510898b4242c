/* The sparse matrix: its pattern, and both kernels of its product against a plain loop over all pairs of nodes. The source
 * is included so that the kernel for any processor is tested also where the other one is chosen. */
#include "../../src/field/csr.c"

#include "body.h"

#include <math.h>
#include <setjmp.h>

#include <cmocka.h>

static weiss_context *ctx;
static test_body body;
static weiss_csr matrix;
static double *v, *weight, *expected;
static double expected_dot;

typedef double kernel(const weiss_csr *, const double *, const double *, double *);

static void compare(kernel *multiply)
{
    double *out = test_calloc(3 * (size_t)matrix.nrows, sizeof *out);
    for (weiss_lidx i = 0; i < 3 * matrix.nrows; i++)
        out[i] = 0.5; /* the product is added */
    double dot = multiply(&matrix, v, weight, out);
    for (weiss_lidx i = 0; i < 3 * matrix.nrows; i++)
        assert_true(fabs(out[i] - 0.5 - expected[i]) < 1e-13);
    assert_true(fabs(dot - expected_dot) < 1e-11);
    assert_true(multiply(&matrix, v, NULL, out) == 0);
    for (weiss_lidx i = 0; i < 3 * matrix.nrows; i++)
        assert_true(fabs(out[i] - 0.5 - 2 * expected[i]) < 1e-13);
    test_free(out);
}

static void every_kernel_multiplies(void **state)
{
    (void)state;
    compare(weiss_csr_multiply_dot);
    compare(rows_plain);
#if defined __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        compare(rows_avx2);
#endif
}

static bool share_element(weiss_lidx i, weiss_lidx j)
{
    for (weiss_lidx e = 0; e < body.mesh->ntets; e++) {
        bool has_i = false, has_j = false;
        for (int a = 0; a < 4; a++) {
            has_i |= body.mesh->tet[4 * e + a] == i;
            has_j |= body.mesh->tet[4 * e + a] == j;
        }
        if (has_i && has_j)
            return true;
    }
    return false;
}

static void pattern_is_that_of_the_elements(void **state)
{
    (void)state;
    for (weiss_lidx i = 0; i < matrix.nrows; i++) {
        int64_t k = matrix.row_begin[i];
        for (weiss_lidx j = 0; j < body.mesh->nlocal; j++)
            if (share_element(i, j)) {
                assert_true(k < matrix.row_begin[i + 1] && matrix.column[k] == j);
                assert_ptr_equal(weiss_csr_entry(&matrix, i, j), &matrix.value[k]);
                k++;
            }
        assert_true(k == matrix.row_begin[i + 1]);
    }
}

/* Random entries, and what they give. */
static void fill(void)
{
    for (int64_t k = 0; k < matrix.row_begin[matrix.nrows]; k++)
        matrix.value[k] = test_random(1, (uint64_t)k);
    for (weiss_lidx j = 0; j < 3 * body.mesh->nlocal; j++)
        v[j] = test_random(2, (uint64_t)j);
    for (weiss_lidx i = 0; i < matrix.nrows; i++) {
        weight[i] = test_random(3, (uint64_t)i);
        for (int64_t k = matrix.row_begin[i]; k < matrix.row_begin[i + 1]; k++)
            for (weiss_lidx c = 0; c < 3; c++) {
                double part = matrix.value[k] * v[3 * matrix.column[k] + c];
                expected[3 * i + c] += part;
                expected_dot += weight[i] * v[3 * i + c] * part;
            }
    }
}

static int start(void **state)
{
    static const test_body_spec spec = {
        .size = {4e-9, 4e-9, 4e-9}, .cells = {4, 3, 2}, .text = "materials: {a: {Ms: 1e6}}\n"};
    (void)state;
    if (test_body_create(ctx, &spec, &body) != 0 || weiss_csr_create(body.mesh, &matrix) != 0)
        return -1;
    /* malloc of the very size: the sanitizers see a kernel that reads past the end. */
    v = malloc(3 * (size_t)body.mesh->nlocal * sizeof *v);
    weight = malloc((size_t)matrix.nrows * sizeof *weight);
    expected = test_calloc(3 * (size_t)matrix.nrows, sizeof *expected);
    fill();
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(v);
    free(weight);
    test_free(expected);
    weiss_csr_destroy(&matrix);
    test_body_destroy(&body);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_is_that_of_the_elements),
        cmocka_unit_test(every_kernel_multiplies),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, start, end);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
