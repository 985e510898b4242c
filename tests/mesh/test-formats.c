/* Mesh files: what is written comes back as it was; what other programs write is understood. */
#include "problem.h"
#include "sample.h"

#include "mesh/gmsh_file.h"

#include <setjmp.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static weiss_context *ctx;
static char directory[] = "/tmp/weiss-formats-XXXXXX";

static void write_text(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static weiss_tetmesh *read_mesh(const char *path)
{
    weiss_tetmesh *mesh = NULL;
    if (weiss_mesh_read_file(ctx, path, &mesh) != 0)
        fail_msg("%s", weiss_error_text(ctx));
    return mesh;
}

/** Reads a mesh from text; the file stays as last.msh. */
static weiss_tetmesh *read_text(const char *text)
{
    write_text("last.msh", text, strlen(text));
    return read_mesh("last.msh");
}

static int by_region(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return x[0] != y[0] ? (x[0] > y[0]) - (x[0] < y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

/** Elements of @p mesh, ordered by region: rows of region, place, four corners. Free with free(). */
static int64_t *sorted_elements(const weiss_tetmesh *mesh)
{
    int64_t *row = malloc((size_t)mesh->ntets * 6 * sizeof *row);
    assert_non_null(row);
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        row[6 * e] = mesh->region[e];
        row[6 * e + 1] = e;
        memcpy(row + 6 * e + 2, mesh->tet + 4 * e, 4 * sizeof *row);
    }
    qsort(row, (size_t)mesh->ntets, 6 * sizeof *row, by_region);
    for (weiss_gidx e = 0; e < mesh->ntets; e++)
        row[6 * e + 1] = e;
    return row;
}

/** Format 4.1 files elements region by region, so their order may differ between regions. */
static void assert_same(const weiss_tetmesh *a, const weiss_tetmesh *b)
{
    assert_int_equal(a->nnodes, b->nnodes);
    assert_int_equal(a->ntets, b->ntets);
    assert_memory_equal(a->xyz, b->xyz, 3 * (size_t)a->nnodes * sizeof *a->xyz);
    int64_t *x = sorted_elements(a), *y = sorted_elements(b);
    assert_memory_equal(x, y, 6 * (size_t)a->ntets * sizeof *x);
    free(x);
    free(y);
    assert_int_equal(a->nnames, b->nnames);
    for (int i = 0; i < a->nnames; i++) {
        assert_int_equal(a->names[i].tag, b->names[i].tag);
        assert_string_equal(a->names[i].name, b->names[i].name);
    }
}

static void what_is_written_comes_back(void **state)
{
    (void)state;
    weiss_tetmesh *mesh = sample_mesh(ctx);
    assert_non_null(mesh);
    for (weiss_gidx e = 0; e < mesh->ntets; e += 5)
        mesh->region[e] = 0; /* no physical group, in between */
    assert_int_equal(weiss_tetmesh_name_region(ctx, mesh, 99, "\303\251l\303\251ment \"9\""), 0);
    for (const weiss_mesh_format *const *format = weiss_mesh_format_table; *format != NULL; format++) {
        assert_int_equal(weiss_mesh_write_file(ctx, mesh, "sample.msh", (*format)->name), 0);
        weiss_tetmesh *back = read_mesh("sample.msh");
        assert_same(mesh, back);
        weiss_tetmesh_destroy(back);
    }
    weiss_tetmesh_destroy(mesh);
}

/** Puts the bytes of a number at the end of @p at, in this machine's order or the other; returns the new end. */
static char *put(char *at, const void *number, size_t size, bool swapped)
{
    for (size_t i = 0; i < size; i++)
        at[i] = ((const char *)number)[swapped ? size - 1 - i : i];
    return at + size;
}

static char *put_ints(char *at, bool swapped, const int32_t *number, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at = put(at, &number[i], sizeof number[i], swapped);
    return at;
}

/** A file of format 2.2, binary, as Gmsh writes it: a triangle and two tetrahedra, sparse numbers. */
static size_t binary_2(char *data, bool swapped)
{
    static const double xyz[5][3] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 1.5}};
    static const int32_t tag[5] = {2, 3, 5, 8, 2000000000};
#define INTS(...) put_ints(at, swapped, (int32_t[]){__VA_ARGS__}, sizeof((int32_t[]){__VA_ARGS__}) / 4)
    char *at = stpcpy(data, "$MeshFormat\n2.2 1 8\n");
    at = INTS(1);
    at = stpcpy(at, "\n$EndMeshFormat\n$PhysicalNames\n2\n2 4 \"skin\"\n3 4 \"core\"\n$EndPhysicalNames\n");
    at = stpcpy(at, "$Nodes\n5\n");
    for (int i = 0; i < 5; i++) {
        at = INTS(tag[i]);
        for (int k = 0; k < 3; k++)
            at = put(at, &xyz[i][k], sizeof(double), swapped);
    }
    at = stpcpy(at, "\n$EndNodes\n$Elements\n3\n");
    at = INTS(2, 1, 2, /* element */ 1, 4, 11, 2, 3, 5);
    at = INTS(4, 2, 2, /* elements */ 2, 4, 1, 2, 3, 5, 8, 3, -4, 1, 2000000000, 8, 3, 5);
#undef INTS
    at = stpcpy(at, "\n$EndElements\n");
    return (size_t)(at - data);
}

