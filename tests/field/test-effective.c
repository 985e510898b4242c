/* The sum of the terms, with terms made for the purpose: order, energies, columns, overrides, failures. */
#include "body.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weiss_context *ctx;
static test_body body;

/* A term with the field (value, 0, 0) at every node and the energy 1 J per rank. */
typedef struct fake {
    weiss_lidx nowned;
    double value, uniform;
    weiss_csr matrix;
} fake;

static int live; /* terms that exist */

static int make(const weiss_space *space, double value, void **data)
{
    fake *f = test_calloc(1, sizeof *f);
    *f = (fake){.nowned = space->mesh->nowned, .value = value};
    *data = f;
    live++;
    return 0;
}

static int create_one(const weiss_space *space, const weiss_value *section, void **data)
{
    (void)section;
    return make(space, 1, data);
}

static int create_other(const weiss_space *space, const weiss_value *section, void **data)
{
    return make(space, section ? section->number : 20, data);
}

static int create_none(const weiss_space *space, const weiss_value *section, void **data)
{
    (void)space;
    (void)section;
    *data = NULL;
    return 0;
}

static int create_failing(const weiss_space *space, const weiss_value *section, void **data)
{
    (void)section;
    *data = NULL;
    return weiss_fail(space->ctx, WEISS_ERR_VALUE, "it fails");
}

static void destroy(void *data)
{
    live--;
    test_free(data);
}

static int evaluate(void *data, const weiss_point *at, double *field, double *energy)
{
    const fake *f = data;
    (void)at;
    for (weiss_lidx i = 0; i < f->nowned; i++)
        field[3 * i] += f->value + f->uniform;
    if (energy)
        *energy += 1;
    return 0;
}

static int configure(void *data, const weiss_value *section)
{
    ((fake *)data)->value = section ? section->number : 20;
    return 0;
}

static int set_uniform(void *data, const double field[3])
{
    ((fake *)data)->uniform = field[0];
    return 0;
}

static const weiss_csr *coupling(void *data)
{
    return &((fake *)data)->matrix;
}

static int column_values(void *data, const weiss_point *at, double *values)
{
    (void)at;
    values[0] = ((fake *)data)->value;
    return 0;
}

static double longest_step(void *data, double time)
{
    return ((fake *)data)->value + time;
}

static int statistics(void *data, weiss_statistic_fn fn, void *self)
{
    (void)data;
    fn(self, "number", 7);
    return 0;
}

static const weiss_key other_section = {.name = "other", .kind = WEISS_KIND_NUMBER};
static const weiss_key fixed_section = {.name = "fixed", .kind = WEISS_KIND_NUMBER};
static const weiss_key none_section = {.name = "none", .kind = WEISS_KIND_NUMBER};
static const char *const one_column[] = {"one (A/m)", NULL}, *const other_column[] = {"other (A/m)", NULL};

static const weiss_term_class one = {.name = "one",
                                     .create = create_one,
                                     .destroy = destroy,
                                     .evaluate = evaluate,
                                     .columns = one_column,
                                     .column_values = column_values};
static const weiss_term_class none = {
    .name = "none", .section = &none_section, .create = create_none, .configure = configure};
static const weiss_term_class fixed = {.name = "fixed",
                                       .section = &fixed_section,
                                       .create = create_one,
                                       .destroy = destroy,
                                       .evaluate = evaluate};
static const weiss_term_class other = {.name = "other",
                                       .section = &other_section,
                                       .create = create_other,
                                       .destroy = destroy,
                                       .evaluate = evaluate,
                                       .configure = configure,
                                       .set_uniform = set_uniform,
                                       .coupling = coupling,
                                       .columns = other_column,
                                       .column_values = column_values,
                                       .longest_step = longest_step,
                                       .statistics = statistics};
static const weiss_term_class failing = {.name = "failing", .create = create_failing};

static const weiss_term_class *const terms[] = {&one, &none, &fixed, &other, NULL};

static double field_of(weiss_effective *effective, const char *name, double *energies)
{
    double *h = test_calloc(3 * (size_t)body.mesh->nowned, sizeof *h);
    const weiss_point at = {.time = 0, .m = NULL};
    for (weiss_lidx i = 0; i < 3 * body.mesh->nowned; i++)
        h[i] = 1e9; /* what was there is overwritten */
    assert_int_equal(name ? weiss_effective_evaluate_term(effective, name, &at, h, energies)
                          : weiss_effective_evaluate(effective, &at, h, energies),
                     0);
    double first = h[0];
    test_free(h);
    return first;
}

