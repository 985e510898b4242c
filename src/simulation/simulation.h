/* A simulation: one problem with everything that is made from it. Puts the rooms below together; the command and the
 * public interface stand on it; weiss/weiss.h declares how to read, build and destroy one. */
#ifndef WEISS_SIMULATION_SIMULATION_H
#define WEISS_SIMULATION_SIMULATION_H

#include "output/record.h"
#include "simulation/schema.h"
#include "simulation/session.h"

struct weiss_simulation {
    weiss_context *ctx; /**< borrowed */
    weiss_record *record; /**< times of the phases, how the stages ended; owned, as all below */
    weiss_schema *schema;
    weiss_problem *problem;
    weiss_mesh *mesh;
    weiss_space *space;
    weiss_effective *effective;
    weiss_state *state;
};

/** Makes the mesh and distributes it. Collective. */
int weiss_simulation_make_mesh(weiss_simulation *simulation);
/** Makes the terms of the effective field and the initial state; needs the mesh. Collective. */
int weiss_simulation_make_state(weiss_simulation *simulation);

#endif
