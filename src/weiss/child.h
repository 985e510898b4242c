/* Another program, run to its end: its lines are handed on as they come, signals to this process end it, and what it said
 * last is kept for a message. */
#ifndef WEISS_COMMAND_CHILD_H
#define WEISS_COMMAND_CHILD_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define WEISS_CHILD_LAST 3000

typedef struct weiss_child {
    /** Takes a line of its standard output. @return false when it is of no use; then it counts as something said */
    bool (*line)(void *self, const char *line);
    void *self;
    FILE
        *input; /**< a file that it reads from the beginning as its standard input; NULL: nothing; borrowed */
    double patience; /**< seconds without a line of use after which it is ended */
    int status; /**< exit code, or 128 + signal */
    int asked; /**< number of the signal because of which it was ended; 0: none */
    bool silent; /**< ended because of its silence */
    char last[WEISS_CHILD_LAST]; /**< the end of what it said on standard error and in lines of no use */
} weiss_child;

/** Runs words[0] (a path) and waits for its end. SIGINT, SIGTERM and SIGHUP end it: SIGTERM first, SIGKILL to its process
 *  group after some seconds. It does not outlive this process. The signals may be blocked by the caller, so that they wait
 *  for the next run.
 *  @param words  NULL-terminated
 *  @return 0 however it ended, WEISS_ERR_SYSTEM (it could not be started) */
int weiss_child_run(weiss_child *child, const char *const *words, weiss_fault *fault);

/** Prints child->last on standard error, indented, without blank lines and rules. */
void weiss_child_quote(const weiss_child *child);

#endif
