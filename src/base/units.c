#include "base/units.h"

#include "base/text.h"
#include "base/unit.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_MANTISSA 64
#define NO_PREFIX (-1)

static const struct {
    const char *unit, *words;
} name_table[WEISS_QUANTITY_COUNT] = {
#define X(name, unit, words) [name] = {unit, words},
    WEISS_QUANTITIES(X)
#undef X
};

static const struct {
    const char *example;
    const char *other; /* a further unit that is understood; NULL: none */
    double other_factor; /* what multiplies its SI value */
    int greatest_prefix; /* power of ten that formatting may use */
} details[WEISS_QUANTITY_COUNT] = {
    [WEISS_PURE] = {"0.5", NULL, 0, NO_PREFIX},
    [WEISS_LENGTH] = {"5 nm", NULL, 0, 0},
    [WEISS_TIME] = {"10 ps", NULL, 0, 0},
    [WEISS_FREQUENCY] = {"5 GHz", NULL, 0, 18},
    [WEISS_ANGLE] = {"90 deg", NULL, 0, NO_PREFIX},
    [WEISS_FIELD] = {"10 mT", "T", 1 / WEISS_MU0, 18},
    [WEISS_MAGNETISATION] = {"800 kA/m", "T", 1 / WEISS_MU0, 18},
    [WEISS_EXCHANGE] = {"13 pJ/m", NULL, 0, 18},
    [WEISS_ENERGY_DENSITY] = {"50 kJ/m^3", NULL, 0, 18},
    [WEISS_SURFACE_ENERGY] = {"1 mJ/m^2", NULL, 0, 18},
    [WEISS_ENERGY] = {"1e-18 J", NULL, 0, 18},
    [WEISS_GYROMAGNETIC] = {"2.211e5 m/(A s)", "rad/(T s)", WEISS_MU0, NO_PREFIX},
    [WEISS_FIELD_RATE] = {"1 mT/ns", "T/s", 1 / WEISS_MU0, NO_PREFIX},
};

const char *weiss_quantity_unit(weiss_quantity q)
{
    return name_table[q].unit;
}

const char *weiss_quantity_words(weiss_quantity q)
{
    return name_table[q].words;
}

const char *weiss_quantity_example(weiss_quantity q)
{
    return details[q].example;
}

/* A decimal number cut into what stands before the exponent, and the exponent. */
typedef struct decimal {
    char mantissa[LONGEST_MANTISSA + 1];
    int exponent;
    bool zero;
    const char *end;
} decimal;

static size_t count_digits(const char *s)
{
    return strspn(s, "0123456789");
}

/* Takes "-12.5e-9" apart. Own grammar, so that hexadecimal numbers, "nan" and "inf" are no numbers here. */
static const char *split_decimal(const char *text, decimal *out)
{
    const char *s = text + (*text == '+' || *text == '-');
    size_t digits = count_digits(s);
    s += digits;
    if (*s == '.') {
        size_t fraction = count_digits(s + 1);
        s += 1 + fraction;
        digits += fraction;
    }
    if (digits == 0)
        return "it is not a number";
    size_t length = (size_t)(s - text);
    if (length > LONGEST_MANTISSA)
        return "it has too many digits";
    memcpy(out->mantissa, text, length);
    out->mantissa[length] = '\0';
    out->zero = strpbrk(out->mantissa, "123456789") == NULL;
    out->exponent = 0;
    if (*s == 'e' || *s == 'E') {
        const char *e = s + 1 + (s[1] == '+' || s[1] == '-');
        size_t n = count_digits(e);
        if (n > 6)
            return s[1] == '-' ? "it is too small" : "it is too large";
        if (n > 0) {
            out->exponent = (int)strtol(s + 1, NULL, 10);
            s = e + n;
        }
    }
    out->end = s;
    return NULL;
}

/* Value of a decimal number times a power of ten, rounded once, whatever decimal point the locale has. */
static double decimal_value(const decimal *d, int exponent)
{
    char text[LONGEST_MANTISSA + 16];
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    snprintf(text, sizeof text, "%se%d", d->mantissa, d->exponent + exponent);
    double value = c != (locale_t)0 ? strtod_l(text, NULL, c) : strtod(text, NULL);
    if (c != (locale_t)0)
        freelocale(c);
    return value;
}

