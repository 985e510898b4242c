/* A peer: one connection to a group, which is one device of one virtual machine. */
#ifndef WEISS_FABRIC_SERVER_PEER_H
#define WEISS_FABRIC_SERVER_PEER_H

#include "fabric/server/loop.h"
#include "fabric/server/outbox.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

typedef struct weiss_group weiss_group;

typedef struct weiss_peer weiss_peer;
struct weiss_peer {
    weiss_watch watch; /**< its connection; the first member */
    weiss_group *group; /**< borrowed */
    weiss_peer *next; /**< of the group */
    uint16_t id;
    pid_t pid; /**< when it connected */
    uid_t uid;
    time_t since;
    uint64_t messages; /**< that it was sent */
    uint64_t moved; /**< weiss_now() when it last took a message, or had none to take */
    bool throttled; /**< to be tried again without being asked */
    bool doomed; /**< there was no memory for what it has to be told */
    weiss_outbox outbox;
    int *eventfd; /**< owned; one for each vector of the group */
};

/** A peer for connection @p fd, which becomes its own also on failure. It is told of version, number and memory; the group
 *  adds the rest.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_SYSTEM */
int weiss_peer_create(weiss_group *group, int fd, uint16_t id, weiss_peer **out, weiss_fault *fault);
/** Frees a peer that no outbox mentions any more; its structure lives until the loop's turn ends. */
void weiss_peer_destroy(weiss_peer *peer);

/** Adds a notice and lets it go out in one of the next turns. */
void weiss_peer_tell_join(weiss_peer *peer, const weiss_peer *other);
void weiss_peer_tell_leave(weiss_peer *peer, const weiss_peer *other);

/** Why the peer cannot stay at time @p now; NULL when it can. Also tries again what was throttled. */
const char *weiss_peer_check(weiss_peer *peer, uint64_t now);

#endif
