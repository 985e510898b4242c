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

static test_body make(const double size[3], const int64_t cells[3], void (*change)(weiss_tetmesh *),
                      const char *text)
{
    test_body_spec spec = {.size = {size[0], size[1], size[2]},
                           .cells = {cells[0], cells[1], cells[2]},
                           .change = change,
                           .text = text};
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
    test_body body = make(size, cells, NULL, MATERIAL);
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
        test_body body = make(size, cells, NULL, MATERIAL);
        answer z = magnetise(&body, (double[3]){0, 0, 1}), oblique = magnetise(&body, (double[3]){r, 0, r});
        double error = fabs(z.factor[2] / 0.1278434 - 1);
        assert_true(error < before / 1.9);
        assert_true(fabs(oblique.energy / 1.17925601e-17 - 1) < error);
        before = error;
        test_body_destroy(&body);
    }
    assert_true(before < 0.005);
}

/* Moves the nodes of a cube around the origin to a ball: cubes of equal size about the middle become spheres. */
static void make_ball(weiss_tetmesh *mesh)
{
    for (weiss_gidx i = 0; i < mesh->nnodes; i++) {
        double *x = mesh->xyz + 3 * i, longest = fmax(fabs(x[0]), fmax(fabs(x[1]), fabs(x[2])));
        double length = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
        for (int d = 0; d < 3 && length > 0; d++)
            x[d] *= longest / length;
    }
}

/* Keeps the elements whose middle passes, and the nodes that these use. */
static void keep(weiss_tetmesh *mesh, bool (*wanted)(const double middle[3]))
{
    weiss_gidx *number = test_calloc((size_t)mesh->nnodes, sizeof *number), tets = 0, nodes = 0;
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        double middle[3] = {0, 0, 0};
        for (int k = 0; k < 12; k++)
            middle[k % 3] += mesh->xyz[3 * mesh->tet[4 * e + k / 3] + k % 3] / 4;
        if (!wanted(middle))
            continue;
        memmove(mesh->tet + 4 * tets, mesh->tet + 4 * e, 4 * sizeof *mesh->tet);
        mesh->region[tets++] = mesh->region[e];
    }
    mesh->ntets = tets;
    for (weiss_gidx i = 0; i < 4 * tets; i++)
        number[mesh->tet[i]] = 1;
    for (weiss_gidx i = 0; i < mesh->nnodes; i++)
        if (number[i]) {
            memmove(mesh->xyz + 3 * nodes, mesh->xyz + 3 * i, 3 * sizeof *mesh->xyz);
            number[i] = nodes++;
        }
    mesh->nnodes = nodes;
    for (weiss_gidx i = 0; i < 4 * tets; i++)
        mesh->tet[i] = number[mesh->tet[i]];
    test_free(number);
}

static bool in_shell(const double x[3])
{
    return fmax(fabs(x[0]), fmax(fabs(x[1]), fabs(x[2]))) > 10e-9;
}

static void make_shell(weiss_tetmesh *mesh)
{
    keep(mesh, in_shell);
    make_ball(mesh);
}

static bool in_either_end(const double x[3])
{
    return fabs(x[2]) > 10e-9;
}

static void cut_in_two(weiss_tetmesh *mesh)
{
    keep(mesh, in_either_end);
}

/* Published errors of finite elements are 1.6 % with 258 nodes, 0.22 % with 3134 (tetrahedra of good shape; those of a cube
 * that is pressed into a ball are flat at its edges). */
static void ball_has_a_third(void **state)
{
    (void)state;
    static const struct {
        int64_t cells;
        double error;
    } meshes[] = {{6, 0.02}, {14, 0.005}};
    const double size[3] = {40e-9, 40e-9, 40e-9}, r = 1 / sqrt(3);
    for (int k = 0; k < 2; k++) {
        const int64_t cells[3] = {meshes[k].cells, meshes[k].cells, meshes[k].cells};
        test_body body = make(size, cells, make_ball, MATERIAL);
        answer a = magnetise(&body, (double[3]){0, 0, 1}), b = magnetise(&body, (double[3]){r, r, r});
        print_message("ball of %lld nodes: N = %.6f\n", (long long)body.mesh->nnodes_global, a.factor[2]);
        assert_true(fabs(3 * a.factor[2] - 1) < meshes[k].error);
        assert_true(fabs(3 * (b.factor[0] + b.factor[1] + b.factor[2]) * r - 1) < meshes[k].error);
        test_body_destroy(&body);
    }
}

