/* A listening socket with a name: it appears complete, replaces one that a dead server left, and refuses to displace a live
 * one. The lock file PATH.lock holds it. */
#ifndef WEISS_FABRIC_SERVER_LISTENER_H
#define WEISS_FABRIC_SERVER_LISTENER_H

#include "base/fault.h"
#include "fabric/server/spec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct weiss_listener {
    const char *path; /**< borrowed; NULL: closed */
    int lock;
    uint64_t device, inode; /**< of the socket, to know it again */
} weiss_listener;

/** Makes a socket that listens under a temporary name. Mode 0600, owned by @p owner.
 *  @param[out] fd  the socket, not blocking; the caller's
 *  @return 0, WEISS_ERR_FILE (another process serves it: the text names it) */
int weiss_listener_open(weiss_listener *listener, const char *path, uid_t owner, int *fd, weiss_fault *fault);
/** Gives the socket its name. @return 0, WEISS_ERR_FILE */
int weiss_listener_show(const weiss_listener *listener, weiss_fault *fault);
/** Removes the socket's name and the lock. */
void weiss_listener_close(weiss_listener *listener);

/** The process at the other end of a connection. False when it cannot be told. */
bool weiss_listener_credentials(int fd, pid_t *pid, uid_t *uid);

#endif
