/* The public interface, used as a program would: only weiss/weiss.h. */
#include <weiss/weiss.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../mesh/near.h"

#define MU0 (4e-7 * 3.14159265358979323846)

static weiss_session *session;

/** One spin in effect: no exchange to speak of, no demagnetising field, a field along z. */
static const char macrospin[] = "mesh: {grid: {size: [4 nm, 4 nm, 4 nm], cells: [2, 2, 2]}}\n"
                                "materials: {any: {Ms: 800 kA/m, A: 13 pJ/m, alpha: 0.1}}\n"
                                "initial: {uniform: [1, 0, 0]}\n"
                                "demag: off\n"
                                "applied: [0, 0, 100 mT]\n";

static weiss_simulation *build(const char *text)
{
    weiss_simulation *simulation;
    assert_int_equal(weiss_simulation_parse(session, "test", text, &simulation), 0);
    assert_int_equal(weiss_simulation_build(simulation), 0);
    return simulation;
}

/** Index of a term. */
static int find(const weiss_simulation *simulation, const char *name)
{
    for (int i = 0; i < weiss_simulation_terms(simulation); i++)
        if (strcmp(weiss_simulation_term(simulation, i), name) == 0)
            return i;
    fail_msg("the term %s is not active", name);
    return -1;
}

static double sum(double x)
{
    MPI_Allreduce(MPI_IN_PLACE, &x, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return x;
}

static void mesh_and_state_can_be_read(void **state)
{
    (void)state;
    weiss_simulation *s = build(macrospin);
    int32_t n = weiss_simulation_owned_nodes(s);
    double *x = malloc((size_t)(3 * n + 1) * sizeof *x), volume = 0.0, largest = 0.0;
    assert_int_equal(weiss_simulation_nodes(s), 27);
    assert_int_equal((int)sum(n), 27);
    weiss_simulation_coordinates(s, x);
    for (int32_t i = 0; i < 3 * n; i++)
        largest = fmax(largest, fabs(x[i]));
    assert_true(n == 0 || fabs(largest - 2e-9) < 1e-15 || largest < 2e-9);
    weiss_simulation_volumes(s, x);
    for (int32_t i = 0; i < n; i++)
        volume += x[i];
    assert_near(sum(volume), 64e-27, 1e-36);
    weiss_simulation_magnetisation(s, x);
    for (int32_t i = 0; i < n; i++)
        assert_true(x[3 * i] == 1.0 && x[3 * i + 1] == 0.0 && x[3 * i + 2] == 0.0);
    free(x);
    weiss_simulation_destroy(s);
}

static void state_can_be_set(void **state)
{
    (void)state;
    weiss_simulation *s = build(macrospin);
    int32_t n = weiss_simulation_owned_nodes(s);
    double *m = calloc((size_t)(3 * n + 1), sizeof *m), mean[3];
    for (int32_t i = 0; i < n; i++)
        m[3 * i + 1] = 5.0;
    assert_int_equal(weiss_simulation_set_magnetisation(s, m), 0);
    assert_int_equal(weiss_simulation_mean(s, mean), 0);
    assert_near(mean[1], 1.0, 1e-12);
    memset(m, 0, (size_t)(3 * n) * sizeof *m);
    assert_int_equal(weiss_simulation_set_magnetisation(s, m), WEISS_ERR_VALUE);
    assert_string_not_equal(weiss_session_error(session), "");
    free(m);
    weiss_simulation_destroy(s);
}

static void fields_and_energies_agree(void **state)
{
    (void)state;
    weiss_simulation *s = build(macrospin);
    int32_t n = weiss_simulation_owned_nodes(s);
    double *field = malloc((size_t)(3 * n + 1) * sizeof *field), energy[8], m[3 * 27];
    assert_in_range(weiss_simulation_terms(s), 1, 8);
    assert_int_equal(weiss_simulation_field(s, "applied", field), 0);
    for (int32_t i = 0; i < n; i++)
        assert_near(field[3 * i + 2], 0.1 / MU0, 1e-6);
    assert_int_equal(weiss_simulation_field(s, NULL, field), 0);
    for (int32_t i = 0; i < n; i++)
        assert_near(field[3 * i + 2], 0.1 / MU0, 1e-6);
    assert_int_equal(weiss_simulation_field(s, "demag", field), 0);
    for (int32_t i = 0; i < 3 * n; i++)
        assert_true(field[i] == 0.0);
    for (int32_t i = 0; i < n; i++) {
        m[3 * i] = m[3 * i + 1] = 0.0;
        m[3 * i + 2] = -1.0;
    }
    assert_int_equal(weiss_simulation_set_magnetisation(s, m), 0);
    assert_int_equal(weiss_simulation_energies(s, energy), 0);
    assert_near(energy[find(s, "applied")], 0.1 * 8e5 * 64e-27, 1e-30); /* -mu0 Ms V m.H */
    free(field);
    weiss_simulation_destroy(s);
}

/** A single spin in a field along z: m_z = tanh(alpha gamma H t / (1 + alpha^2)) from m_z = 0. */
static void stages_evolve_the_state(void **state)
{
    (void)state;
    weiss_simulation *s = build(macrospin);
    double mean[3], rate = 0.1 * 2.211e5 * 0.1 / MU0 / 1.01;
    assert_int_equal(weiss_simulation_evolve(s, "dynamics: {duration: 100 ps, rtol: 1e-7}"), 0);
    assert_near(weiss_simulation_time(s), 100e-12, 1e-22);
    assert_int_equal(weiss_simulation_evolve(s, "dynamics: 200 ps"), 0);
    assert_near(weiss_simulation_time(s), 300e-12, 1e-22);
    assert_int_equal(weiss_simulation_mean(s, mean), 0);
    assert_near(mean[2], tanh(rate * 300e-12), 1e-3);
    assert_int_equal(weiss_simulation_evolve(s, "dynamics: {duration: 3 ns, applied: [100 mT, 0, 0]}"), 0);
    assert_int_equal(weiss_simulation_evolve(s, "relax: {max_iterations: 1}"), WEISS_ERR_CONVERGENCE);
    assert_int_equal(weiss_simulation_evolve(s, "relax: 1 A/m"), 0);
    assert_int_equal(weiss_simulation_mean(s, mean), 0);
    assert_near(mean[2], 1.0, 1e-6); /* the problem's own field is back */
    weiss_simulation_destroy(s);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    weiss_simulation *s;
    assert_int_equal(weiss_simulation_parse(session, "test", "mesh: 1\n", &s), WEISS_ERR_VALUE);
    assert_null(s);
    assert_non_null(strstr(weiss_session_error(session), "test:1: mesh"));
    assert_int_equal(weiss_simulation_read(session, "no such file", &s), WEISS_ERR_FILE);
    assert_non_null(strstr(weiss_session_error(session), "no such file"));
    s = build(macrospin);
    assert_string_equal(weiss_session_error(session), "");
    assert_int_equal(weiss_simulation_evolve(s, "dynamic: 1 ps"), WEISS_ERR_VALUE);
    assert_non_null(strstr(weiss_session_error(session), "dynamics"));
    assert_int_equal(weiss_simulation_evolve(s, "dynamics: {duration: 1 kg}"), WEISS_ERR_VALUE);
    weiss_simulation_destroy(s);
    weiss_simulation_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mesh_and_state_can_be_read), cmocka_unit_test(state_can_be_set),
        cmocka_unit_test(fields_and_energies_agree),  cmocka_unit_test(stages_evolve_the_state),
        cmocka_unit_test(mistakes_are_told),
    };
    if (weiss_session_begin(MPI_COMM_WORLD, &session) != 0)
        return 1;
    weiss_session_log(session, NULL, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_session_end(session);
    return failed;
}
