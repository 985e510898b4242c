/* The whole schema of a problem file: the keys of this room and those that the other rooms add. Internal. */
#ifndef WEISS_PROBLEM_COMPOSE_H
#define WEISS_PROBLEM_COMPOSE_H

#include "problem/problem.h"

typedef struct weiss_composed {
    weiss_key *top; /**< top-level keys; owned */
    weiss_key *material; /**< members of a material; owned */
    weiss_key *initial; /**< owned */
    weiss_key *stages; /**< owned */
    weiss_key material_element[2], region_element[2], stage_element[2];
} weiss_composed;

/** Local. Tables point into @p composed, which must not move. */
int weiss_compose(weiss_context *ctx, const weiss_schema_parts *parts, weiss_composed *composed);
void weiss_composed_free(weiss_composed *composed);

#endif
