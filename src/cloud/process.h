/* Processes: start one from a vector of words, wait for it with a limit, read what it prints, end its group. */
#ifndef WEISS_CLOUD_PROCESS_H
#define WEISS_CLOUD_PROCESS_H

#include "base/fault.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct weiss_process_options {
    char *const *
        words; /**< the program, found in PATH and the system's directories, and its arguments; NULL-terminated */
    char *const *settings; /**< "NAME=VALUE" put into its environment; NULL-terminated, or NULL */
    int in, out, err; /**< its standard streams; -1: /dev/null */
    bool group; /**< in a process group of its own, whose number is its pid */
    int death_signal; /**< that it gets when the process that started it dies; 0: none */
} weiss_process_options;

/** Finds a program in PATH, /usr/sbin and /sbin. @p path gets its name, of at most @p size bytes. @return true when found */
bool weiss_process_find(const char *program, char *path, size_t size);

/** Starts a process. Signals have their default effect in it.
 *  @param[out] pid  the caller waits for it
 *  @return 0, WEISS_ERR_SYSTEM (it cannot be started: the text names the program and why) */
int weiss_process_start(const weiss_process_options *options, pid_t *pid, weiss_fault *fault);

/** Waits for a child at most @p milliseconds (-1: for ever), or until @p stop (may be NULL) points to something else than 0.
 *  @param[out] status  as of waitpid
 *  @return 0 when it ended and is reaped, WEISS_RETRY when time is up, WEISS_STOPPED */
int weiss_process_wait(pid_t pid, int milliseconds, const volatile sig_atomic_t *stop, int *status);

/** Kills the group of a child that was started in one, and waits for the child. */
void weiss_process_end(pid_t pid);

/** Exit code of a shell for a wait status: that of the process, or 128 and the number of its signal. */
int weiss_process_code(int status);

/** How weiss_process_run hears of what a process prints. */
typedef struct weiss_process_reader {
    void (*line)(
        void *data,
        const char *text); /**< called for each line of its standard output; no newline; NULL: none */
    void *data;
    const volatile sig_atomic_t *stop; /**< end it when this points to something else than 0; may be NULL */
    int seconds; /**< end it after so many; 0: no limit */
    int grace; /**< seconds that its group gets to clean up after SIGTERM before it is killed; 0: killed at once */
} weiss_process_reader;

/** Runs a process to its end and reads its standard output. options->out and options->group are not used: it has a group,
 *  which is killed when it is stopped or its time is up.
 *  @param[out] code  its exit code, see weiss_process_code
 *  @return 0 when it ended by itself, WEISS_STOPPED, WEISS_ERR_SYSTEM (not started, or time is up), WEISS_ERR_MEMORY */
int weiss_process_run(const weiss_process_options *options, const weiss_process_reader *reader, int *code,
                      weiss_fault *fault);

#endif
