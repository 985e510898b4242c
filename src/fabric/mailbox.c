#include "fabric/mailbox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** Messages of one ring before the next is looked at. */
#define BURST 32
/** Idle polls after which all rings are looked at. */
#define SCAN_EVERY 1024

int weiss_mailbox_make(weiss_member *member, bool threads, weiss_mailbox *mailbox, weiss_fault *fault)
{
    memset(mailbox, 0, sizeof *mailbox);
    mailbox->member = member;
    mailbox->threads = threads;
    mailbox->words = (member->region->slots + 63) / 64;
    mailbox->inlet = calloc(member->region->slots, sizeof *mailbox->inlet);
    mailbox->sender = calloc(member->region->slots, sizeof *mailbox->sender);
    if (mailbox->inlet != NULL && mailbox->sender != NULL)
        return 0;
    weiss_mailbox_clear(mailbox);
    return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for a mailbox");
}

void weiss_mailbox_clear(weiss_mailbox *mailbox)
{
    for (uint32_t i = 0; i < mailbox->senders; i++)
        free(mailbox->inlet[mailbox->sender[i]]);
    free(mailbox->inlet);
    free(mailbox->sender);
    memset(mailbox, 0, sizeof *mailbox);
}

/** As if @p slot had told of a message: the next poll looks at its ring. */
static void look_again(weiss_mailbox *mailbox, uint32_t slot)
{
    atomic_fetch_or(&mailbox->member->shared->dirty[slot / 64], UINT64_C(1) << slot % 64);
}

/** Makes a ring one of those that are polled, in the place of another when there are enough. */
static void promote(weiss_mailbox *mailbox, weiss_inlet *inlet)
{
    uint32_t place = mailbox->npolled;
    for (uint32_t i = 0; i < mailbox->npolled; i++)
        if (mailbox->polled[i] == inlet)
            return;
    if (!weiss_inlet_alive(inlet)) /* nothing may be written into its ring */
        return;
    if (place < WEISS_MAILBOX_POLLED) {
        mailbox->npolled++;
    } else {
        place = mailbox->victim++ % WEISS_MAILBOX_POLLED;
        weiss_inlet *victim = mailbox->polled[place];
        if (weiss_inlet_alive(victim))
            atomic_store_explicit(&victim->ring->polled, 0, memory_order_relaxed);
        if (weiss_inlet_pending(victim)) /* its sender believed that it is polled */
            look_again(mailbox, victim->from);
    }
    mailbox->polled[place] = inlet;
    atomic_store_explicit(&inlet->ring->polled, 1, memory_order_relaxed);
}

/** A ring that cannot be read any more is no error when its sender has left: its memory may have another owner. It is then
 *  neither polled nor written to any more. */
static int judge(weiss_mailbox *mailbox, weiss_inlet *inlet, int code, weiss_fault *fault, weiss_fault *found)
{
    if (weiss_inlet_alive(inlet))
        return weiss_fault_set(fault, code, "%s", found->text);
    inlet->told = inlet->tail;
    for (uint32_t i = 0; i < mailbox->npolled; i++)
        if (mailbox->polled[i] == inlet)
            mailbox->polled[i] = mailbox->polled[--mailbox->npolled];
    return 0;
}

/** The body of a message lies in its sender's memory. When that lost its slot meanwhile, another may have written there. */
static int still_owned(const weiss_inlet *inlet, weiss_fault *fault)
{
    atomic_thread_fence(memory_order_acquire);
    if (weiss_inlet_alive(inlet))
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_REGION,
                           "a message from slot %" PRIu32
                           " cannot be trusted: its sender has lost its place in the region, "
                           "because it was stopped for too long or has ended",
                           inlet->from);
}

static int drain(weiss_mailbox *mailbox, weiss_inlet *inlet, weiss_deliver_fn deliver, void *self,
                 weiss_fault *fault)
{
    weiss_message message;
    weiss_fault found;
    int count = 0;
    weiss_fault_clear(&found);
    if (!weiss_inlet_pending(inlet) && inlet->told == inlet->tail)
        return 0;
    while (count < BURST) {
        int got = weiss_inlet_take(inlet, &message, &found);
        if (got < 0) {
            got = judge(mailbox, inlet, got, fault, &found);
            return got != 0 ? got : count;
        }
        if (got == 0)
            break;
        inlet->busy++;
        deliver(self, &message);
        inlet->busy--;
        count++;
        if (message.body_bytes > 0)
            WEISS_FAULT_TRY(still_owned(inlet, fault));
    }
    weiss_inlet_settle(inlet);
    return count;
}

