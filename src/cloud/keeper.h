/* The keeper: a small process that outlives the one which started a lab, by however that ends, kills what is left of the
 * lab and removes its files. */
#ifndef WEISS_CLOUD_KEEPER_H
#define WEISS_CLOUD_KEEPER_H

#include "base/fault.h"

#include <sys/types.h>

typedef struct weiss_keeper {
    pid_t pid;
    int line; /**< our end of a pair of sockets; that it closes is the signal to clean up */
} weiss_keeper;

/** What it does beside that, between ending the groups and removing the files. */
typedef struct weiss_keeper_duty {
    void (*run)(const void *data);
    const void *data; /**< as it is when the keeper starts */
} weiss_keeper_duty;

/** Starts one.
 *  @param words  files and trees to remove, NULL-terminated; they need not exist yet
 *  @param hold   descriptor that it keeps open until it ends, so that a lock lasts until all is cleaned up; -1: none
 *  @param duty   NULL: none
 *  @return 0, WEISS_ERR_SYSTEM */
int weiss_keeper_start(char *const *words, int hold, const weiss_keeper_duty *duty, weiss_keeper *keeper,
                       weiss_fault *fault);
/** Has the process group @p pid killed at the end. */
void weiss_keeper_add(const weiss_keeper *keeper, pid_t pid);
/** The process @p pid is reaped: its number may be another's from now on. */
void weiss_keeper_forget(const weiss_keeper *keeper, pid_t pid);
/** Has everything cleaned up, and waits for that. */
void weiss_keeper_finish(weiss_keeper *keeper);
/** Ends it; nothing is killed or removed. */
void weiss_keeper_dismiss(weiss_keeper *keeper);

#endif