static void binary_files_of_both_byte_orders(void **state)
{
    (void)state;
    static const weiss_gidx corner[8] = {0, 1, 2, 3, 4, 3, 1, 2};
    char data[1024];
    for (int swapped = 0; swapped < 2; swapped++) {
        write_text("binary.msh", data, binary_2(data, swapped));
        weiss_tetmesh *mesh = read_mesh("binary.msh");
        assert_int_equal(mesh->nnodes, 5);
        assert_int_equal(mesh->ntets, 2);
        assert_memory_equal(mesh->tet, corner, sizeof corner);
        assert_true(mesh->xyz[14] == 1.5 && mesh->xyz[3] == 1);
        assert_int_equal(mesh->region[0], 4);
        assert_int_equal(mesh->region[1], 4); /* -4: the same group, turned round */
        assert_int_equal(mesh->nnames, 1);
        assert_string_equal(weiss_tetmesh_region_name(mesh, 4), "core");
        weiss_tetmesh_destroy(mesh);
    }
}

static void numbers_with_gaps_in_any_order(void **state)
{
    (void)state;
    weiss_tetmesh *mesh =
        read_text("$Comments\nby hand\n$EndComments\n$MeshFormat\n4.1 0 8\n$EndMeshFormat\n"
                  "$Nodes\n2 5 3 9000000000\n3 2 0 3\n9000000000\n40\n3\n1 1 1\n0 0 1\n0 0 0\n"
                  "2 1 1 2\n17\n5\n1 0 0 0.5 0.5\n0 1 0 0.5 0.5\n$EndNodes\n"
                  "$Elements\n1 2 1 2\n3 1 4 2\n1 3 17 5 40\n2 9000000000 40 17 5\n$EndElements\n");
    static const weiss_gidx corner[8] = {2, 3, 4, 1, 0, 1, 3, 4};
    static const double xyz[15] = {1, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0};
    assert_int_equal(mesh->nnodes, 5);
    assert_memory_equal(mesh->tet, corner, sizeof corner);
    assert_memory_equal(mesh->xyz, xyz, sizeof xyz);
    assert_int_equal(mesh->region[0], 0); /* no $Entities: no groups */
    assert_int_equal(mesh->nnames, 0);
    weiss_tetmesh_destroy(mesh);
}

/* Points, lines, triangles and quadrangles of every order that Gmsh makes by default. */
static void elements_of_lower_dimension_are_passed_over(void **state)
{
    (void)state;
    static const int corners[] = {[1] = 2,  [2] = 3,  [3] = 4,   [8] = 3,   [9] = 6,   [10] = 9, [15] = 1,
                                  [16] = 8, [20] = 9, [21] = 10, [22] = 12, [23] = 15, [26] = 4};
    int n = 1;
    char elements[2048] = "", text[4096];
    for (int type = 0; type < (int)(sizeof corners / sizeof corners[0]); type++) {
        if (corners[type] == 0)
            continue;
        sprintf(elements + strlen(elements), "%d %d 2 1 1", n++, type);
        for (int c = 0; c < corners[type]; c++)
            strcat(elements, " 1");
        strcat(elements, "\n");
    }
    snprintf(text, sizeof text,
             "$MeshFormat\r\n2.2 0 8\r\n$EndMeshFormat\r\n$Nodes\r\n4\r\n1 0 0 0\r\n2 1 0 0\r\n3 0 1 0\r\n"
             "4 0 0 1\r\n$EndNodes\r\n$Elements\r\n%d\r\n%s%d 4 0 1 2 3 4\r\n$EndElements\r\n",
             n, elements, n);
    weiss_tetmesh *mesh = read_text(text);
    assert_int_equal(mesh->ntets, 1);
    assert_int_equal(mesh->region[0], 0);
    weiss_tetmesh_destroy(mesh);
}

