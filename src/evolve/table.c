/* The table of stages: one line each. */
#include "evolve/stage.h"

const weiss_stage_class *const weiss_stage_table[] = {
    NULL,
};
