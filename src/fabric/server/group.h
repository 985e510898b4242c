/* A group: a region, the socket where virtual machines ask for it, and those that have it. */
#ifndef WEISS_FABRIC_SERVER_GROUP_H
#define WEISS_FABRIC_SERVER_GROUP_H

#include "fabric/server/ids.h"
#include "fabric/server/listener.h"
#include "fabric/server/log.h"
#include "fabric/server/loop.h"
#include "fabric/server/memory.h"
#include "fabric/server/peer.h"
#include "fabric/server/spec.h"

#include <stdbool.h>

typedef struct weiss_server weiss_server;
struct weiss_client;

typedef enum weiss_group_state {
    WEISS_GROUP_PREPARING, /**< its memory is being allocated; it has no socket yet */
    WEISS_GROUP_READY,
    WEISS_GROUP_CLEANING, /**< the last peer has left, its memory is made anew; who connects has to wait */
    WEISS_GROUP_REMOVING, /**< its memory is emptied before it goes */
    WEISS_GROUP_GONE /**< to be freed by the server */
} weiss_group_state;

struct weiss_group {
    weiss_watch watch; /**< its socket; the first member */
    weiss_server *server; /**< borrowed */
    weiss_group *next; /**< of the server */
    weiss_group_spec spec;
    weiss_group_state state;
    weiss_listener listener;
    weiss_memory memory;
    weiss_peer *peers; /**< owned, in the order in which they came */
    unsigned npeers;
    uint64_t joined; /**< peers since the start */
    uint64_t
        retry; /**< weiss_now() from which a failed step or a paused socket is tried again; 0: nothing failed */
    struct weiss_client *asked; /**< who waits for it to be ready or gone; NULL: nobody */
    bool initial; /**< of the command line: standard output is told, and its failure ends the server */
    weiss_seldom refusals, failures;
    weiss_ids ids;
};

/** "preparing", "ready", "cleaning", "removing" */
const char *weiss_group_state_name(weiss_group_state state);

/** Starts a group; weiss_group_step makes it ready.
 *  @param[out] out  NULL on failure
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_SYSTEM, WEISS_ERR_VALUE, WEISS_ERR_MEMORY */
int weiss_group_begin(weiss_server *server, const weiss_group_spec *spec, weiss_group **out,
                      weiss_fault *fault);
/** Does a slice of what the group has to do.
 *  @return 0; < 0 when it could not become ready: it is on its way to WEISS_GROUP_GONE */
int weiss_group_step(weiss_group *group, weiss_fault *fault);
/** True when weiss_group_step has something to do now. */
bool weiss_group_works(const weiss_group *group);
/** Drops all peers, takes the socket away and starts to empty the memory. */
void weiss_group_remove(weiss_group *group);
/** Frees a group that is gone. */
void weiss_group_destroy(weiss_group *group);

/** Takes a peer out and tells the others. @p why is logged; NULL: it has left by itself. */
void weiss_group_drop(weiss_group *group, weiss_peer *peer, const char *why);
/** Drops the peers that take nothing. @return ms after which it should be called again, -1: no need */
int weiss_group_check(weiss_group *group, uint64_t now);

#endif
