/* Physical quantities: what unit a value may carry in a file, and how it is shown to people. SI inside. */
#ifndef WEISS_BASE_UNITS_H
#define WEISS_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>

/** Vacuum permeability as all micromagnetic codes take it, T m/A. */
#define WEISS_MU0 (4e-7 * 3.14159265358979323846)

/** X(symbol, SI unit as printed, words for messages). Fields and magnetisations also accept tesla (divided by mu0). */
#define WEISS_QUANTITIES(X)                                                                                           \
    X(WEISS_PURE, "", "a plain number")                                                                               \
    X(WEISS_LENGTH, "m", "a length")                                                                                  \
    X(WEISS_TIME, "s", "a time")                                                                                      \
    X(WEISS_FREQUENCY, "Hz", "a frequency")                                                                           \
    X(WEISS_ANGLE, "rad", "an angle")                                                                                 \
    X(WEISS_FIELD, "A/m", "a magnetic field")                                                                         \
    X(WEISS_MAGNETISATION, "A/m", "a magnetisation")                                                                  \
    X(WEISS_EXCHANGE, "J/m", "an exchange constant")                                                                  \
    X(WEISS_ENERGY_DENSITY, "J/m^3", "an energy density")                                                             \
    X(WEISS_SURFACE_ENERGY, "J/m^2", "an energy per area")                                                            \
    X(WEISS_ENERGY, "J", "an energy")                                                                                 \
    X(WEISS_GYROMAGNETIC, "m/(A s)", "a gyromagnetic ratio")                                                          \
    X(WEISS_FIELD_RATE, "A/(m s)", "a field per time")

typedef enum weiss_quantity {
#define X(name, unit, words) name,
    WEISS_QUANTITIES(X)
#undef X
        WEISS_QUANTITY_COUNT
} weiss_quantity;

/** SI unit ("A/m") and words ("a magnetic field") of a quantity. */
const char *weiss_quantity_unit(weiss_quantity q);
const char *weiss_quantity_words(weiss_quantity q);
/** A value as it may stand in a file ("10 mT"). */
const char *weiss_quantity_example(weiss_quantity q);

/** Parses "30 nm", "0.86e6 A/m", "8e5", "10 mT", "90 deg" to SI. A bare number is SI. Leading and trailing blanks are
 *  allowed, anything else after the unit is not; NaN, infinities, overflow and underflow are refused. The result is the
 *  double nearest to the decimal number ("30 nm" is 30e-9) unless the unit itself has a factor (Oe, deg, T for a field).
 *  @param[out] why  on failure, what was expected and found, e.g. `expected a length such as "5 nm", found "5 kg"`
 *  @return true on success */
bool weiss_parse_quantity(const char *text, weiss_quantity q, double *si, char *why, size_t why_size);
/** True when @p text is a number followed by something that stands for a unit. */
bool weiss_quantity_has_unit(const char *text);

/** Writes a value for people, with an SI prefix that keeps 1 <= |x| < 1000 where the unit allows it ("12.3 ps",
 *  "860 kA/m"), @p digits significant digits. Returns @p buf. */
char *weiss_format_quantity(double si, weiss_quantity q, int digits, char *buf, size_t size);

#endif