/* Factor that a value in @p unit needs to be in the SI unit of @p q; 0 when the dimensions differ. */
static double factor_to(weiss_quantity q, const weiss_unit *unit)
{
    char ignored[WEISS_TEXT_SHOWN];
    weiss_unit wanted, other;
    if (weiss_unit_parse(name_table[q].unit, &wanted, ignored, sizeof ignored) &&
        weiss_unit_same_dimension(unit, &wanted))
        return unit->factor;
    if (details[q].other != NULL && weiss_unit_parse(details[q].other, &other, ignored, sizeof ignored) &&
        weiss_unit_same_dimension(unit, &other))
        return unit->factor * details[q].other_factor;
    return 0;
}

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

/* Does the work; on failure @p reason has what is wrong, or "" when the expectation says it all. */
static bool parse(const char *text, weiss_quantity q, double *si, char *reason, size_t size)
{
    decimal number;
    weiss_unit unit;
    reason[0] = '\0';
    const char *wrong = split_decimal(skip_blanks(text), &number);
    if (wrong != NULL) {
        snprintf(reason, size, "%s", wrong);
        return false;
    }
    const char *rest = skip_blanks(number.end);
    if (!weiss_unit_parse(rest, &unit, reason, size))
        return false;
    double factor = *rest == '\0' ? 1 : factor_to(q, &unit);
    if (factor == 0)
        return false;
    double value = decimal_value(&number, unit.exponent) * factor;
    if (!isfinite(value) || (!number.zero && fabs(value) < 2.2250738585072014e-308)) {
        snprintf(reason, size, "it is too %s", isfinite(value) ? "small" : "large");
        return false;
    }
    *si = value;
    return true;
}

bool weiss_parse_quantity(const char *text, weiss_quantity q, double *si, char *why, size_t why_size)
{
    char reason[2 * WEISS_TEXT_SHOWN], shown[WEISS_TEXT_SHOWN];
    if (parse(text, q, si, reason, sizeof reason))
        return true;
    bool bracket = reason[0] != '\0';
    snprintf(why, why_size, "expected %s such as \"%s\", found \"%s\"%s%s%s", weiss_quantity_words(q),
             details[q].example, weiss_text_show(text, shown), bracket ? " (" : "", reason,
             bracket ? ")" : "");
    return false;
}

bool weiss_quantity_has_unit(const char *text)
{
    decimal number;
    return split_decimal(skip_blanks(text), &number) == NULL && *skip_blanks(number.end) != '\0';
}

/* Greatest prefix that is not above @p exponent; NULL when the prefixes end before. */
static const char *prefix_for(int exponent, int greatest, int *power)
{
    static const char *const prefix[] = {"z", "a", "f", "p", "n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
    if (exponent < -21 || exponent > greatest + 2)
        return NULL;
    int step = (exponent + 21) / 3;
    *power = 3 * step - 21;
    return prefix[step];
}

/* Writes digits "d.ddde+xx" of @p scientific with the point moved by @p shift, zeros at the end left out. */
static void write_shifted(const char *scientific, int shift, char *out)
{
    size_t used = 0, digits = 0;
    int before = 1 + shift, seen = 0;
    if (*scientific == '-')
        out[used++] = '-';
    for (const char *s = scientific; *s != '\0' && *s != 'e'; s++) {
        if (*s < '0' || *s > '9')
            continue;
        if (seen++ == before)
            out[used++] = '.';
        out[used++] = *s;
        digits++;
    }
    for (; (int)digits < before; digits++)
        out[used++] = '0';
    if (seen > before) {
        while (out[used - 1] == '0')
            used--;
        if (out[used - 1] == '.')
            used--;
    }
    out[used] = '\0';
}

char *weiss_format_quantity(double si, weiss_quantity q, int digits, char *buf, size_t size)
{
    char scientific[48], number[48];
    const char *unit = name_table[q].unit, *blank = *unit != '\0' ? " " : "", *prefix = NULL;
    int power = 0;
    digits = digits < 1 ? 1 : digits > 17 ? 17 : digits;
    if (si == 0)
        si = 0; /* no "-0" */
    snprintf(scientific, sizeof scientific, "%.*e", digits - 1, si);
    const char *e = strchr(scientific, 'e');
    if (isfinite(si) && si != 0 && e != NULL && details[q].greatest_prefix != NO_PREFIX) {
        int exponent = (int)strtol(e + 1, NULL, 10);
        prefix = prefix_for(exponent, details[q].greatest_prefix, &power);
        if (prefix != NULL)
            write_shifted(scientific, exponent - power, number);
    }
    if (prefix != NULL)
        snprintf(buf, size, "%s %s%s", number, prefix, unit);
    else
        snprintf(buf, size, "%.*g%s%s", digits, si, blank, unit);
    return buf;
}
