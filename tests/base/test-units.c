/* Quantities with units: what is understood, what is refused and how, and formatting. */
#include "base/units.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double pi = 3.14159265358979323846;

static const struct {
    const char *text;
    weiss_quantity quantity;
    double si;
} exact[] = {
    {"0.5", WEISS_PURE, 0.5},
    {"  -1.25e-3\t", WEISS_PURE, -1.25e-3},
    {".5", WEISS_PURE, 0.5},
    {"5.", WEISS_PURE, 5},
    {"+7", WEISS_PURE, 7},
    {"0", WEISS_LENGTH, 0},
    {"30 nm", WEISS_LENGTH, 30e-9},
    {"30nm", WEISS_LENGTH, 30e-9},
    {"0.1 um", WEISS_LENGTH, 0.1e-6},
    {"0.1 \u00b5m", WEISS_LENGTH, 0.1e-6},
    {"0.1 \u03bcm", WEISS_LENGTH, 0.1e-6},
    {"2.5 \u00c5", WEISS_LENGTH, 2.5e-10},
    {"3e-9", WEISS_LENGTH, 3e-9},
    {"3e-9m", WEISS_LENGTH, 3e-9},
    {"1.5 cm", WEISS_LENGTH, 1.5e-2},
    {"300 ps", WEISS_TIME, 300e-12},
    {"1.7 fs", WEISS_TIME, 1.7e-15},
    {"10 GHz", WEISS_FREQUENCY, 10e9},
    {"10 1/ns", WEISS_FREQUENCY, 10e9},
    {"10/ns", WEISS_FREQUENCY, 10e9},
    {"10 ns^-1", WEISS_FREQUENCY, 10e9},
    {"10 ns\u207b\u00b9", WEISS_FREQUENCY, 10e9},
    {"1.5 rad", WEISS_ANGLE, 1.5},
    {"20 mrad", WEISS_ANGLE, 20e-3},
    {"0.86e6 A/m", WEISS_MAGNETISATION, 0.86e6},
    {"860 kA/m", WEISS_MAGNETISATION, 860e3},
    {"860 kA m^-1", WEISS_MAGNETISATION, 860e3},
    {"0.86 A/um", WEISS_MAGNETISATION, 0.86e6},
    {"800 emu/cm3", WEISS_MAGNETISATION, 800e3},
    {"13e-12 J/m", WEISS_EXCHANGE, 13e-12},
    {"13 pJ/m", WEISS_EXCHANGE, 13e-12},
    {"13 pN", WEISS_EXCHANGE, 13e-12},
    {"1.3e-6 erg/cm", WEISS_EXCHANGE, 1.3e-11},
    {"0.5 MJ/m3", WEISS_ENERGY_DENSITY, 0.5e6},
    {"0.5 MJ/m^3", WEISS_ENERGY_DENSITY, 0.5e6},
    {"0.5 MJ/m**3", WEISS_ENERGY_DENSITY, 0.5e6},
    {"0.5 MJ/m\u00b3", WEISS_ENERGY_DENSITY, 0.5e6},
    {"0.5 MJ*m^-3", WEISS_ENERGY_DENSITY, 0.5e6},
    {"0.5 MJ\u00b7m-3", WEISS_ENERGY_DENSITY, 0.5e6},
    {"5e6 erg/cm3", WEISS_ENERGY_DENSITY, 5e5},
    {"5e6 erg / cm ^3", WEISS_PURE, NAN},
    {"1.5 mJ/m2", WEISS_SURFACE_ENERGY, 1.5e-3},
    {"2 aJ", WEISS_ENERGY, 2e-18},
    {"1 T A m2", WEISS_ENERGY, 1},
    {"2.211e5 m/(A s)", WEISS_GYROMAGNETIC, 2.211e5},
    {"2.211e5 m/A/s", WEISS_GYROMAGNETIC, 2.211e5},
    {"2.211e5 ( m / ( A s ) )", WEISS_GYROMAGNETIC, 2.211e5},
    {"221.1 km A^-1 s^-1", WEISS_GYROMAGNETIC, 221.1e3},
    {"3 kA/(m ns)", WEISS_FIELD_RATE, 3e12},
    {"3 kA/m/ns", WEISS_FIELD_RATE, 3e12},
};

