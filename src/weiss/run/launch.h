/* The launcher: `weiss run -n N` starts mpirun with itself as the program. */
#ifndef WEISS_COMMAND_LAUNCH_H
#define WEISS_COMMAND_LAUNCH_H

/** Runs `weiss run` with the arguments @p argv on @p nranks ranks and waits for the end.
 *
 *  mpirun is a child in a process group of its own, so that Ctrl-C at the terminal reaches only the launcher. SIGTERM,
 *  SIGINT and SIGHUP become SIGUSR1 to mpirun, which hands it on to the ranks: on SIGTERM it would kill them after a
 *  second, before a large state is saved. A second SIGINT ends everything at once, and so does the death of the launcher.
 *  @return an exit code */
int weiss_launch(int nranks, int argc, char **argv);

/** True in a rank that the launcher started. */
int weiss_launched(void);

/** Columns of the terminal that shows the standard output of this process, seen through the launcher if there is one;
 *  0 when it is no terminal. */
int weiss_terminal_columns(void);

#endif