/* The mean over a hollow ball is a third, too: the field of the hollow is that of a dipole, with no mean around it. */
static void hollow_ball_has_a_third(void **state)
{
    (void)state;
    const double size[3] = {40e-9, 40e-9, 40e-9};
    const int64_t cells[3] = {12, 12, 12};
    test_body body = make(size, cells, make_shell, MATERIAL);
    answer a = magnetise(&body, (double[3]){0, 0, 1});
    print_message("hollow ball: N = %.6f\n", a.factor[2]);
    assert_int_equal(body.mesh->nbodies, 1);
    assert_true(fabs(3 * a.factor[2] - 1) < 0.01);
    test_body_destroy(&body);
}

/* Two cubes of 20 nm, their middles 40 nm apart along z: each feels the other as a dipole, up to terms of fourth order in
 * size over distance. */
static void two_cubes_feel_each_other(void **state)
{
    (void)state;
    const double size[3] = {20e-9, 20e-9, 60e-9}, one[3] = {20e-9, 20e-9, 20e-9};
    const int64_t cells[3] = {8, 8, 24}, third[3] = {8, 8, 8};
    test_body two = make(size, cells, cut_in_two, MATERIAL), single = make(one, third, NULL, MATERIAL);
    answer along = magnetise(&two, (double[3]){0, 0, 1}), across = magnetise(&two, (double[3]){1, 0, 0});
    answer alone = magnetise(&single, (double[3]){0, 0, 1});
    double dipole = 1 / (4 * 3.14159265358979323846 * 8); /* volume / (4 pi distance^3) */
    print_message("two cubes: %.6f along, %.6f across; dipole %.6f, %.6f\n",
                  along.factor[2] - alone.factor[2], across.factor[0] - alone.factor[2], -2 * dipole, dipole);
    assert_int_equal(two.mesh->nbodies, 2);
    assert_true(fabs((along.factor[2] - alone.factor[2]) / (-2 * dipole) - 1) < 0.1);
    assert_true(fabs((across.factor[0] - alone.factor[2]) / dipole - 1) < 0.1);
    test_body_destroy(&two);
    test_body_destroy(&single);
}

/* All ways to solve give the energy of the default, each to its tolerance. */
static void solvers_agree(void **state)
{
    (void)state;
    static const char *const texts[] = {MATERIAL,
                                        MATERIAL "demag: {solver: iterative, solver_tolerance: 1e-9}\n",
                                        MATERIAL "demag: {operator: dense, solver: direct}\n",
                                        MATERIAL "demag: {operator: hierarchical, tolerance: 1e-5}\n"};
    const double size[3] = {20e-9, 20e-9, 60e-9};
    const int64_t cells[3] = {6, 6, 18};
    answer first = {{0, 0, 0}, 0};
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        test_body body = make(size, cells, cut_in_two, texts[k]);
        answer a = magnetise(&body, (double[3]){0.6, 0, 0.8});
        if (k == 0)
            first = a;
        assert_true(fabs(a.energy / first.energy - 1) < 2e-5);
        test_body_destroy(&body);
    }
}

static void demag_off_leaves_the_term_out(void **state)
{
    (void)state;
    const double size[3] = {20e-9, 20e-9, 20e-9};
    const int64_t cells[3] = {2, 2, 2};
    test_body body = make(size, cells, NULL, MATERIAL "demag: off\n");
    weiss_effective *effective = NULL;
    const weiss_term_class *const alone[] = {demag_class(), NULL};
    assert_int_equal(weiss_effective_create(body.space, alone, &effective), 0);
    assert_int_equal(weiss_effective_count(effective), 0);
    weiss_effective_destroy(effective);
    test_body_destroy(&body);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cube_has_a_third),        cmocka_unit_test(ball_has_a_third),
        cmocka_unit_test(hollow_ball_has_a_third), cmocka_unit_test(two_cubes_feel_each_other),
        cmocka_unit_test(solvers_agree),           cmocka_unit_test(demag_off_leaves_the_term_out),
        cmocka_unit_test(prism_approaches_aharoni)};
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