static void good_quantities_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
        double si = NAN;
        char why[256] = "";
        bool right = weiss_parse_quantity(exact[i].text, exact[i].quantity, &si, why, sizeof why);
        if (isnan(exact[i].si))
            assert_false(right);
        else if (!right || si != exact[i].si)
            fail_msg("\"%s\": got %.17g, expected %.17g %s", exact[i].text, si, exact[i].si, why);
    }
}

static void units_with_a_factor_are_close(void **state)
{
    (void)state;
    const struct {
        const char *text;
        weiss_quantity quantity;
        double si;
    } close[] = {
        {"10 mT", WEISS_FIELD, 0.01 / WEISS_MU0},
        {"1 T", WEISS_MAGNETISATION, 1 / WEISS_MU0},
        {"1 Vs/m2", WEISS_FIELD, NAN}, /* "Vs" is not a symbol: a product has a mark */
        {"1 V s/m2", WEISS_FIELD, 1 / WEISS_MU0},
        {"1 Wb/m2", WEISS_FIELD, 1 / WEISS_MU0},
        {"100 Oe", WEISS_FIELD, 100 * 1000 / (4 * pi)},
        {"100 G", WEISS_FIELD, 100 * 1000 / (4 * pi)},
        {"1.5 kOe", WEISS_FIELD, 1.5e6 / (4 * pi)},
        {"90 deg", WEISS_ANGLE, pi / 2},
        {"90\u00b0", WEISS_ANGLE, pi / 2},
        {"1 meV", WEISS_ENERGY, 1.602176634e-22},
        {"1.76e11 rad/(T s)", WEISS_GYROMAGNETIC, 1.76e11 * WEISS_MU0},
        {"28 GHz/T", WEISS_GYROMAGNETIC, NAN}, /* would be off by 2 pi */
        {"1 mT/ns", WEISS_FIELD_RATE, 1e6 / WEISS_MU0},
    };
    for (size_t i = 0; i < sizeof close / sizeof *close; i++) {
        double si = NAN;
        char why[256] = "";
        bool right = weiss_parse_quantity(close[i].text, close[i].quantity, &si, why, sizeof why);
        if (isnan(close[i].si))
            assert_false(right);
        else if (!right || !(fabs(si - close[i].si) <= 1e-15 * fabs(close[i].si)))
            fail_msg("\"%s\": got %.17g, expected %.17g %s", close[i].text, si, close[i].si, why);
    }
}

