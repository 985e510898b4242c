/* The server: one loop, several groups, a control socket. */
#ifndef WEISS_FABRIC_SERVER_SERVER_H
#define WEISS_FABRIC_SERVER_SERVER_H

#include "fabric/server/listener.h"
#include "fabric/server/log.h"
#include "fabric/server/loop.h"
#include "fabric/server/spec.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

typedef struct weiss_group weiss_group;
typedef struct weiss_control weiss_control;

typedef struct weiss_server_settings {
    const char *run_directory; /**< borrowed */
    const char *pidfile; /**< NULL: none; borrowed */
    uid_t user; /**< the hypervisor's; sockets and files are given to it */
    unsigned timeout; /**< seconds after which a peer that takes nothing is dropped */
} weiss_server_settings;

typedef struct weiss_server {
    const weiss_server_settings *settings; /**< borrowed */
    weiss_loop loop;
    weiss_watch signals;
    weiss_group *groups; /**< owned list */
    weiss_control *control; /**< owned */
    unsigned long fds; /**< file descriptors that the groups need at most */
    time_t since;
    bool stopping;
    bool made_directory; /**< the run directory did not exist */
    bool pid_written; /**< there is a pid file to remove */
    int code; /**< of the first group that could not be started */
} weiss_server;

/** Serves until SIGTERM, SIGINT, SIGHUP or the command `stop`, then empties and removes everything. Says `ready NAME SOCKET`
 *  on standard output for each group of @p specs, or `ready` when there is none, as soon as its socket listens.
 *  @return 0, or the code of what could not be started; the text is in @p fault */
int weiss_server_run(const weiss_server_settings *settings, const weiss_group_spec *specs, int nspecs,
                     weiss_fault *fault);

/** True for processes that may use what this server has: root's, this user's, the hypervisor's. */
bool weiss_server_trusts(const weiss_server *server, uid_t uid);
weiss_group *weiss_server_find(const weiss_server *server, const char *name);
/** Starts a group. Its file descriptors are counted against the limit of the process.
 *  @param[out] out  NULL on failure
 *  @return 0, WEISS_ERR_VALUE (there is one of that name; too many peers), WEISS_ERR_FILE, WEISS_ERR_SYSTEM, WEISS_ERR_MEMORY */
int weiss_server_add(weiss_server *server, const weiss_group_spec *spec, weiss_group **out,
                     weiss_fault *fault);

#endif