/** Takes the ring of @p slot that the directory tells. @return 0, also when there is none, WEISS_ERR_MEMORY */
static int meet(weiss_mailbox *mailbox, uint32_t slot, uint64_t entry, weiss_fault *fault)
{
    weiss_inlet fresh, *inlet = mailbox->inlet[slot];
    weiss_fault refused = {0};
    int code = weiss_inlet_accept(mailbox->member, slot, entry, &fresh, &refused);
    if (code == 0 && inlet != NULL && !weiss_inlet_later(&fresh, inlet))
        code = weiss_fault_set(&refused, WEISS_ERR_REGION,
                               "slot %" PRIu32 " tells of a ring that it had before", slot);
    if (code < 0) {
        mailbox->rejections++;
        mailbox->rejected = refused;
    }
    if (code != 0)
        return 0;
    if (inlet == NULL) {
        inlet = calloc(1, sizeof *inlet);
        if (inlet == NULL)
            return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for a ring");
        mailbox->inlet[slot] = inlet;
        mailbox->sender[mailbox->senders++] = slot;
    }
    *inlet = fresh;
    for (uint32_t i = 0; i < mailbox->npolled; i++) /* it was polled under its former ring */
        if (mailbox->polled[i] == inlet)
            atomic_store_explicit(&inlet->ring->polled, 1, memory_order_relaxed);
    return 0;
}

/** Looks at what @p slot has sent, by its ring as known or as told anew. */
static int attend(weiss_mailbox *mailbox, uint32_t slot, weiss_deliver_fn deliver, void *self,
                  weiss_fault *fault)
{
    const weiss_member *member = mailbox->member;
    uint64_t entry = atomic_load_explicit(weiss_region_directory(member->region, member->slot, slot),
                                          memory_order_acquire);
    weiss_inlet *inlet = mailbox->inlet[slot];
    int count = 0;
    if (inlet != NULL) {
        count = drain(mailbox, inlet, deliver, self, fault);
        if (count > 0)
            promote(mailbox, inlet);
        if (count < 0 || entry == inlet->entry)
            return count;
        if (inlet->busy > 0 || count == BURST) { /* the old ring may hold more, and comes first */
            look_again(mailbox, slot);
            return count;
        }
    }
    if (entry == 0)
        return count;
    int code = meet(mailbox, slot, entry, fault);
    inlet = mailbox->inlet[slot];
    if (code != 0 || inlet == NULL || inlet->entry != entry)
        return code != 0 ? code : count;
    promote(mailbox, inlet);
    code = drain(mailbox, inlet, deliver, self, fault);
    return code < 0 ? code : count + code;
}

static int sweep_dirty(weiss_mailbox *mailbox, weiss_deliver_fn deliver, void *self, weiss_fault *fault)
{
    weiss_layout_slot *mine = mailbox->member->shared;
    int count = 0;
    for (uint32_t word = 0; word < mailbox->words; word++) {
        if (atomic_load_explicit(&mine->dirty[word], memory_order_relaxed) == 0)
            continue;
        uint64_t bits = atomic_exchange(&mine->dirty[word], 0);
        for (; bits != 0; bits &= bits - 1) {
            uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(bits);
            if (slot >= mailbox->member->region->slots)
                continue;
            int got = attend(mailbox, slot, deliver, self, fault);
            if (got < 0)
                return got;
            count += got;
        }
    }
    return count;
}

/** Looks at every ring that is known. */
static int scan(weiss_mailbox *mailbox, weiss_deliver_fn deliver, void *self, weiss_fault *fault)
{
    int count = 0;
    for (uint32_t i = 0; i < mailbox->senders; i++) {
        weiss_inlet *inlet = mailbox->inlet[mailbox->sender[i]];
        int got = drain(mailbox, inlet, deliver, self, fault);
        if (got < 0)
            return got;
        if (got > 0)
            promote(mailbox, inlet);
        count += got;
    }
    return count;
}