static void wrong_quantities_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        weiss_quantity quantity;
        const char *why;
    } bad[] = {
        {"5 kg", WEISS_LENGTH, "expected a length such as \"5 nm\", found \"5 kg\""},
        {"5 kg", WEISS_MAGNETISATION, "expected a magnetisation such as \"800 kA/m\", found \"5 kg\""},
        {"5 nm", WEISS_PURE, "expected a plain number such as \"0.5\", found \"5 nm\""},
        {"5 rad", WEISS_PURE, "expected a plain number such as \"0.5\", found \"5 rad\""},
        {"1 J", WEISS_EXCHANGE, "expected an exchange constant such as \"13 pJ/m\", found \"1 J\""},
        {"5 nn", WEISS_LENGTH, "expected a length such as \"5 nm\", found \"5 nn\" (\"nn\" is not a unit)"},
        {"", WEISS_LENGTH, "expected a length such as \"5 nm\", found \"\" (it is not a number)"},
        {"nm", WEISS_LENGTH, "expected a length such as \"5 nm\", found \"nm\" (it is not a number)"},
        {"nan", WEISS_TIME, "expected a time such as \"10 ps\", found \"nan\" (it is not a number)"},
        {".inf", WEISS_TIME, "expected a time such as \"10 ps\", found \".inf\" (it is not a number)"},
        {"-inf s", WEISS_TIME, "expected a time such as \"10 ps\", found \"-inf s\" (it is not a number)"},
        {"0x10 s", WEISS_TIME, "expected a time such as \"10 ps\", found \"0x10 s\" (\"x\" is not a unit)"},
        {"1e999 s", WEISS_TIME, "expected a time such as \"10 ps\", found \"1e999 s\" (it is too large)"},
        {"1e308 Es", WEISS_TIME, "expected a time such as \"10 ps\", found \"1e308 Es\" (it is too large)"},
        {"1e99999999999 s", WEISS_TIME,
         "expected a time such as \"10 ps\", found \"1e99999999999 s\" (it is too large)"},
        {"1e-400", WEISS_TIME, "expected a time such as \"10 ps\", found \"1e-400\" (it is too small)"},
        {"1e-320", WEISS_TIME, "expected a time such as \"10 ps\", found \"1e-320\" (it is too small)"},
        {"1,5 s", WEISS_TIME,
         "expected a time such as \"10 ps\", found \"1,5 s\" (no unit can start with \",5 s\")"},
        {"5 s/", WEISS_TIME,
         "expected a time such as \"10 ps\", found \"5 s/\" (a unit is missing at the end)"},
        {"5 s)", WEISS_TIME,
         "expected a time such as \"10 ps\", found \"5 s)\" (nothing was expected at \")\")"},
        {"5 (s", WEISS_TIME,
         "expected a time such as \"10 ps\", found \"5 (s\" (a closing bracket is missing)"},
        {"5 s^", WEISS_TIME,
         "expected a time such as \"10 ps\", found \"5 s^\" (a power is missing at \"^\")"},
        {"5 s^99", WEISS_TIME,
         "expected a time such as \"10 ps\", found \"5 s^99\" (the power at \"^99\" is too large)"},
        {"5 s 3", WEISS_TIME,
         "expected a time such as \"10 ps\", found \"5 s 3\" (no unit can start with \"3\")"},
        {"5 1", WEISS_PURE,
         "expected a plain number such as \"0.5\", found \"5 1\" (no unit can start with \"1\")"},
        {"2 ((((m9)9)9)9)9", WEISS_LENGTH,
         "expected a length such as \"5 nm\", found \"2 ((((m9)9)9)9)9\" (its powers are too large)"},
        {"5 \033[31mm", WEISS_LENGTH,
         "expected a length such as \"5 nm\", found \"5 \\x1b[31mm\" (\"\\x1b[\" is not a unit)"},
        {"5 m\xff", WEISS_LENGTH,
         "expected a length such as \"5 nm\", found \"5 m\\xff\" (\"m\\xff\" is not a unit)"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double si = 7;
        char why[512] = "";
        assert_false(weiss_parse_quantity(bad[i].text, bad[i].quantity, &si, why, sizeof why));
        assert_string_equal(why, bad[i].why);
        assert_true(si == 7); /* untouched */
    }
}

static void texts_of_any_length_are_refused_calmly(void **state)
{
    (void)state;
    char *text = malloc(100001), why[512];
    const char fillers[] = {'9', 'm', '(', ' ', '^', '.', '/', '-', '\xc2'};
    double si;
    for (size_t f = 0; f < sizeof fillers; f++) {
        memset(text, fillers[f], 100000);
        text[0] = '1';
        text[100000] = '\0';
        assert_int_equal(weiss_parse_quantity(text, WEISS_LENGTH, &si, why, sizeof why), fillers[f] == ' ');
        assert_true(strlen(why) < 300);
    }
    free(text);
}

