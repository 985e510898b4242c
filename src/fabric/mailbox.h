/* The mailbox: all inlets of a member. A few rings that were used lately are polled one by one, which costs a line each that
 * nobody changes while nothing comes; all others set a bit in the member's dirty line, so that an idle poll of hundreds of
 * peers costs one more line. */
#ifndef WEISS_FABRIC_MAILBOX_H
#define WEISS_FABRIC_MAILBOX_H

#include "fabric/ring.h"

/** Rings that are polled one by one. */
#define WEISS_MAILBOX_POLLED 8

/** What is done with a message; its memory is valid until this returns. May poll the same mailbox again. */
typedef void (*weiss_deliver_fn)(void *self, const weiss_message *message);

typedef struct weiss_mailbox {
    weiss_member *member; /**< borrowed */
    weiss_inlet **inlet; /**< owned; by slot of the sender, NULL: none yet */
    uint32_t *sender; /**< owned; slots that have one */
    uint32_t senders;
    uint32_t words; /**< of the dirty line that are in use */
    weiss_inlet *polled[WEISS_MAILBOX_POLLED];
    uint32_t npolled, victim;
    uint32_t idle; /**< polls since something came */
    bool threads; /**< more than one thread polls */
    _Atomic(uint64_t) owner; /**< thread that polls now; 0: none */
    weiss_fault rejected; /**< the last ring that was refused; a stale one or one of an enemy */
    uint64_t rejections;
} weiss_mailbox;

/** @param threads  several threads may poll: one at a time does, the others return at once
 *  @return 0, WEISS_ERR_MEMORY */
int weiss_mailbox_make(weiss_member *member, bool threads, weiss_mailbox *mailbox, weiss_fault *fault);
void weiss_mailbox_clear(weiss_mailbox *mailbox);

/** Delivers what has come.
 *  @return how many messages, or WEISS_ERR_REGION (a record was tampered with; that ring is broken), WEISS_ERR_MEMORY */
int weiss_mailbox_poll(weiss_mailbox *mailbox, weiss_deliver_fn deliver, void *self, weiss_fault *fault);
/** True when something waits in any ring or in the dirty line; false also while another thread is looking. */
bool weiss_mailbox_pending(weiss_mailbox *mailbox);
/** Looks at all rings, told or not, and audits them. Call it every 100 ms or so.
 *  @return as weiss_mailbox_poll; WEISS_ERR_REGION also when this process no longer has its slot */
int weiss_mailbox_tick(weiss_mailbox *mailbox, weiss_deliver_fn deliver, void *self, weiss_fault *fault);

#endif