/* Gmsh 4.1: a volume with two groups, parts of it, and what a file may hold beside. */
static void regions_of_divided_volumes(void **state)
{
    (void)state;
    weiss_tetmesh *mesh = read_text(
        "$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$PhysicalNames\n3\n2 3 \"skin\"\n3 3 \"soft\"\n3 5 \"hard\"\n"
        "$EndPhysicalNames\n$Entities\n1 0 0 2\n1 0 0 0 1 9\n1 0 0 0 1 1 1 2 5 3 0\n2 0 0 0 1 1 1 0 2 4 -5\n"
        "$EndEntities\n$PartitionedEntities\n2 1 7 1\n0 0 0 1\n3 3 1 2 1 2 0 0 0 1 1 1 1 3 0\n"
        "$EndPartitionedEntities\n$Nodes\n1 4 1 4\n3 1 0 4\n1\n2\n3\n4\n0 0 0\n1 0 0\n0 1 0\n0 0 "
        "1\n$EndNodes\n"
        "$Elements\n3 3 1 3\n3 1 4 1\n1 1 2 3 4\n3 2 4 1\n2 1 2 3 4\n3 3 4 1\n3 1 2 3 4\n$EndElements\n"
        "$Periodic\n0\n$EndPeriodic\n");
    assert_int_equal(mesh->region[0], 5);
    assert_int_equal(mesh->region[1], 0);
    assert_int_equal(mesh->region[2], 3);
    assert_string_equal(weiss_tetmesh_region_name(mesh, 3), "soft");
    weiss_tetmesh_destroy(mesh);
}

static size_t entries_of_directory(void)
{
    FILE *list = popen("ls -A | wc -l", "r");
    size_t n = 0;
    assert_non_null(list);
    assert_int_equal(fscanf(list, "%zu", &n), 1);
    pclose(list);
    return n;
}

static void nothing_is_left_half_written(void **state)
{
    (void)state;
    weiss_tetmesh *mesh = sample_mesh(ctx), *back;
    write_text("old.msh", "old", 3);
    size_t before = entries_of_directory();
    assert_int_equal(weiss_mesh_write_file(ctx, mesh, "old.msh", "gmsh-9"), WEISS_ERR_USAGE);
    assert_string_equal(
        weiss_error_text(ctx),
        "old.msh: cannot tell in which format to write, there is no format gmsh-9: expected one "
        "of gmsh-4.1, gmsh-4.1-binary, gmsh-2.2");
    weiss_clear_error(ctx);
    assert_int_equal(weiss_mesh_write_file(ctx, mesh, "mesh.vtk", ""), WEISS_ERR_USAGE);
    weiss_clear_error(ctx);
    assert_int_equal(weiss_mesh_write_file(ctx, mesh, "nowhere/mesh.msh", ""), WEISS_ERR_FILE);
    weiss_clear_error(ctx);
    assert_int_equal(entries_of_directory(), before);
    back = NULL;
    assert_int_equal(weiss_mesh_read_file(ctx, "old.msh", &back), WEISS_ERR_SYNTAX); /* still the old one */
    assert_null(back);
    weiss_clear_error(ctx);
    assert_int_equal(weiss_mesh_write_file(ctx, mesh, "old.msh", ""), 0);
    assert_int_equal(entries_of_directory(), before);
    back = read_mesh("old.msh");
    assert_same(mesh, back);
    weiss_tetmesh_destroy(back);
    weiss_tetmesh_destroy(mesh);
}

/* Every cut of a file, and of each format, is an error or (behind the last section) the whole mesh. */
static void cut_files_are_refused(void **state)
{
    (void)state;
    weiss_tetmesh *mesh = sample_mesh(ctx), *back;
    for (const weiss_mesh_format *const *format = weiss_mesh_format_table; *format != NULL; format++) {
        char *data = NULL;
        size_t length = 0;
        FILE *file = open_memstream(&data, &length);
        assert_non_null(file);
        assert_int_equal((*format)->write(ctx, mesh, file), 0);
        assert_int_equal(fclose(file), 0);
        for (size_t cut = 0; cut + 1 < length; cut++) {
            char *copy = malloc(cut > 0 ? cut : 1); /* so that a sanitizer sees a read behind the end */
            memcpy(copy, data, cut);
            int code = (*format)->name[5] == '2' ? weiss_gmsh2_read(ctx, "cut.msh", copy, cut, &back)
                                                 : weiss_gmsh4_read(ctx, "cut.msh", copy, cut, &back);
            assert_true(code == WEISS_ERR_SYNTAX || code == WEISS_ERR_MESH);
            assert_null(back);
            weiss_clear_error(ctx);
            free(copy);
        }
        free(data);
    }
    weiss_tetmesh_destroy(mesh);
}

static int enter_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) != NULL ? chdir(directory) : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    static const char *const made[] = {"sample.msh", "binary.msh", "last.msh", "old.msh"};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        unlink(made[i]);
    return chdir("/") != 0 || rmdir(directory) != 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_comes_back),
        cmocka_unit_test(binary_files_of_both_byte_orders),
        cmocka_unit_test(numbers_with_gaps_in_any_order),
        cmocka_unit_test(elements_of_lower_dimension_are_passed_over),
        cmocka_unit_test(regions_of_divided_volumes),
        cmocka_unit_test(nothing_is_left_half_written),
        cmocka_unit_test(cut_files_are_refused),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    weiss_set_log(ctx, NULL, NULL);
    int failed = cmocka_run_group_tests(tests, enter_directory, remove_directory);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