static int poll_all(weiss_mailbox *mailbox, weiss_deliver_fn deliver, void *self, weiss_fault *fault)
{
    int count = 0;
    for (uint32_t i = 0; i < mailbox->npolled; i++) {
        int got = drain(mailbox, mailbox->polled[i], deliver, self, fault);
        if (got < 0)
            return got;
        count += got;
    }
    int got = sweep_dirty(mailbox, deliver, self, fault);
    if (got < 0)
        return got;
    count += got;
    if (count > 0)
        mailbox->idle = 0;
    else if (++mailbox->idle % SCAN_EVERY == 0 && mailbox->senders > mailbox->npolled)
        return scan(mailbox, deliver, self, fault);
    return count;
}

/** Enters the mailbox. @return 0: another thread is in it, 1: entered, 2: this thread was in it already */
static int enter(weiss_mailbox *mailbox)
{
    uint64_t nobody = 0, self = (uint64_t)(uintptr_t)pthread_self();
    if (!mailbox->threads)
        return 2;
    if (atomic_load_explicit(&mailbox->owner, memory_order_relaxed) == self)
        return 2;
    return atomic_compare_exchange_strong(&mailbox->owner, &nobody, self);
}

static void quit(weiss_mailbox *mailbox, int entered)
{
    if (entered == 1)
        atomic_store_explicit(&mailbox->owner, 0, memory_order_release);
}

int weiss_mailbox_poll(weiss_mailbox *mailbox, weiss_deliver_fn deliver, void *self, weiss_fault *fault)
{
    int entered = enter(mailbox);
    if (entered == 0)
        return 0;
    int count = poll_all(mailbox, deliver, self, fault);
    quit(mailbox, entered);
    return count;
}

static bool anything(const weiss_mailbox *mailbox)
{
    for (uint32_t i = 0; i < mailbox->senders; i++) {
        const weiss_inlet *inlet = mailbox->inlet[mailbox->sender[i]];
        if (weiss_inlet_pending(inlet) && weiss_inlet_alive(inlet))
            return true;
    }
    for (uint32_t word = 0; word < mailbox->words; word++)
        if (atomic_load_explicit(&mailbox->member->shared->dirty[word], memory_order_relaxed) != 0)
            return true;
    return false;
}

bool weiss_mailbox_pending(weiss_mailbox *mailbox)
{
    int entered = enter(mailbox);
    if (entered == 0)
        return false;
    bool found = anything(mailbox);
    quit(mailbox, entered);
    return found;
}

static int audit(weiss_mailbox *mailbox, weiss_deliver_fn deliver, void *self, weiss_fault *fault)
{
    const weiss_member *member = mailbox->member;
    if (!weiss_peer_present(member->region, member->slot, member->generation))
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "this process has lost its slot %" PRIu32
                               " of the region: it was stopped for so long that it was taken for dead, or "
                               "another program or machine has written into the region",
                               member->slot);
    int count = scan(mailbox, deliver, self, fault);
    for (uint32_t i = 0; i < mailbox->senders && count >= 0; i++) {
        int code = weiss_inlet_tick(mailbox->inlet[mailbox->sender[i]], fault);
        count = code != 0 ? code : count;
    }
    for (uint32_t slot = 0; slot < member->region->slots && count >= 0; slot++) {
        uint64_t entry = atomic_load_explicit(weiss_region_directory(member->region, member->slot, slot),
                                              memory_order_relaxed);
        if (entry == 0 || (mailbox->inlet[slot] != NULL && mailbox->inlet[slot]->entry == entry))
            continue;
        int got = attend(mailbox, slot, deliver, self, fault);
        count = got < 0 ? got : count + got;
    }
    return count;
}

int weiss_mailbox_tick(weiss_mailbox *mailbox, weiss_deliver_fn deliver, void *self, weiss_fault *fault)
{
    int entered = enter(mailbox);
    if (entered == 0)
        return 0;
    int count = audit(mailbox, deliver, self, fault);
    quit(mailbox, entered);
    return count;
}
