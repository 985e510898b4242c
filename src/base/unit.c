#include "base/unit.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 80 /* bytes of a unit expression; bounds the recursion too */
#define GREATEST_POWER 9

#define PI 3.14159265358979323846

typedef struct symbol {
    const char *text;
    weiss_unit unit; /* dimension: m, kg, s, A, K, rad */
} symbol;

static const symbol symbols[] = {
    {"m", {{1, 0, 0, 0, 0, 0}, 0, 1}},
    {"s", {{0, 0, 1, 0, 0, 0}, 0, 1}},
    {"A", {{0, 0, 0, 1, 0, 0}, 0, 1}},
    {"K", {{0, 0, 0, 0, 1, 0}, 0, 1}},
    {"g", {{0, 1, 0, 0, 0, 0}, -3, 1}},
    {"rad", {{0, 0, 0, 0, 0, 1}, 0, 1}},
    {"deg", {{0, 0, 0, 0, 0, 1}, 0, PI / 180}},
    {"\u00b0", {{0, 0, 0, 0, 0, 1}, 0, PI / 180}},
    {"Hz", {{0, 0, -1, 0, 0, 0}, 0, 1}},
    {"N", {{1, 1, -2, 0, 0, 0}, 0, 1}},
    {"Pa", {{-1, 1, -2, 0, 0, 0}, 0, 1}},
    {"J", {{2, 1, -2, 0, 0, 0}, 0, 1}},
    {"W", {{2, 1, -3, 0, 0, 0}, 0, 1}},
    {"C", {{0, 0, 1, 1, 0, 0}, 0, 1}},
    {"V", {{2, 1, -3, -1, 0, 0}, 0, 1}},
    {"ohm", {{2, 1, -3, -2, 0, 0}, 0, 1}},
    {"T", {{0, 1, -2, -1, 0, 0}, 0, 1}},
    {"Wb", {{2, 1, -2, -1, 0, 0}, 0, 1}},
    {"H", {{2, 1, -2, -2, 0, 0}, 0, 1}},
    {"eV", {{2, 1, -2, 0, 0, 0}, -19, 1.602176634}},
    {"\u00c5", {{1, 0, 0, 0, 0, 0}, -10, 1}},
    /* Gaussian units as they stand in tables of materials */
    {"erg", {{2, 1, -2, 0, 0, 0}, -7, 1}},
    {"dyn", {{1, 1, -2, 0, 0, 0}, -5, 1}},
    {"G", {{0, 1, -2, -1, 0, 0}, -4, 1}},
    {"Oe", {{-1, 0, 0, 1, 0, 0}, 3, 1 / (4 * PI)}},
    {"emu", {{2, 0, 0, 1, 0, 0}, -3, 1}},
};

static const struct {
    const char *text;
    int exponent;
} prefixes[] = {
    {"y", -24},     {"z", -21}, {"a", -18}, {"f", -15}, {"p", -12}, {"n", -9}, {"u", -6}, {"\u00b5", -6},
    {"\u03bc", -6}, {"m", -3},  {"k", 3},   {"M", 6},   {"G", 9},   {"T", 12}, {"P", 15}, {"E", 18},
};

typedef struct reader {
    const char *at;
    char *why;
    size_t why_size;
} reader;

static bool refuse(reader *r, const char *format, const char *text)
{
    char shown[WEISS_TEXT_SHOWN];
    snprintf(r->why, r->why_size, format, weiss_text_show(text, shown));
    return false;
}

static const symbol *find_symbol(const char *text)
{
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (strcmp(symbols[i].text, text) == 0)
            return &symbols[i];
    return NULL;
}

/* A symbol as it stands goes before a prefix and a symbol: "T" is the tesla, "Pa" the pascal, "mT" has a prefix. */
static bool look_up(const char *text, weiss_unit *unit)
{
    const symbol *found = find_symbol(text);
    if (found != NULL) {
        *unit = found->unit;
        return true;
    }
    if (strcmp(text, "cm") == 0) {
        *unit = symbols[0].unit;
        unit->exponent = -2;
        return true;
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t length = strlen(prefixes[i].text);
        if (strncmp(text, prefixes[i].text, length) != 0 || (found = find_symbol(text + length)) == NULL)
            continue;
        *unit = found->unit;
        unit->exponent += prefixes[i].exponent;
        return true;
    }
    return false;
}

/* Nested powers grow without a bound; nothing physical comes near these limits. */
static bool multiply(weiss_unit *unit, const weiss_unit *by, int power)
{
    bool sensible = true;
    for (int d = 0; d < WEISS_DIM_COUNT; d++) {
        unit->dimension[d] += power * by->dimension[d];
        sensible = sensible && abs(unit->dimension[d]) <= 99;
    }
    unit->exponent += power * by->exponent;
    unit->factor *= pow(by->factor, power);
    return sensible && abs(unit->exponent) <= 999 && isnormal(unit->factor);
}