static void terms_are_added(void **state)
{
    (void)state;
    weiss_effective *effective;
    double energy[3] = {5, 5, 5}, values[2];
    const weiss_point at = {.time = 0, .m = NULL};
    assert_int_equal(weiss_effective_create(body.space, terms, &effective), 0);
    assert_int_equal(weiss_effective_count(effective), 3);
    assert_ptr_equal(weiss_effective_class(effective, 1), &fixed);
    assert_true(field_of(effective, NULL, energy) == 22);
    for (int i = 0; i < 3; i++)
        assert_true(energy[i] == weiss_size(ctx));
    assert_true(field_of(effective, "other", energy) == 20);
    assert_true(field_of(effective, "none", energy) == 0 && energy[0] == 0);
    assert_int_equal(weiss_effective_evaluations(effective), 1);
    assert_true(weiss_effective_seconds(effective, 2) >= 0);
    assert_int_equal(weiss_effective_column_count(effective), 2);
    assert_string_equal(weiss_effective_column_name(effective, 0), "one (A/m)");
    assert_string_equal(weiss_effective_column_name(effective, 1), "other (A/m)");
    assert_int_equal(weiss_effective_column_values(effective, &at, values), 0);
    assert_true(values[0] == 1 && values[1] == 20);
    assert_non_null(weiss_effective_coupling(effective, 0));
    assert_null(weiss_effective_coupling(effective, 1));
    assert_true(weiss_effective_longest_step(effective, 3) == 23);
    weiss_effective_destroy(effective);
    assert_int_equal(live, 0);
}

static void stages_configure_terms(void **state)
{
    (void)state;
    weiss_effective *effective;
    weiss_value value = {.kind = WEISS_KIND_NUMBER, .name = "other", .file = "stage", .line = 3, .number = 7};
    weiss_value *items[] = {&value};
    const weiss_value stage = {.kind = WEISS_KIND_MAP, .name = "dynamics", .items = items, .count = 1};
    assert_int_equal(weiss_effective_create(body.space, terms, &effective), 0);
    assert_int_equal(weiss_effective_configure(effective, &stage), 0);
    assert_true(field_of(effective, "other", NULL) == 7);
    assert_int_equal(weiss_effective_set_uniform(effective, (double[3]){100, 0, 0}), 0);
    assert_true(field_of(effective, "other", NULL) == 107);
    assert_int_equal(weiss_effective_configure(effective, NULL), 0);
    assert_true(field_of(effective, "other", NULL) == 20);
    value.name = "none"; /* switched off in the problem */
    assert_int_equal(weiss_effective_configure(effective, &stage), WEISS_ERR_VALUE);
    assert_non_null(strstr(weiss_error_text(ctx), "stage:3"));
    weiss_clear_error(ctx);
    value.name = "fixed"; /* cannot be changed */
    assert_int_equal(weiss_effective_configure(effective, &stage), WEISS_ERR_VALUE);
    weiss_clear_error(ctx);
    weiss_effective_destroy(effective);
}

static void count_statistic(void *self, const char *name, double value)
{
    assert_string_equal(name, "number");
    *(double *)self += value;
}

static void statistics_are_passed_on(void **state)
{
    (void)state;
    weiss_effective *effective;
    double sum = 0;
    assert_int_equal(weiss_effective_create(body.space, terms, &effective), 0);
    for (int i = 0; i < weiss_effective_count(effective); i++)
        assert_int_equal(weiss_effective_statistics(effective, i, count_statistic, &sum), 0);
    assert_true(sum == 7);
    weiss_effective_destroy(effective);
}

static void nobody_takes_the_uniform_field(void **state)
{
    (void)state;
    static const weiss_term_class *const only_one[] = {&one, NULL};
    weiss_effective *effective;
    assert_int_equal(weiss_effective_create(body.space, only_one, &effective), 0);
    assert_int_equal(weiss_effective_set_uniform(effective, (double[3]){0, 0, 0}), 0);
    assert_int_equal(weiss_effective_set_uniform(effective, (double[3]){0, 0, 1}), WEISS_ERR_INTERNAL);
    weiss_clear_error(ctx);
    weiss_effective_destroy(effective);
}

static void failing_term_leaves_nothing(void **state)
{
    (void)state;
    static const weiss_term_class *const with_failing[] = {&one, &other, &failing, NULL};
    weiss_effective *effective;
    assert_int_equal(weiss_effective_create(body.space, with_failing, &effective), WEISS_ERR_VALUE);
    assert_null(effective);
    assert_string_equal(weiss_error_text(ctx), "it fails");
    assert_int_equal(live, 0);
    weiss_clear_error(ctx);
}

static int start(void **state)
{
    static const weiss_term_class *const no_terms[] = {NULL};
    static const test_body_spec spec = {.size = {4e-9, 4e-9, 4e-9},
                                        .cells = {2, 2, 2},
                                        .text = "materials: {a: {Ms: 1e6}}\n",
                                        .terms = no_terms};
    (void)state;
    return test_body_create(ctx, &spec, &body);
}

static int end(void **state)
{
    (void)state;
    test_body_destroy(&body);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_are_added),
        cmocka_unit_test(stages_configure_terms),
        cmocka_unit_test(statistics_are_passed_on),
        cmocka_unit_test(nobody_takes_the_uniform_field),
        cmocka_unit_test(failing_term_leaves_nothing),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, start, end);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
