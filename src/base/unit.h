/* Unit expressions: "kA/m", "m/(A s)", "MJ/m^3", "erg/cm3", "1/ns". */
#ifndef WEISS_BASE_UNIT_H
#define WEISS_BASE_UNIT_H

#include <stdbool.h>
#include <stddef.h>

/** Base units that a dimension counts. The radian is one of them, so that an angle is not taken for a plain number. */
enum { WEISS_DIM_M, WEISS_DIM_KG, WEISS_DIM_S, WEISS_DIM_A, WEISS_DIM_K, WEISS_DIM_RAD, WEISS_DIM_COUNT };

/** A unit is factor * 10^exponent SI units of the dimension. Powers of ten stay apart from the factor, so that
 *  "30 nm" becomes exactly the number that 30e-9 is. */
typedef struct weiss_unit {
    int dimension[WEISS_DIM_COUNT];
    int exponent;
    double factor;
} weiss_unit;

/** Parses a whole unit expression; an empty one is the unit 1. Products are written with a blank, `*` or a dot in the
 *  middle, quotients with `/`, powers with `^`, `**`, plain digits or raised digits. Prefixes are y to E, and c for the
 *  metre; u, the micro sign and the Greek mu all mean micro.
 *  @param[out] why  on failure, what is wrong: `"nn" is not a unit`
 *  @return true on success */
bool weiss_unit_parse(const char *text, weiss_unit *unit, char *why, size_t why_size);

bool weiss_unit_same_dimension(const weiss_unit *a, const weiss_unit *b);

#endif
