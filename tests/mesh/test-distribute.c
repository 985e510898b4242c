/* The distributed mesh against the whole one: on any number of ranks every node and tetrahedron is owned once, ghosts
 * carry their owners' values, and all ranks see the same surface. */
#include "near.h"

#include "mesh/geometry.h"
#include "mesh/grid.h"
#include "mesh/mesh.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *ctx;

static double sum(double x)
{
    double all;
    MPI_Allreduce(&x, &all, 1, MPI_DOUBLE, MPI_SUM, weiss_comm(ctx));
    return all;
}

static weiss_tetmesh *make_grid(int64_t nx, int64_t ny, int64_t nz)
{
    weiss_tetmesh *whole = NULL;
    double cut = 1.0;
    if (weiss_rank(ctx) == 0)
        assert_int_equal(weiss_tetmesh_grid(ctx, (double[]){(double)nx, (double)ny, (double)nz},
                                            (int64_t[]){nx, ny, nz}, &cut, nx > 1, &whole),
                         0);
    return whole;
}

static weiss_mesh *spread(const weiss_tetmesh *whole)
{
    weiss_mesh *mesh = NULL;
    int code = weiss_mesh_distribute(ctx, whole, &mesh);
    if (code != 0)
        print_error("%s\n", weiss_error_text(ctx));
    assert_int_equal(code, 0);
    assert_true(weiss_mesh_is_valid(mesh));
    return mesh;
}

/** Counts how often the entries 0 .. n-1 are given by all ranks together; each must be given once. */
static void assert_each_once(const int64_t *given, int64_t ngiven, int64_t n)
{
    int *count = calloc((size_t)n, sizeof *count);
    assert_non_null(count);
    for (int64_t i = 0; i < ngiven; i++) {
        assert_in_range(given[i], 0, n - 1);
        count[given[i]]++;
    }
    MPI_Allreduce(MPI_IN_PLACE, count, (int)n, MPI_INT, MPI_SUM, weiss_comm(ctx));
    for (int64_t i = 0; i < n; i++)
        assert_int_equal(count[i], 1);
    free(count);
}

static void assert_owned_once(const weiss_mesh *mesh)
{
    assert_each_once(mesh->original, mesh->nowned, mesh->nnodes_global);
    int64_t *number = malloc(((size_t)mesh->nowned + (size_t)mesh->ntets_owned + 1) * sizeof *number);
    assert_non_null(number);
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        number[i] = weiss_mesh_global(mesh, i);
    assert_each_once(number, mesh->nowned, mesh->nnodes_global);
    for (weiss_lidx e = 0; e < mesh->ntets_owned; e++)
        number[e] = mesh->tet_begin + e;
    assert_each_once(number, mesh->ntets_owned, mesh->ntets_global);
    free(number);
}

/** A value that belongs to a global node and a component. */
static double value_of(weiss_gidx node, int c)
{
    return 17.0 * (double)node + c;
}

static void assert_halo_works(const weiss_mesh *mesh, int ncomp)
{
    double *x = malloc(((size_t)mesh->nlocal * (size_t)ncomp + 1) * sizeof *x);
    assert_non_null(x);
    for (weiss_lidx i = 0; i < mesh->nlocal; i++)
        for (int c = 0; c < ncomp; c++)
            x[i * ncomp + c] = i < mesh->nowned ? value_of(weiss_mesh_global(mesh, i), c) : -1;
    assert_int_equal(weiss_halo_begin(mesh, ncomp, x), 0);
    assert_int_equal(weiss_halo_end(mesh, ncomp, x), 0);
    for (weiss_lidx i = 0; i < mesh->nlocal; i++)
        for (int c = 0; c < ncomp; c++)
            assert_true(x[i * ncomp + c] == value_of(weiss_mesh_global(mesh, i), c));
    free(x);
}

/** Coordinates of ghosts are those that their owners have; each owned node sees all its tetrahedra. */
static void assert_rows_are_complete(const weiss_mesh *mesh)
{
    double *x = calloc(4 * (size_t)mesh->nlocal + 1, sizeof *x);
    assert_non_null(x);
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        memcpy(x + 3 * i, mesh->xyz + 3 * i, 3 * sizeof *x);
    assert_int_equal(weiss_halo_update(mesh, 3, x), 0);
    assert_int_equal(memcmp(x, mesh->xyz, 3 * (size_t)mesh->nlocal * sizeof *x), 0);
    memset(x, 0, 4 * (size_t)mesh->nlocal * sizeof *x);
    for (weiss_lidx e = 0; e < mesh->ntets; e++)
        for (int c = 0; c < 4; c++)
            x[mesh->tet[4 * e + c]] += 1;
    double corners = 0;
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        corners += x[i];
    assert_true(sum(corners) == 4.0 * (double)mesh->ntets_global);
    free(x);
}

