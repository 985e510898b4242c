/* The environment of this process, put aside. MPI_Init leaves variables in it that lead an mpirun started later astray. */
#ifndef WEISS_COMMAND_ENVIRONMENT_H
#define WEISS_COMMAND_ENVIRONMENT_H

/** Copies the environment. @return NULL without memory */
char **weiss_environment_keep(void);
/** Makes the environment what it was; takes @p kept, which may be NULL: then nothing changes. */
void weiss_environment_restore(char **kept);

#endif
