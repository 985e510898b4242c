/* What a problem file may hold, put together from the tables of all rooms. */
#ifndef WEISS_SIMULATION_SCHEMA_H
#define WEISS_SIMULATION_SCHEMA_H

#include "problem/problem.h"

typedef struct weiss_schema {
    weiss_schema_parts parts; /**< points into what follows */
    weiss_key *material; /**< keys that the terms add to a material; owned */
    weiss_key *sections; /**< one key per term with options, and `output`; owned */
    weiss_key *stages; /**< one alternative per stage class; owned */
    weiss_key **stage_members; /**< members of each stage: its own keys, then the terms' sections; owned */
    int nstages;
} weiss_schema;

/** Collects the keys of all terms, outputs, stages, initial states and mesh sources. Must outlive every problem that is
 *  read with its parts. Local.
 *  @return 0, WEISS_ERR_MEMORY */
int weiss_schema_assemble(weiss_context *ctx, weiss_schema **out);
void weiss_schema_destroy(weiss_schema *schema);

#endif
