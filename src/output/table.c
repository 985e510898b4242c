/* The table of outputs: one line each. */
#include "output/output.h"

const weiss_output_class *const weiss_output_table[] = {
    NULL,
};