static void skip_blanks(reader *r)
{
    while (*r->at == ' ' || *r->at == '\t')
        r->at++;
}

static bool accept(reader *r, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(r->at, text, length) != 0)
        return false;
    r->at += length;
    return true;
}

/* One digit, plain or raised; -1 when there is none. */
static int accept_digit(reader *r, bool raised)
{
    static const char *const superscript[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                              "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    if (!raised)
        return *r->at >= '0' && *r->at <= '9' ? *r->at++ - '0' : -1;
    for (int digit = 0; digit < 10; digit++)
        if (accept(r, superscript[digit]))
            return digit;
    return -1;
}

/* The power after a factor; 1 when none is written. */
static bool parse_power(reader *r, int *power)
{
    const char *start = r->at;
    bool marked = accept(r, "^") || accept(r, "**");
    bool raised_minus = !marked && accept(r, "\u207b");
    bool negative = raised_minus || accept(r, "-");
    *power = 1;
    bool raised = raised_minus;
    int digit = accept_digit(r, raised);
    if (digit < 0 && !marked && !negative)
        digit = accept_digit(r, raised = true);
    if (digit < 0)
        return marked || negative ? refuse(r, "a power is missing at \"%s\"", start) : true;
    for (*power = digit; (digit = accept_digit(r, raised)) >= 0;)
        if ((*power = 10 * *power + digit) > GREATEST_POWER)
            break;
    if (*power > GREATEST_POWER)
        return refuse(r, "the power at \"%s\" is too large", start);
    if (negative)
        *power = -*power;
    return true;
}

static bool is_symbol_byte(char c)
{
    return c != '\0' && strchr(" \t*/^()0123456789+-.,", c) == NULL;
}

/* True at a byte sequence that is not part of a symbol although its bytes are above 0x7f: raised digits and dots. */
static bool at_mark(const char *s)
{
    static const char *const marks[] = {"\u00b7", "\u22c5", "\u207b", "\u00b9", "\u00b2", "\u00b3", "\u2070",
                                        "\u2074", "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strncmp(s, marks[i], strlen(marks[i])) == 0)
            return true;
    return false;
}

static bool parse_product(reader *r, weiss_unit *unit);

static bool parse_factor(reader *r, weiss_unit *unit, int sign)
{
    char text[LONGEST + 1];
    size_t length = 0;
    weiss_unit factor = {.factor = 1};
    int power;
    if (accept(r, "(")) {
        if (!parse_product(r, &factor))
            return false;
        if (!accept(r, ")"))
            return refuse(r, "a closing bracket is missing%s", "");
    } else {
        for (; is_symbol_byte(*r->at) && !at_mark(r->at); r->at++)
            text[length++] = *r->at;
        text[length] = '\0';
        if (length == 0)
            return refuse(r,
                          *r->at == '\0' ? "a unit is missing at the end%s" : "no unit can start with \"%s\"",
                          r->at);
        if (!look_up(text, &factor))
            return refuse(r, "\"%s\" is not a unit", text);
    }
    if (!parse_power(r, &power))
        return false;
    return multiply(unit, &factor, sign * power) || refuse(r, "its powers are too large%s", "");
}

/* Products and quotients from left to right: "m/A s" is (m/A) s, as SI has it only with brackets. */
static bool parse_product(reader *r, weiss_unit *unit)
{
    int sign = accept(r, "1/") || accept(r, "/") ? -1 : 1;
    for (;;) {
        skip_blanks(r);
        if (!parse_factor(r, unit, sign))
            return false;
        skip_blanks(r);
        if (*r->at == '\0' || *r->at == ')')
            return true;
        sign = 1;
        if (accept(r, "/"))
            sign = -1;
        else if (!accept(r, "*") && !accept(r, "\u00b7"))
            accept(r, "\u22c5");
    }
}

bool weiss_unit_parse(const char *text, weiss_unit *unit, char *why, size_t why_size)
{
    reader r = {.at = text, .why = why, .why_size = why_size};
    *unit = (weiss_unit){.factor = 1};
    skip_blanks(&r);
    if (*r.at == '\0')
        return true;
    if (strlen(r.at) > LONGEST)
        return refuse(&r, "the unit is too long%s", "");
    if (!parse_product(&r, unit))
        return false;
    return *r.at == '\0' ? true : refuse(&r, "nothing was expected at \"%s\"", r.at);
}

bool weiss_unit_same_dimension(const weiss_unit *a, const weiss_unit *b)
{
    return memcmp(a->dimension, b->dimension, sizeof a->dimension) == 0;
}
