/* Signals that ask a run to save and stop: SIGTERM, SIGINT, SIGHUP (the terminal was closed; not under nohup) and SIGUSR1
 * (which mpirun hands on to its ranks). */
#ifndef WEISS_COMMAND_STOP_H
#define WEISS_COMMAND_STOP_H

#include <signal.h>

/** Catches them from now on. A second SIGINT ends the process at once.
 *  @return where the number of the last such signal appears; 0 until then. The command's only global. */
const volatile sig_atomic_t *weiss_stop_watch(void);

#endif