/** Volume from the elements, from the surface, and exact; the same surface on every rank. */
static void assert_volumes_agree(const weiss_mesh *mesh, double exact)
{
    double volume = 0, enclosed = 0, gradient[4][3], checks = 0;
    for (weiss_lidx e = 0; e < mesh->ntets_owned; e++)
        volume += weiss_mesh_gradients(mesh, e, gradient);
    assert_near(sum(volume), exact, 1e-12 * exact);
    const weiss_surface *s = &mesh->surface;
    for (weiss_gidx f = 0; f < s->ntriangles; f++) {
        const weiss_gidx *v = s->triangle + 3 * f;
        enclosed +=
            weiss_tet_volume((double[]){0, 0, 0}, s->xyz + 3 * v[0], s->xyz + 3 * v[1], s->xyz + 3 * v[2]);
        checks += (double)((f + 1) * (v[0] + 2 * v[1] + 3 * v[2])) + s->body[f];
    }
    for (weiss_gidx i = 0; i < s->nnodes; i++)
        checks += (double)((i + 1) * s->node[i]) + s->xyz[3 * i];
    assert_near(enclosed, exact, 1e-12 * exact);
    double least, most;
    MPI_Allreduce(&checks, &least, 1, MPI_DOUBLE, MPI_MIN, weiss_comm(ctx));
    MPI_Allreduce(&checks, &most, 1, MPI_DOUBLE, MPI_MAX, weiss_comm(ctx));
    assert_true(least == most);
}

static void a_grid_is_spread_completely(void **state)
{
    (void)state;
    weiss_tetmesh *whole = make_grid(7, 5, 6);
    weiss_mesh *mesh = spread(whole);
    assert_int_equal(mesh->nnodes_global, 8 * 6 * 7);
    assert_int_equal(mesh->ntets_global, 6 * 7 * 5 * 6);
    assert_int_equal(mesh->surface.ntriangles, 4 * (7 * 5 + 5 * 6 + 6 * 7));
    assert_int_equal(mesh->surface.nnodes, 8 * 6 * 7 - 6 * 4 * 5);
    assert_owned_once(mesh);
    for (int ncomp = 1; ncomp <= 16; ncomp += 5)
        assert_halo_works(mesh, ncomp);
    assert_rows_are_complete(mesh);
    assert_volumes_agree(mesh, 7 * 5 * 6);
    assert_int_equal(mesh->nregions, 2);
    assert_int_equal(mesh->region_tag[1], 2);
    assert_int_equal(mesh->nbodies, 1);
    assert_int_equal(mesh->body_node[0], 0);
    double balance = (double)mesh->nowned * weiss_size(ctx) / (double)mesh->nnodes_global;
    assert_true(balance > 0.8 && balance < 1.2);
    weiss_mesh_destroy(mesh);
    weiss_tetmesh_destroy(whole);
}

static void gradients_of_hat_functions(void **state)
{
    (void)state;
    weiss_tetmesh *whole = make_grid(3, 2, 2);
    weiss_mesh *mesh = spread(whole);
    for (weiss_lidx e = 0; e < mesh->ntets; e++) {
        double g[4][3];
        assert_near(weiss_mesh_gradients(mesh, e, g), 1.0 / 6, 1e-14);
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) { /* hat i falls from 1 at its node to 0 at node j */
                double d[3];
                weiss_subtract(mesh->xyz + 3 * mesh->tet[4 * e + i], mesh->xyz + 3 * mesh->tet[4 * e + j], d);
                assert_near(weiss_dot(g[i], d), i == j ? 0 : 1, 1e-12);
            }
    }
    weiss_mesh_destroy(mesh);
    weiss_tetmesh_destroy(whole);
}

static void the_same_again(void **state)
{
    (void)state;
    weiss_tetmesh *whole = make_grid(9, 8, 7);
    weiss_mesh *a = spread(whole), *b = spread(whole);
    assert_int_equal(a->nowned, b->nowned);
    assert_int_equal(a->ntets, b->ntets);
    assert_memory_equal(a->original, b->original, (size_t)a->nowned * sizeof *a->original);
    assert_memory_equal(a->tet, b->tet, 4 * (size_t)a->ntets * sizeof *a->tet);
    weiss_mesh_destroy(a);
    weiss_mesh_destroy(b);
    weiss_tetmesh_destroy(whole);
}

