#include "problem.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static const weiss_key material_keys[] = {{.name = "A",
                                           .kind = WEISS_KIND_NUMBER,
                                           .quantity = WEISS_EXCHANGE,
                                           .positive = true,
                                           .help = "Exchange constant",
                                           .example = "13e-12 J/m"},
                                          {.name = NULL}};
static const weiss_key initial_keys[] = {{.name = "uniform",
                                          .kind = WEISS_KIND_DIRECTION,
                                          .alternative = true,
                                          .help = "Direction",
                                          .example = "[0, 0, 1]"},
                                         {.name = NULL}};
static const weiss_key stage_keys[] = {
    {.name = "hold", .kind = WEISS_KIND_INTEGER, .help = "Nothing", .example = "1"}, {.name = NULL}};

weiss_problem *problem_of(weiss_context *ctx, const char *text)
{
    char whole[4096];
    const weiss_schema_parts parts = {
        .mesh = weiss_mesh_keys(), .material = material_keys, .initial = initial_keys, .stages = stage_keys};
    weiss_problem *problem = NULL;
    int n = snprintf(whole, sizeof whole, "%s\n%sinitial: {uniform: [0, 0, 1]}\nstages: [{hold: 1}]\n", text,
                     strstr(text, "materials:") == NULL
                         ? "materials: {permalloy: {Ms: 0.86e6 A/m, A: 13e-12 J/m}}\n"
                         : "");
    int code = weiss_problem_parse(ctx, "test.yaml", whole, (size_t)n, &parts, &problem);
    if (code != 0)
        print_error("%s\n", weiss_error_text(ctx));
    assert_int_equal(code, 0);
    return problem;
}

int obtain(weiss_context *ctx, const char *text, weiss_tetmesh **mesh)
{
    weiss_problem *problem = problem_of(ctx, text);
    int code = weiss_mesh_obtain(problem, mesh);
    weiss_problem_destroy(problem);
    return code;
}