static void values_are_shown_with_prefixes(void **state)
{
    (void)state;
    static const struct {
        double si;
        weiss_quantity quantity;
        int digits;
        const char *text;
    } shown[] = {
        {1.23e-11, WEISS_TIME, 3, "12.3 ps"},
        {0.86e6, WEISS_MAGNETISATION, 3, "860 kA/m"},
        {30e-9, WEISS_LENGTH, 4, "30 nm"},
        {999.96e-9, WEISS_LENGTH, 4, "1 um"},
        {999.94e-9, WEISS_LENGTH, 4, "999.9 nm"},
        {-0.5, WEISS_LENGTH, 4, "-500 mm"},
        {5000, WEISS_TIME, 4, "5000 s"},
        {13e-12, WEISS_EXCHANGE, 2, "13 pJ/m"},
        {5e5, WEISS_ENERGY_DENSITY, 3, "500 kJ/m^3"},
        {2.211e5, WEISS_GYROMAGNETIC, 4, "2.211e+05 m/(A s)"},
        {0, WEISS_LENGTH, 3, "0 m"},
        {-0.0, WEISS_LENGTH, 3, "0 m"},
        {0.5, WEISS_PURE, 3, "0.5"},
        {1e-30, WEISS_ENERGY, 3, "1e-30 J"},
        {123456, WEISS_MAGNETISATION, 1, "100 kA/m"},
        {INFINITY, WEISS_TIME, 3, "inf s"},
    };
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        char text[64];
        assert_string_equal(
            weiss_format_quantity(shown[i].si, shown[i].quantity, shown[i].digits, text, sizeof text),
            shown[i].text);
    }
}

/* splitmix64 */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void formatted_values_are_read_back(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        weiss_quantity q = (weiss_quantity)(next_random(&seed) % WEISS_QUANTITY_COUNT);
        double mantissa = (double)(next_random(&seed) >> 11) * 0x1p-53 - 0.5;
        double si = mantissa * pow(10, (double)(next_random(&seed) % 60) - 30), back = NAN;
        char text[64], why[256] = "";
        weiss_format_quantity(si, q, 17, text, sizeof text);
        if (!weiss_parse_quantity(text, q, &back, why, sizeof why) || back != si)
            fail_msg("%.17g was written as \"%s\" and read as %.17g %s", si, text, back, why);
        weiss_format_quantity(si, q, 4, text, sizeof text);
        if (!weiss_parse_quantity(text, q, &back, why, sizeof why) || fabs(back - si) > 5.01e-4 * fabs(si))
            fail_msg("%.17g was written as \"%s\" and read as %.17g %s", si, text, back, why);
    }
}

static void examples_and_units_are_understood(void **state)
{
    (void)state;
    for (int q = 0; q < WEISS_QUANTITY_COUNT; q++) {
        char text[64], why[256] = "";
        double si;
        snprintf(text, sizeof text, "3 %s", weiss_quantity_unit(q));
        assert_true(weiss_parse_quantity(text, q, &si, why, sizeof why));
        assert_true(si == 3);
        assert_true(weiss_parse_quantity(weiss_quantity_example(q), q, &si, why, sizeof why));
        assert_int_equal(weiss_quantity_has_unit(weiss_quantity_example(q)), q != WEISS_PURE);
    }
    assert_false(weiss_quantity_has_unit(" 1e5 "));
    assert_false(weiss_quantity_has_unit("text"));
}

static void decimal_point_does_not_depend_on_the_locale(void **state)
{
    (void)state;
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8"};
    bool found = false;
    for (int i = 0; i < 3 && !found; i++)
        found = setlocale(LC_NUMERIC, locales[i]) != NULL;
    double si;
    char why[256], text[64];
    assert_true(weiss_parse_quantity("1.5 nm", WEISS_LENGTH, &si, why, sizeof why));
    assert_true(si == 1.5e-9);
    assert_string_equal(weiss_format_quantity(1.5e-9, WEISS_LENGTH, 3, text, sizeof text), "1.5 nm");
    setlocale(LC_NUMERIC, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_quantities_are_exact),
        cmocka_unit_test(units_with_a_factor_are_close),
        cmocka_unit_test(wrong_quantities_are_explained),
        cmocka_unit_test(texts_of_any_length_are_refused_calmly),
        cmocka_unit_test(values_are_shown_with_prefixes),
        cmocka_unit_test(formatted_values_are_read_back),
        cmocka_unit_test(examples_and_units_are_understood),
        cmocka_unit_test(decimal_point_does_not_depend_on_the_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
