/* The commented defaults with the keys of all rooms: a valid problem, and every setting in them that is commented out is
 * valid too. */
#include "simulation/schema.h"
#include "uncomment.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *ctx;

static void the_defaults_of_all_rooms_are_right(void **state)
{
    (void)state;
    weiss_schema *schema;
    int settings = 0;
    assert_int_equal(weiss_schema_assemble(ctx, &schema), 0);
    assert_int_equal(uncomment_each(ctx, &schema->parts, &settings), 0);
    assert_true(settings >= 40);
    weiss_schema_destroy(schema);
}

static void check_help(const weiss_key *table, int depth)
{
    for (const weiss_key *key = table; key != NULL && key->name != NULL && depth < 12; key++) {
        if (key->help == NULL || key->help[0] == '\0')
            fail_msg("the key \"%s\" has no help", key->name);
        if (key->help[0] >= 'a' && key->help[0] <= 'z')
            fail_msg("the help of \"%s\" does not start with a capital", key->name);
        if (key->help[strlen(key->help) - 1] == '.')
            fail_msg("the help of \"%s\" ends with a stop", key->name);
        if (key->kind == WEISS_KIND_MAP)
            check_help(key->members, depth + 1);
        else if (key->kind == WEISS_KIND_LIST && key->members[0].kind == WEISS_KIND_MAP)
            check_help(key->members[0].members, depth + 1);
    }
}

static void every_key_has_its_line_of_help(void **state)
{
    (void)state;
    weiss_schema *schema;
    assert_int_equal(weiss_schema_assemble(ctx, &schema), 0);
    check_help(schema->parts.mesh, 0);
    check_help(schema->parts.material, 0);
    check_help(schema->parts.sections, 0);
    check_help(schema->parts.initial, 0);
    check_help(schema->parts.stages, 0);
    weiss_schema_destroy(schema);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_of_all_rooms_are_right),
        cmocka_unit_test(every_key_has_its_line_of_help),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
