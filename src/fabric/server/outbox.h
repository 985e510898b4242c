/* The outbox: what a peer has still to be told. A notice is short and stands for several messages; it is made into them only
 * when the peer takes them. A peer that leaves before the notice of its joining went out is never mentioned, so the notices
 * of a peer that does not read stay fewer than two for each of the group, however many come and go meanwhile. */
#ifndef WEISS_FABRIC_SERVER_OUTBOX_H
#define WEISS_FABRIC_SERVER_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

struct weiss_peer;

typedef enum weiss_notice_kind {
    WEISS_NOTICE_VERSION, /**< version of the protocol */
    WEISS_NOTICE_ID, /**< the reader's own number */
    WEISS_NOTICE_MEMORY, /**< -1 and the memory */
    WEISS_NOTICE_JOIN, /**< a peer's number, once with each of its eventfds */
    WEISS_NOTICE_LEAVE /**< a peer's number alone */
} weiss_notice_kind;

typedef struct weiss_notice {
    weiss_notice_kind kind;
    uint16_t id; /**< JOIN, LEAVE: of whom */
    const struct weiss_peer
        *peer; /**< JOIN: whose eventfds; borrowed. It is taken out before that peer is freed */
    unsigned sent; /**< JOIN: messages that have gone out */
} weiss_notice;

typedef struct weiss_outbox {
    weiss_notice *notice; /**< owned; those from first to first + count - 1 wait */
    size_t first, count, room;
} weiss_outbox;

/** Appends a notice. @p peer is NULL but for WEISS_NOTICE_JOIN.
 *  @return 0, WEISS_ERR_MEMORY */
int weiss_outbox_put(weiss_outbox *outbox, weiss_notice_kind kind, uint16_t id,
                     const struct weiss_peer *peer);
/** @p peer leaves: takes the notice of its joining back when none of it went out, ends it when a part did, and appends the
 *  notice of its leaving when the reader knows of it.
 *  @return 0, WEISS_ERR_MEMORY (the joining is taken back all the same) */
int weiss_outbox_leave(weiss_outbox *outbox, uint16_t id, const struct weiss_peer *peer);
/** The notice whose turn it is; NULL when there is none. Valid until the next call for this outbox. */
weiss_notice *weiss_outbox_next(weiss_outbox *outbox);
/** The first notice is done. */
void weiss_outbox_pop(weiss_outbox *outbox);
void weiss_outbox_free(weiss_outbox *outbox);

#endif
