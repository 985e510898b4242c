/* What a process can know of its fellow ranks before MPI is initialised: from the environment that launchers set. */
#ifndef WEISS_COMMAND_RANKS_H
#define WEISS_COMMAND_RANKS_H

#include <stdbool.h>

/** True when an MPI launcher started this process. */
bool weiss_under_mpi(void);
/** True for the one process that talks to people: rank 0, or a process that no launcher started. */
bool weiss_speaks(void);
/** Number of cores that this process may use, threads of one core counted once. */
int weiss_cores(void);
/** Number of CPUs (hardware threads) that this process may use. */
int weiss_cpus(void);

#endif
