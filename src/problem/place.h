/* The place of a value inside a problem file, as messages show it: "materials.permalloy.Ms", "stages[0].relax". */
#ifndef WEISS_PROBLEM_PLACE_H
#define WEISS_PROBLEM_PLACE_H

#include "problem/value.h"

typedef struct weiss_place {
    char text[512]; /**< "" at the root; ends in "..." when the place is longer */
    size_t used;
} weiss_place;

weiss_place weiss_place_root(void);
/** Goes down to a key, which is made safe to print. */
void weiss_place_key(weiss_place *place, const char *key);
/** Goes down to an element of a list; counted from 0. */
void weiss_place_index(weiss_place *place, size_t index);
/** The place of a value in its tree. */
weiss_place weiss_place_of(const weiss_value *value);

#endif
