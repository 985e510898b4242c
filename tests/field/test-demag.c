/* The demagnetising field of uniformly magnetised bodies, against closed formulas. */
#include "body.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MS 0.86e6
#define MATERIAL "materials: {permalloy: {Ms: 0.86e6 A/m}}\n"

static weiss_context *ctx;

/* Mean of H over the body divided by -Ms, and the energy, of a body magnetised along @p direction. */
typedef struct answer {
    double factor[3], energy;
} answer;

static const weiss_term_class *demag_class(void)
{
    for (const weiss_term_class *const *class = weiss_term_table; *class; class ++)
        if (strcmp((*class)->name, "demag") == 0)
            return *class;
    fail_msg("no term demag");
    return NULL;
}

static answer magnetise(const test_body *body, const double direction[3])
{
    const weiss_term_class *const alone[] = {demag_class(), NULL};
    const weiss_mesh *mesh = body->mesh;
    double *m = test_calloc(3 * (size_t)mesh->nlocal, sizeof *m),
           *h = test_calloc(3 * (size_t)mesh->nowned, sizeof *h);
    weiss_effective *effective = NULL;
    answer a = {{0, 0, 0}, 0};
    for (weiss_lidx i = 0; i < 3 * mesh->nlocal; i++)
        m[i] = direction[i % 3];
    const weiss_point at = {.m = m};
    if (weiss_effective_create(body->space, alone, &effective) != 0)
        fail_msg("%s", weiss_error_text(ctx));
    assert_int_equal(weiss_effective_count(effective), 1);
    assert_int_equal(weiss_effective_evaluate(effective, &at, h, &a.energy), 0);
    for (weiss_lidx i = 0; i < 3 * mesh->nowned; i++)
        a.factor[i % 3] -= h[i] * body->space->moment[i / 3] / body->space->total_moment / MS;
    MPI_Allreduce(MPI_IN_PLACE, a.factor, 3, MPI_DOUBLE, MPI_SUM, weiss_comm(ctx));
    weiss_effective_destroy(effective);
    test_free(m);
    test_free(h);
    return a;
}

static test_body make(const double size[3], const int64_t cells[3], const char *text)
{
    test_body_spec spec = {
        .size = {size[0], size[1], size[2]}, .cells = {cells[0], cells[1], cells[2]}, .text = text};
    test_body body;
    if (test_body_create(ctx, &spec, &body) != 0)
        fail_msg("%s", weiss_error_text(ctx));
    return body;
}

static void cube_has_a_third(void **state)
{
    (void)state;
    const double size[3] = {50e-9, 50e-9, 50e-9};
    const int64_t cells[3] = {10, 10, 10};
    test_body body = make(size, cells, MATERIAL);
    answer a = magnetise(&body, (double[3]){0, 0, 1});
    assert_true(fabs(a.factor[2] - 1.0 / 3) < 0.006);
    assert_true(fabs(a.factor[0]) < 1e-5 && fabs(a.factor[1]) < 1e-5);
    assert_true(fabs(a.energy / (0.5 * WEISS_MU0 * MS * MS * 125e-24 * a.factor[2]) - 1) < 1e-9);
    test_body_destroy(&body);
}

/* A. Aharoni, J. Appl. Phys. 83, 3432 (1998). The error of the mesh falls a little faster than its width. */
static void prism_approaches_aharoni(void **state)
{
    (void)state;
    const double size[3] = {30e-9, 30e-9, 100e-9}, r = sqrt(0.5);
    double before = 0.1;
    for (int64_t n = 4; n <= 16; n *= 2) {
        const int64_t cells[3] = {n, n, 3 * n};
        test_body body = make(size, cells, MATERIAL);
        answer z = magnetise(&body, (double[3]){0, 0, 1}), oblique = magnetise(&body, (double[3]){r, 0, r});
        double error = fabs(z.factor[2] / 0.1278434 - 1);
        assert_true(error < before / 1.9);
        assert_true(fabs(oblique.energy / 1.17925601e-17 - 1) < error);
        before = error;
        test_body_destroy(&body);
    }
    assert_true(before < 0.005);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cube_has_a_third),
                                       cmocka_unit_test(prism_approaches_aharoni)};
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
