/* The table of terms: one line each. */
#include "field/term.h"

const weiss_term_class *const weiss_term_table[] = {
    NULL,
};
