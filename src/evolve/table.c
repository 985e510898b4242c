/* The table of stages: one line each. */
#include "evolve/stage.h"

extern const weiss_stage_class weiss_stage_dynamics;

const weiss_stage_class *const weiss_stage_table[] = {
    &weiss_stage_dynamics,
    NULL,
};
