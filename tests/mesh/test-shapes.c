/* Shapes: volume, surface, size and quality of elements, grading; what is refused; what Gmsh must leave alone. */
#include "near.h"
#include "problem.h"

#include "mesh/quality.h"

#include <fenv.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double pi = 3.14159265358979323846, nm = 1e-9;
static weiss_context *ctx;

static void silent(void *self, weiss_level level, const char *text)
{
    (void)self;
    (void)level;
    (void)text;
}

static weiss_tetmesh *make(const char *mesh_section, weiss_mesh_quality *quality)
{
    char text[512];
    weiss_tetmesh *mesh = NULL;
    snprintf(text, sizeof text, "mesh: {%s}", mesh_section);
    int code = obtain(ctx, text, &mesh);
    if (code != 0)
        print_error("%s\n", weiss_error_text(ctx));
    assert_int_equal(code, 0);
    assert_int_equal(weiss_mesh_measure(ctx, mesh, quality), 0);
    print_message("%s: %lld nodes, edges %.3g %.3g %.3g nm, ratio %.3f, angles %.1f to %.1f degrees\n",
                  mesh_section, (long long)quality->nnodes, quality->edge_min / nm, quality->edge_mean / nm,
                  quality->edge_max / nm, quality->ratio_min, quality->angle_min * 180 / pi,
                  quality->angle_max * 180 / pi);
    return mesh;
}

