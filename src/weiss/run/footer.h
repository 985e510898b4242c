/* The last words of a run: what it took, where the results are, and what they look like. */
#ifndef WEISS_COMMAND_FOOTER_H
#define WEISS_COMMAND_FOOTER_H

#include "simulation/simulation.h"

/** Prints statistics of a run and a small plot of <m> on rank 0. Collective.
 *  @param columns  of the terminal, 0 when it is none */
int weiss_footer(const weiss_simulation *simulation, const char *directory, int columns);

/** Prints what `--check` found: sizes and terms. Collective. */
int weiss_footer_check(const weiss_simulation *simulation);

#endif
