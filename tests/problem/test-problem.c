/* Whole problems: what a valid file becomes. */
#include "base/file.h"
#include "sample-schema.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *ctx;

static weiss_problem *read_valid(const char *name)
{
    char path[512];
    weiss_problem *problem = NULL;
    snprintf(path, sizeof path, "%s/tests/problem/valid/%s", getenv("WEISS_SOURCE_ROOT"), name);
    if (weiss_problem_read(ctx, path, &sample_parts, &problem) != 0)
        fail_msg("%s", weiss_error_text(ctx));
    return problem;
}

static void the_bar_is_read(void **state)
{
    (void)state;
    weiss_problem *p = read_valid("bar.yaml");
    const weiss_value *mesh = weiss_value_get(p->root, "mesh");
    assert_string_equal(p->title, "Permalloy bar");
    assert_string_equal(p->name, "bar");
    assert_string_equal(weiss_value_alternative(mesh)->name, "box");
    assert_true(weiss_value_vector(mesh, "box")[2] == 100e-9);
    assert_true(weiss_value_number(mesh, "max_edge") == 3e-9);
    assert_true(weiss_value_number(mesh, "unit") == 1e-9);
    assert_true(weiss_value_given(mesh, "max_edge"));
    assert_false(weiss_value_given(mesh, "unit"));
    assert_int_equal(p->nmaterials, 1);
    assert_true(p->materials[0].Ms == 0.86e6 && p->materials[0].gamma == 2.211e5 &&
                p->materials[0].alpha == 0.5);
    assert_int_equal(p->nregions, 1);
    assert_string_equal(p->regions[0].region, "1");
    const double *m = weiss_value_vector(weiss_value_get(p->root, "initial"), "uniform");
    assert_true(fabs(m[0] - sqrt(0.5)) < 1e-15 && m[1] == 0 && fabs(m[2] - sqrt(0.5)) < 1e-15);
    const weiss_value *stages = weiss_value_get(p->root, "stages");
    assert_int_equal(stages->count, 1);
    assert_true(weiss_value_number(weiss_value_alternative(stages->items[0]), "duration") == 300e-12);
    assert_int_equal(stages->items[0]->line, 8);
    assert_true(weiss_value_flag(weiss_value_get(p->root, "demag"), "enabled"));
    assert_null(weiss_value_get(p->root, "applied"));
    weiss_problem_destroy(p);
}

static void every_way_of_writing_is_read(void **state)
{
    (void)state;
    weiss_problem *p = read_valid("everything.yaml");
    const double mu0 = WEISS_MU0;
    assert_string_equal(p->title, "All that a \u03bcproblem may hold");
    assert_true(fabs(p->materials[0].Ms * mu0 - 1) < 1e-14);
    assert_true(fabs(p->materials[0].gamma - 1.76e11 * mu0) < 1e-6);
    assert_true(p->materials[1].Ms == 800e3 &&
                p->materials[1].alpha == 1); /* own key before the merged one */
    assert_true(weiss_value_number(weiss_value_get(p->materials[1].values, "uniaxial"), "K1") == 0.5e6);
    assert_true(p->materials[2].alpha == 0.02); /* earlier mapping before the later one */
    const weiss_value *tilted = weiss_value_get(p->materials[2].values, "uniaxial");
    assert_true(weiss_value_number(tilted, "K1") == 5e5);
    assert_true(fabs(weiss_value_vector(tilted, "axis")[0] - sqrt(0.5)) < 1e-15);
    const weiss_value *stages = weiss_value_get(p->root, "stages");
    assert_int_equal(stages->count, 4);
    assert_string_equal(weiss_value_alternative(stages->items[0])->name, "relax");
    assert_true(weiss_value_number(weiss_value_alternative(stages->items[0]), "max_torque") == 1);
    assert_true(weiss_value_number(weiss_value_alternative(stages->items[1]), "max_torque") == 10);
    const weiss_value *applied = weiss_value_get(weiss_value_alternative(stages->items[2]), "applied");
    assert_int_equal(weiss_value_get(applied, "times")->count, 3);
    assert_true(weiss_value_number(weiss_value_alternative(stages->items[3]), "duration") == 50e-12);
    const weiss_value *fields = weiss_value_get(p->root, "applied"); /* a bare vector is a list of one */
    assert_int_equal(fields->count, 1);
    assert_true(fabs(weiss_value_vector(fields->items[0], "field")[2] * mu0 - 0.01) < 1e-16);
    const weiss_value *output = weiss_value_get(p->root, "output");
    assert_int_equal(weiss_value_get(output, "fields")->count, 1);
    const weiss_value *layers = weiss_value_get(output, "layers");
    assert_true(weiss_value_number(layers->items[1], "thickness") == 10e-9);
    assert_string_equal(weiss_value_alternative(weiss_value_get(p->root, "initial"))->name, "vortex");
    weiss_problem_destroy(p);
}

