/* Measures of meshes against values worked out by hand, and what inspection repairs and says. */
#include "near.h"
#include "problem.h"

#include "mesh/geometry.h"
#include "mesh/grid.h"
#include "mesh/quality.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double pi = 3.14159265358979323846;
static weiss_context *ctx;
static char told[2048]; /* what was logged */

static void listen(void *self, weiss_level level, const char *text)
{
    (void)self;
    (void)level;
    strncat(told, text, sizeof told - strlen(told) - 1);
    strncat(told, "\n", sizeof told - strlen(told) - 1);
}

static weiss_tetmesh *mesh_of(weiss_gidx nnodes, const double *xyz, weiss_gidx ntets, const weiss_gidx *tet)
{
    weiss_tetmesh *mesh = NULL;
    assert_int_equal(weiss_tetmesh_create(ctx, nnodes, ntets, &mesh), 0);
    memcpy(mesh->xyz, xyz, 3 * (size_t)nnodes * sizeof *xyz);
    memcpy(mesh->tet, tet, 4 * (size_t)ntets * sizeof *tet);
    return mesh;
}

/** Inspects a mesh and checks what is told. */
static void inspect(weiss_tetmesh *mesh, weiss_mesh_quality *q, const char *expected)
{
    told[0] = '\0';
    int code = weiss_mesh_inspect(ctx, mesh, NULL, q);
    if (code != 0)
        fail_msg("%s", weiss_error_text(ctx));
    assert_string_equal(told, expected);
}

static const weiss_gidx one_tet[] = {0, 1, 2, 3};
static const double corner[] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};

