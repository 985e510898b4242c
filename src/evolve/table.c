/* The table of stages: one line each. */
#include "evolve/stage.h"

extern const weiss_stage_class weiss_stage_dynamics;
extern const weiss_stage_class weiss_stage_relax;
extern const weiss_stage_class weiss_stage_hysteresis;
extern const weiss_stage_class weiss_stage_evaluate;

const weiss_stage_class *const weiss_stage_table[] = {
    &weiss_stage_dynamics,
    &weiss_stage_relax,
    &weiss_stage_hysteresis,
    &weiss_stage_evaluate,
    NULL,
};