/** Copies @p n unit tetrahedra, @p apart from each other along x. */
static weiss_tetmesh *make_tets(int n, double apart)
{
    static const double corner[12] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
    weiss_tetmesh *whole = NULL;
    if (weiss_rank(ctx) != 0)
        return NULL;
    assert_int_equal(weiss_tetmesh_create(ctx, 4 * (weiss_gidx)n, n, &whole), 0);
    for (int i = 0; i < 4 * n; i++) {
        memcpy(whole->xyz + 3 * i, corner + 3 * (i % 4), 3 * sizeof(double));
        whole->xyz[3 * i] += apart * (i / 4);
        whole->tet[i] = i;
    }
    return whole;
}

static void tiny_meshes(void **state)
{
    (void)state;
    for (int n = 1; n <= 3; n++) { /* on four ranks some of these parts are a node or nothing */
        weiss_tetmesh *whole = make_tets(n, 2);
        weiss_mesh *mesh = spread(whole);
        assert_owned_once(mesh);
        assert_halo_works(mesh, 3);
        assert_rows_are_complete(mesh);
        assert_volumes_agree(mesh, n / 6.0);
        assert_int_equal(mesh->nbodies, n);
        assert_int_equal(mesh->surface.nnodes, 4 * n);
        assert_int_equal(mesh->surface.ntriangles, 4 * n);
        weiss_mesh_destroy(mesh);
        weiss_tetmesh_destroy(whole);
    }
}

static void region_names_reach_all(void **state)
{
    (void)state;
    weiss_tetmesh *whole = make_tets(3, 2);
    if (whole != NULL) {
        memcpy(whole->region, (int32_t[]){7, -3, 7}, 3 * sizeof *whole->region);
        assert_int_equal(weiss_tetmesh_name_region(ctx, whole, 7, "hard magnet"), 0);
        assert_int_equal(weiss_tetmesh_name_region(ctx, whole, 8, "unused"), 0);
    }
    weiss_mesh *mesh = spread(whole);
    assert_int_equal(mesh->nregions, 2);
    assert_int_equal(mesh->region_tag[0], -3);
    assert_int_equal(mesh->region_tag[1], 7);
    assert_string_equal(mesh->region_name[0], "");
    assert_string_equal(mesh->region_name[1], "hard magnet");
    weiss_mesh_destroy(mesh);
    weiss_tetmesh_destroy(whole);
}

/** Distributes a mesh that is wrong; all ranks must get the same text. */
static void assert_refused(weiss_tetmesh *whole, const char *part_of_text)
{
    weiss_mesh *mesh = NULL;
    assert_int_equal(weiss_mesh_distribute(ctx, whole, &mesh), WEISS_ERR_MESH);
    assert_null(mesh);
    if (strstr(weiss_error_text(ctx), part_of_text) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", weiss_error_text(ctx), part_of_text);
    weiss_clear_error(ctx);
    weiss_tetmesh_destroy(whole);
}

static void wrong_meshes_are_refused(void **state)
{
    (void)state;
    bool first = weiss_rank(ctx) == 0;
    weiss_tetmesh *whole = make_tets(2, 2);
    if (first)
        whole->tet[5] = 8;
    assert_refused(whole, "element 2 names node 9: expected 1 to 8");
    whole = make_tets(2, 2);
    if (first)
        whole->xyz[16] = NAN;
    assert_refused(whole, "coordinate y of node 6 is nan");
    whole = make_tets(2, 2);
    if (first)
        whole->xyz[11] = -1;
    assert_refused(whole, "element 1 (nodes 1, 2, 3, 4, near 0, 0, 0 m) has the volume -0.166667 m^3");
    whole = make_tets(2, 2);
    if (first)
        memcpy(whole->tet + 4, whole->tet, 4 * sizeof *whole->tet);
    assert_refused(whole, "node 5 belongs to no tetrahedron");
    whole = make_tets(2, 0);
    if (first)
        memcpy(whole->tet + 4, whole->tet, 3 * sizeof *whole->tet);
    if (first)
        whole->nnodes = 5, whole->tet[7] = 4, whole->xyz[12] = 0.2, whole->xyz[14] = 2;
    assert_refused(whole, "elements 1 and 2 overlap");
    whole = make_tets(0, 0);
    assert_refused(whole, "expected at least one tetrahedron");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grid_is_spread_completely),
        cmocka_unit_test(gradients_of_hat_functions),
        cmocka_unit_test(the_same_again),
        cmocka_unit_test(tiny_meshes),
        cmocka_unit_test(region_names_reach_all),
        cmocka_unit_test(wrong_meshes_are_refused),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
