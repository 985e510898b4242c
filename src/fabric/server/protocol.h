/* QEMU's ivshmem-server protocol, version 0. Only the server speaks, over a UNIX stream socket; each message is a signed
 * number of 8 bytes, little-endian, and may carry one file descriptor:
 *
 *   0                    version of the protocol             then, whenever a peer joins or leaves:
 *   ID                   the reader's own number             ID + eventfd    N times: a peer has joined
 *   -1 + memory          the region                          ID              a peer has left
 *   ID + eventfd         N times for each peer there is
 *   own ID + eventfd     N times: where the reader is woken */
#ifndef WEISS_FABRIC_SERVER_PROTOCOL_H
#define WEISS_FABRIC_SERVER_PROTOCOL_H

#include <stdint.h>

#define WEISS_PROTOCOL_VERSION 0
#define WEISS_PROTOCOL_MEMORY (-1)

typedef enum weiss_sent {
    WEISS_SENT,
    WEISS_SENT_FULL, /**< the socket takes no more now; it becomes writable later */
    WEISS_SENT_LIMIT, /**< too many file descriptors are under way; nothing tells when they are not */
    WEISS_SENT_FAILED /**< the reader is gone; errno says why */
} weiss_sent;

/** Sends one message. Never blocks, raises no signal.
 *  @param fd  goes along with it; -1: none. It stays open here. */
weiss_sent weiss_protocol_send(int socket, int64_t number, int fd);

#endif