static void regions_find_their_material(void **state)
{
    (void)state;
    weiss_problem *p = read_valid("everything.yaml");
    int material;
    assert_int_equal(weiss_problem_region_material(p, 7, "core", &material), 0);
    assert_int_equal(material, 1);
    assert_int_equal(weiss_problem_region_material(p, 2, "core", &material), 0);
    assert_int_equal(material, 1); /* the name goes before the number */
    assert_int_equal(weiss_problem_region_material(p, 2, "shell", &material), 0);
    assert_int_equal(material, -1);
    assert_int_equal(weiss_problem_region_material(p, 3, "", &material), 0);
    assert_int_equal(material, 0);
    weiss_problem_destroy(p);
    p = read_valid("bar.yaml");
    assert_int_equal(weiss_problem_region_material(p, 2, "core", &material), WEISS_ERR_VALUE);
    assert_non_null(strstr(weiss_error_text(ctx),
                           "bar.yaml:5: regions: expected a material for region 2 (core) of the "
                           "mesh, found rules for: 1; add \"core: MATERIAL\""));
    weiss_clear_error(ctx);
    weiss_problem_destroy(p);
}

static void files_start_at_the_directory_of_the_problem(void **state)
{
    (void)state;
    static const char text[] = "mesh: {file: a.msh}\nmaterials: {a: {Ms: 1}}\ninitial: vortex\n";
    weiss_problem *p;
    char *path;
    assert_int_equal(weiss_problem_parse(ctx, "some/where/x.y.yaml", text, strlen(text), &sample_parts, &p),
                     0);
    assert_string_equal(p->directory, "some/where");
    assert_string_equal(p->name, "x.y");
    assert_string_equal(p->title, "x.y");
    assert_int_equal(weiss_problem_path(p, "a.msh", &path), 0);
    assert_string_equal(path, "some/where/a.msh");
    free(path);
    int material;
    assert_int_equal(weiss_problem_region_material(p, 5, "any", &material), 0);
    assert_int_equal(material, 0);
    weiss_problem_destroy(p);
}

static void printed_defaults_are_a_valid_problem(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length;
    weiss_problem *p;
    FILE *to = open_memstream(&text, &length);
    assert_int_equal(weiss_problem_print_defaults(ctx, &sample_parts, to), 0);
    fclose(to);
    if (weiss_problem_parse(ctx, "defaults.yaml", text, length, &sample_parts, &p) != 0)
        fail_msg("%s\n%s", weiss_error_text(ctx), text);
    assert_int_equal(weiss_value_integer(weiss_value_get(p->root, "demag"), "leaf"), 32);
    weiss_problem_destroy(p);
    free(text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bar_is_read),
        cmocka_unit_test(every_way_of_writing_is_read),
        cmocka_unit_test(regions_find_their_material),
        cmocka_unit_test(files_start_at_the_directory_of_the_problem),
        cmocka_unit_test(printed_defaults_are_a_valid_problem),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