/** Makes a shape and compares: volume and area may be lower than exact by a fraction (curved surfaces have facets). */
static void check_shape(const char *section, double volume, double area, double tolerance,
                        const double extent[3], double max_edge)
{
    weiss_mesh_quality q;
    weiss_tetmesh *mesh = make(section, &q);
    assert_in_set(q.nbodies, (uintmax_t[]){1}, 1);
    assert_true(q.volume <= volume * (1 + 1e-7) && q.volume >= volume * (1 - tolerance));
    assert_true(q.area <= area * (1 + 1e-7) && q.area >= area * (1 - tolerance));
    for (int k = 0; k < 3; k++) {
        assert_near(q.high[k] + q.low[k], 0, tolerance * extent[k]);
        assert_near(q.high[k] - q.low[k], extent[k], tolerance * extent[k]);
    }
    assert_true(q.edge_max < 2.3 * max_edge && q.edge_mean > 0.9 * max_edge && q.edge_mean < 1.4 * max_edge);
    assert_int_equal(q.nflat, 0);
    assert_true(q.angle_min > 8 * pi / 180);
    assert_int_equal(q.npinched_edges + q.npinched_nodes, 0);
    for (weiss_gidx e = 0; e < mesh->ntets; e++)
        assert_int_equal(mesh->region[e], 1);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

static void shapes_have_the_right_size(void **state)
{
    (void)state;
    check_shape("box: [20 nm, 30 nm, 25 nm], max_edge: 4 nm", 15000 * nm * nm * nm, 3700 * nm * nm, 1e-7,
                (double[]){20 * nm, 30 * nm, 25 * nm}, 4 * nm);
    check_shape("cylinder: {radius: 20 nm, height: 15 nm}, max_edge: 4 nm", pi * 400 * 15 * nm * nm * nm,
                (2 * pi * 400 + 2 * pi * 20 * 15) * nm * nm, 0.02, (double[]){40 * nm, 40 * nm, 15 * nm},
                4 * nm);
    check_shape("sphere: 15 nm, max_edge: 3 nm", 4 * pi / 3 * 3375 * nm * nm * nm, 4 * pi * 225 * nm * nm,
                0.02, (double[]){30 * nm, 30 * nm, 30 * nm}, 3 * nm);
    check_shape("ellipsoid: [24 nm, 16 nm, 12 nm], max_edge: 3 nm", 4 * pi / 3 * 4608 * nm * nm * nm,
                3699.97 * nm * nm, 0.02, (double[]){48 * nm, 32 * nm, 24 * nm}, 3 * nm);
}

/** The reference problem of the field: about 4,000 nodes at 3 nm. */
static void permalloy_bar(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    weiss_tetmesh *mesh = make("box: [30 nm, 30 nm, 100 nm], max_edge: 3 nm", &q);
    assert_in_range(q.nnodes, 3800, 4300);
    assert_near(q.volume, 9e-23, 1e-32);
    assert_true(q.angle_min > 10 * pi / 180 && q.ratio_min > 0.15);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

static void the_same_request_gives_the_same_mesh(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    const char *section = "cylinder: {radius: 12 nm, height: 20 nm}, max_edge: 4 nm";
    weiss_tetmesh *a = make(section, &q);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh *b = make(section, &q);
    weiss_mesh_quality_free(&q);
    assert_int_equal(a->nnodes, b->nnodes);
    assert_int_equal(a->ntets, b->ntets);
    assert_memory_equal(a->xyz, b->xyz, 3 * (size_t)a->nnodes * sizeof *a->xyz);
    assert_memory_equal(a->tet, b->tet, 4 * (size_t)a->ntets * sizeof *a->tet);
    weiss_tetmesh_destroy(a);
    weiss_tetmesh_destroy(b);
}

/** Mean length of the edges whose middle is closer to the surface of the box than @p depth. */
static double mean_edge_near_surface(const weiss_tetmesh *mesh, const double extent[3], double depth,
                                     bool near)
{
    double sum = 0, n = 0;
    for (weiss_gidx e = 0; e < mesh->ntets; e++)
        for (int a = 0; a < 4; a++)
            for (int b = a + 1; b < 4; b++) {
                const double *x = mesh->xyz + 3 * mesh->tet[4 * e + a],
                             *y = mesh->xyz + 3 * mesh->tet[4 * e + b];
                double inside = INFINITY, square = 0;
                for (int k = 0; k < 3; k++) {
                    inside = fmin(inside, extent[k] / 2 - fabs(x[k] + y[k]) / 2);
                    square += (x[k] - y[k]) * (x[k] - y[k]);
                }
                if ((inside < depth) != near)
                    continue;
                sum += sqrt(square);
                n++;
            }
    return sum / n;
}

static void grading_refines_the_surface(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    const double extent[3] = {60 * nm, 60 * nm, 60 * nm};
    weiss_tetmesh *mesh =
        make("box: [60 nm, 60 nm, 60 nm], max_edge: 12 nm, grading: {surface_edge: 5 nm, growth: 0.5}", &q);
    double near = mean_edge_near_surface(mesh, extent, 2 * nm, true);
    double far = mean_edge_near_surface(mesh, extent, 18 * nm, false);
    print_message("mean edge %.3g nm at the surface, %.3g nm inside\n", near / nm, far / nm);
    assert_true(near < 7 * nm && far > 10 * nm);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
    mesh = make("cylinder: {radius: 30 nm, height: 30 nm}, max_edge: 10 nm, grading: {rim_edge: 3 nm}", &q);
    assert_true(q.edge_min < 3 * nm && q.edge_max > 10 * nm);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

static void a_grid_needs_no_gmsh(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    weiss_tetmesh *mesh = make("grid: {size: [80 nm, 4 nm, 2 nm], cells: [40, 2, 1], regions: [40 nm]}", &q);
    assert_int_equal(q.nnodes, 41 * 3 * 2);
    assert_int_equal(q.nregions, 2);
    assert_near(q.regions[0].volume, 320e-27, 1e-36);
    assert_near(q.regions[1].volume, 320e-27, 1e-36);
    assert_near(q.edge_max, 2 * sqrt(3) * nm, 1e-15);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

static void wrong_requests_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"box: [3 nm, 3 nm, 3 nm]", "max_edge is missing"},
        {"box: [3 nm, 3 nm, 3 nm], max_edge: 4 nm", "is longer than the box itself (3e-09 m)"},
        {"box: [3 um, 3 um, 3 um], max_edge: 1 pm", "are units and edge lengths right?"},
        {"box: [30 nm, 30 nm, 30 nm], max_edge: 4 nm, grading: {surface_edge: 5 nm}",
         "is longer than max_edge (4e-09 m)"},
        {"box: [30 nm, 30 nm, 30 nm], max_edge: 4 nm, grading: {surface_edge: 2 nm, rim_edge: 3 nm}",
         "is longer than the edges at the surface (2e-09 m)"},
        {"sphere: 30 nm, max_edge: 4 nm, grading: {rim_edge: 3 nm}", "sphere has no sharp edges"},
        {"box: [30 nm, 30 nm, 30 nm], max_edge: 4 nm, unit: nm", "shapes are given with units of their own"},
        {"grid: {size: [3 nm, 3 nm, 3 nm], cells: [2.5, 1, 1]}", "expected three whole numbers"},
        {"grid: {size: [3 nm, 3 nm, 3 nm], cells: [1, 1, 1]}, max_edge: 1 nm",
         "the cells of a grid set its edges"},
        {"grid: {size: [3 nm, 3 nm, 3 nm], cells: [3, 1, 1], regions: [1.5 nm]}", "runs through cells"},
        {"file: nothing.msh, max_edge: 1 nm", "a mesh file has its own edges"},
        {"file: nothing.msh", "the unit of its coordinates is missing"},
        {"file: nothing.msh, unit: kg", "expected a unit of length such as nm, um or m, found \"kg\""},
        {"file: nothing.msh, unit: nm", "nothing.msh: cannot be opened"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[512];
        weiss_tetmesh *mesh = NULL;
        snprintf(text, sizeof text, "mesh: {%s}", wrong[i][0]);
        int code = obtain(ctx, text, &mesh);
        if (code >= 0 || strstr(weiss_error_text(ctx), wrong[i][1]) == NULL)
            fail_msg("%s: code %d, \"%s\" does not contain \"%s\"", wrong[i][0], code, weiss_error_text(ctx),
                     wrong[i][1]);
        assert_null(mesh);
        weiss_clear_error(ctx);
    }
}

static void gmsh_leaves_the_process_alone(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGSEGV, SIGFPE, SIGABRT, SIGBUS, SIGILL};
    struct sigaction before[7], after;
    weiss_mesh_quality q;
    for (int i = 0; i < 7; i++)
        sigaction(signals[i], NULL, &before[i]);
    setlocale(LC_ALL, "C.UTF-8");
    char *locale = strdup(setlocale(LC_ALL, NULL));
    int exceptions = fegetexcept();
    weiss_tetmesh *mesh = make("sphere: 10 nm, max_edge: 5 nm", &q);
    assert_string_equal(setlocale(LC_ALL, NULL), locale);
    assert_int_equal(fegetexcept(), exceptions);
    assert_int_equal(fegetround(), FE_TONEAREST);
    for (int i = 0; i < 7; i++) {
        sigaction(signals[i], NULL, &after);
        assert_ptr_equal((void *)after.sa_handler, (void *)before[i].sa_handler);
    }
    free(locale);
    setlocale(LC_ALL, "C");
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gmsh_leaves_the_process_alone),
        cmocka_unit_test(shapes_have_the_right_size),
        cmocka_unit_test(permalloy_bar),
        cmocka_unit_test(the_same_request_gives_the_same_mesh),
        cmocka_unit_test(grading_refines_the_surface),
        cmocka_unit_test(a_grid_needs_no_gmsh),
        cmocka_unit_test(wrong_requests_are_refused),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    weiss_set_log(ctx, silent, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
