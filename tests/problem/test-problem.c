/* Whole problems: what a valid file becomes. */
#include "base/file.h"
#include "sample-schema.h"
#include "uncomment.h"

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

/* With two ranks this also shows that both learn of an error that only one can see. */
static void errors_are_the_same_on_all_ranks(void **state)
{
    (void)state;
    char path[512], expected[600];
    weiss_problem *p;
    assert_int_equal(weiss_problem_read(ctx, "/nowhere/bar.yaml", &sample_parts, &p), WEISS_ERR_FILE);
    assert_null(p);
    assert_string_equal(weiss_error_text(ctx),
                        "/nowhere/bar.yaml: cannot be opened: No such file or directory");
    weiss_clear_error(ctx);
    snprintf(path, sizeof path, "%s/tests/problem/broken/unknown-key.yaml", getenv("WEISS_SOURCE_ROOT"));
    snprintf(expected, sizeof expected, "%s:4: materials.permalloy.Mss: unknown key, did you mean \"Ms\"?",
             path);
    assert_int_equal(weiss_problem_read(ctx, path, &sample_parts, &p), WEISS_ERR_VALUE);
    assert_null(p);
    assert_string_equal(weiss_error_text(ctx), expected);
    weiss_clear_error(ctx);
}

static void every_kind_has_its_getter(void **state)
{
    (void)state;
    weiss_problem *p = read_valid("everything.yaml");
    const weiss_value *demag = weiss_value_get(p->root, "demag"), *vortex, *fields;
    assert_string_equal(weiss_value_text(demag, "operator"), "dense");
    assert_int_equal(weiss_value_integer(demag, "leaf"), 64);
    assert_true(weiss_value_number(demag, "tolerance") == 1e-6);
    assert_true(weiss_value_flag(demag, "enabled"));
    assert_false(weiss_value_given(demag, "enabled"));
    assert_null(weiss_value_get(demag, "nothing"));
    assert_null(weiss_value_get(NULL, "nothing"));
    assert_false(weiss_value_given(NULL, "nothing"));
    assert_null(weiss_value_alternative(demag));
    assert_null(weiss_value_alternative(NULL));
    vortex = weiss_value_alternative(weiss_value_get(p->root, "initial"));
    assert_int_equal(weiss_value_integer(vortex, "polarity"), 1);
    fields = weiss_value_get(p->root, "applied");
    assert_int_equal(fields->kind, WEISS_KIND_LIST);
    assert_string_equal(weiss_value_text(weiss_value_get(fields->items[0], "time"), "form"), "linear");
    assert_null(weiss_value_get(fields, "field")); /* a list has no keys */
    weiss_problem_destroy(p);
}

static void a_room_names_the_place_of_a_value(void **state)
{
    (void)state;
    weiss_problem *p = read_valid("bar.yaml");
    const weiss_value *stages = weiss_value_get(p->root, "stages");
    const weiss_value *duration = weiss_value_get(weiss_value_alternative(stages->items[0]), "duration");
    const weiss_value *alpha = weiss_value_get(p->materials[0].values, "alpha");
    const weiss_value *gamma = weiss_value_get(p->materials[0].values, "gamma");
    assert_int_equal(weiss_fail_at(ctx, duration, "is %d", 7), WEISS_ERR_VALUE);
    assert_non_null(strstr(weiss_error_text(ctx), "valid/bar.yaml:8: stages[0].dynamics.duration: is 7"));
    weiss_clear_error(ctx);
    weiss_fail_at(ctx, alpha, "is odd");
    assert_non_null(strstr(weiss_error_text(ctx), "valid/bar.yaml:4: materials.permalloy.alpha: is odd"));
    weiss_clear_error(ctx);
    weiss_fail_at(ctx, gamma, "is odd"); /* a default: the nearest line that was written */
    assert_non_null(
        strstr(weiss_error_text(ctx), "valid/bar.yaml:4: materials.permalloy.gamma (default): is odd"));
    weiss_clear_error(ctx);
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

static void every_setting_in_the_defaults_is_right(void **state)
{
    (void)state;
    int settings = 0;
    assert_int_equal(uncomment_each(ctx, &sample_parts, &settings), 0);
    assert_int_equal(settings, 17);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bar_is_read),
        cmocka_unit_test(every_way_of_writing_is_read),
        cmocka_unit_test(regions_find_their_material),
        cmocka_unit_test(files_start_at_the_directory_of_the_problem),
        cmocka_unit_test(errors_are_the_same_on_all_ranks),
        cmocka_unit_test(every_kind_has_its_getter),
        cmocka_unit_test(a_room_names_the_place_of_a_value),
        cmocka_unit_test(printed_defaults_are_a_valid_problem),
        cmocka_unit_test(every_setting_in_the_defaults_is_right),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