/* Edge 2 sqrt(2): volume 8/3, faces 2 sqrt(3) each, angles acos(1/3). */
static void a_regular_tetrahedron(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    weiss_tetmesh *mesh = mesh_of(4, (double[]){1, 1, 1, 1, -1, -1, -1, -1, 1, -1, 1, -1}, 1, one_tet);
    inspect(mesh, &q, "");
    assert_near(q.ratio_min, 1, 1e-14);
    assert_near(q.ratio_mean, 1, 1e-14);
    assert_near(q.volume, 8.0 / 3, 1e-14);
    assert_near(q.area, 8 * sqrt(3), 1e-13);
    assert_near(q.angle_min, acos(1.0 / 3), 1e-14);
    assert_near(q.angle_max, acos(1.0 / 3), 1e-14);
    assert_near(q.edge_min, sqrt(8), 1e-14);
    assert_int_equal(q.nedges, 6);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

/* The corner of a cube: r = 1 / (3 + sqrt(3)), R = sqrt(3) / 2, so 3 r / R = 2 sqrt(3) / (3 + sqrt(3)) = sqrt(3) - 1. */
static void the_corner_of_a_cube(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    weiss_tetmesh *mesh = mesh_of(4, corner, 1, one_tet);
    inspect(mesh, &q, "");
    assert_near(q.ratio_min, sqrt(3) - 1, 1e-14);
    assert_near(q.angle_min, acos(1 / sqrt(3)), 1e-14);
    assert_near(q.angle_max, pi / 2, 1e-14);
    assert_near(q.edge_mean, (3 + 3 * sqrt(2)) / 6, 1e-14);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

/* 2 x 1 x 1 unit cubes, each of six tetrahedra around a diagonal: all have the edges 1, 1, 1, sqrt(2), sqrt(2), sqrt(3)
 * and the angles 45, 60 and 90 degrees. The diagonal of the cube is the circumscribed sphere's diameter; the faces have
 * the areas 1/2, 1/2, sqrt(2)/2, sqrt(2)/2, so r = 3 / 6 / (1 + sqrt(2)). 12 nodes, 12 tetrahedra, 20 triangles, and by
 * Euler (nodes - edges + faces - tetrahedra = 1, faces = (48 + 20) / 2) 33 edges: 20 of the cubes, 11 diagonals of
 * squares, 2 of the cubes. */
static void a_grid_of_two_cubes(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    weiss_tetmesh *mesh = NULL;
    double cut = 1, ratio = 3 * (0.5 / (1 + sqrt(2))) / (sqrt(3) / 2);
    assert_int_equal(weiss_tetmesh_grid(ctx, (double[]){2, 1, 1}, (int64_t[]){2, 1, 1}, &cut, 1, &mesh), 0);
    assert_int_equal(weiss_tetmesh_name_region(ctx, mesh, 2, "right"), 0);
    inspect(mesh, &q, "");
    assert_int_equal(q.nnodes, 12);
    assert_int_equal(q.nsurface_nodes, 12);
    assert_int_equal(q.ntets, 12);
    assert_int_equal(q.ntriangles, 20);
    assert_int_equal(q.nedges, 33);
    assert_near(q.volume, 2, 1e-14);
    assert_near(q.area, 10, 1e-13);
    assert_near(q.edge_min, 1, 1e-15);
    assert_near(q.edge_max, sqrt(3), 1e-15);
    assert_near(q.edge_mean, (20 + 11 * sqrt(2) + 2 * sqrt(3)) / 33, 1e-14);
    assert_near(q.ratio_min, ratio, 1e-14);
    assert_near(q.ratio_mean, ratio, 1e-14);
    assert_near(q.angle_min, pi / 4, 1e-14);
    assert_near(q.angle_max, pi / 2, 1e-14);
    assert_near(q.low[0], -1, 0);
    assert_near(q.high[2], 0.5, 0);
    assert_int_equal(q.nbodies, 1);
    assert_int_equal(q.nregions, 2);
    assert_int_equal(q.regions[1].ntets, 6);
    assert_string_equal(q.regions[1].name, "right");
    assert_near(q.regions[0].volume, 1, 1e-14);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

static void what_can_be_put_right_is(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    static const double xyz[] = {9, 9, 9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7, 7, 7};
    weiss_tetmesh *mesh = mesh_of(6, xyz, 1, (weiss_gidx[]){1, 3, 2, 4});
    inspect(mesh, &q,
            "mesh: 1 tetrahedra were turned inside out; their corners are reordered\n"
            "mesh: 2 nodes belong to no tetrahedron; they are left out\n");
    assert_int_equal(q.nturned, 1);
    assert_int_equal(q.nunused, 2);
    assert_int_equal(mesh->nnodes, 4);
    assert_near(q.volume, 1.0 / 6, 1e-15);
    assert_memory_equal(mesh->xyz, corner, sizeof corner);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

static void parts_that_are_left_out(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    static const double xyz[] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 2, 2};
    weiss_tetmesh *mesh = mesh_of(5, xyz, 2, (weiss_gidx[]){0, 1, 1, 4, 0, 1, 2, 3});
    mesh->region[1] = 5;
    told[0] = '\0';
    assert_int_equal(weiss_mesh_inspect(ctx, mesh, (bool[]){false, true}, &q),
                     0); /* the first is degenerate */
    assert_string_equal(told, "");
    assert_int_equal(mesh->ntets, 1);
    assert_int_equal(mesh->region[0], 5);
    assert_int_equal(mesh->nnodes, 4);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

static void flat_elements_are_warned_of(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    weiss_tetmesh *mesh = mesh_of(4, corner, 1, one_tet);
    /* of height h: r = h / 2 and R = 1 / sqrt(2) to first order, so 3 r / R = 2.12 h; angle atan(sqrt(2) h) */
    mesh->xyz[11] = 0.001;
    inspect(
        mesh, &q,
        "mesh: 1 of 1 tetrahedra are very flat (radius ratio below 0.05; the worst 0.0021 near 0, 0, 0 m; "
        "smallest angle between faces 0.081 degrees): fields near them are inaccurate\n");
    assert_int_equal(q.nflat, 1);
    assert_int_equal(q.worst, 0);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

static void surfaces_that_touch_themselves(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    static const double at_node[] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, -1, 0, 0, 0, -1, 0, 0, 0, -1};
    weiss_tetmesh *mesh = mesh_of(7, at_node, 2, (weiss_gidx[]){0, 1, 2, 3, 0, 4, 6, 5});
    inspect(mesh, &q,
            "mesh: the surface touches itself at 0 edges and 1 single nodes: parts that meet there without a "
            "common face exchange torque through these nodes only; join or separate them\n");
    assert_int_equal(q.nbodies, 1);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
    static const double at_edge[] = {0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, -1, 0, 0, 0, -1, 0};
    mesh = mesh_of(6, at_edge, 2, (weiss_gidx[]){2, 3, 0, 1, 4, 5, 0, 1});
    told[0] = '\0';
    assert_int_equal(weiss_mesh_inspect(ctx, mesh, NULL, &q), 0);
    assert_non_null(strstr(told, "touches itself at 1 edges and 0 single nodes"));
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

static void separate_bodies_are_noted(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    double xyz[24];
    for (int i = 0; i < 24; i++)
        xyz[i] = corner[i % 12] + (i >= 12 ? 3 : 0);
    weiss_tetmesh *mesh = mesh_of(8, xyz, 2, (weiss_gidx[]){0, 1, 2, 3, 4, 5, 6, 7});
    inspect(mesh, &q, "mesh: 2 separate bodies (they share no node and interact by their fields only)\n");
    assert_int_equal(q.nbodies, 2);
    weiss_mesh_quality_free(&q);
    weiss_tetmesh_destroy(mesh);
}

/* Closer than a thousandth of the shortest edge is the same place; farther is not. */
static void nodes_nearly_at_one_place(void **state)
{
    (void)state;
    weiss_mesh_quality q;
    for (int far = 0; far < 2; far++) {
        double xyz[24], gap = far ? 2e-3 : 0.5e-3;
        for (int i = 0; i < 24; i++)
            xyz[i] = i < 12 ? corner[i] : -corner[i - 12] - (i % 3 == 0 ? gap : 0);
        weiss_tetmesh *mesh = mesh_of(8, xyz, 2, (weiss_gidx[]){0, 1, 2, 3, 4, 5, 7, 6});
        assert_int_equal(weiss_mesh_inspect(ctx, mesh, NULL, &q), far ? 0 : WEISS_ERR_MESH);
        assert_int_equal(
            strncmp(weiss_error_text(ctx), "mesh: 1 nodes lie where another already is", 42) == 0, !far);
        weiss_clear_error(ctx);
        weiss_mesh_quality_free(&q);
        weiss_tetmesh_destroy(mesh);
    }
}

/* 2 regions of 3 cells each, of which the right one is no magnet. */
static void regions_and_their_rules(void **state)
{
    (void)state;
    weiss_tetmesh *mesh = NULL;
    told[0] = '\0';
    assert_int_equal(obtain(ctx,
                            "mesh: {grid: {size: [6 nm, 1 nm, 1 nm], cells: [6, 1, 1], regions: [3 nm]}}\n"
                            "regions: {1: permalloy, default: none, shell: none}",
                            &mesh),
                     0);
    assert_int_equal(mesh->ntets, 18);
    assert_int_equal(mesh->nnodes, 16);
    assert_non_null(strstr(told, "regions.shell: the mesh has no such region; it has: 1, 2"));
    assert_non_null(strstr(told, "mesh: 16 nodes, 18 tetrahedra, edges 1 to 1.73 nm, volume 3e-27 m^3"));
    weiss_tetmesh_destroy(mesh);
    assert_int_equal(
        obtain(ctx, "mesh: {grid: {size: [6 nm, 1 nm, 1 nm], cells: [6, 1, 1]}}\nregions: {1: none}", &mesh),
        WEISS_ERR_MESH);
    assert_string_equal(
        weiss_error_text(ctx),
        "test.yaml: all 36 tetrahedra of the mesh belong to regions without material (`none`): "
        "expected at least one magnetic region");
    assert_null(mesh);
    weiss_clear_error(ctx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_regular_tetrahedron),
        cmocka_unit_test(the_corner_of_a_cube),
        cmocka_unit_test(a_grid_of_two_cubes),
        cmocka_unit_test(what_can_be_put_right_is),
        cmocka_unit_test(parts_that_are_left_out),
        cmocka_unit_test(flat_elements_are_warned_of),
        cmocka_unit_test(surfaces_that_touch_themselves),
        cmocka_unit_test(separate_bodies_are_noted),
        cmocka_unit_test(nodes_nearly_at_one_place),
        cmocka_unit_test(regions_and_their_rules),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    weiss_set_log(ctx, listen, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
