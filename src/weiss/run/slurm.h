/* Slurm: the ranks that an allocation has, and the script that asks for one. */
#ifndef WEISS_COMMAND_SLURM_H
#define WEISS_COMMAND_SLURM_H

#include <stdbool.h>
#include <stdio.h>

/** Tasks of the allocation in which this process runs; 0 outside of one, and in a process that a launcher of MPI started. */
int weiss_slurm_tasks(void);

/** True in a task that srun started without MPI's support, which most clusters have to be asked for (--mpi=pmix). */
bool weiss_slurm_bare_task(void);
/** What such a task does: the first one starts `weiss run` with the arguments @p argv again, with MPI, on as many tasks in the
 *  same place; the others are not needed.
 *  @return an exit code; the first task only returns when srun cannot be started */
int weiss_slurm_start_again(int argc, char **argv);

/** Prints a script for sbatch that runs @p file on @p nranks ranks (0: as many as sbatch is told), goes on from a checkpoint
 *  when there is one, and saves the state before the time is over.
 *  @param out  directory of results that the user has named; NULL: the default */
void weiss_slurm_script(const char *file, int nranks, const char *out, FILE *to);

#endif
