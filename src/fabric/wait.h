/* Waiting: spin for a while, then sleep until a sender wakes us.
 *
 * Spinning costs nothing while every process has a core of its own, and everything when they share one. The while is
 * therefore measured: as long as a wake-up takes when cores are shared (never more than twice the cost of the best choice
 * with hindsight: Karlin, Li, Manasse, Owicki, SOSP 1991), some twenty times as long when each process has a core.
 *
 * A process that works between its polls does not wait, however long nothing comes. It is told from one that does by the time
 * that its polls are apart; from one that lost its core to another process by the processor time between them.
 *
 * A sleep is woken by the senders of this region only. Other transports of the same process cannot do that, so a sleep lasts
 * at most a twentieth of the time that has already been waited, and never longer than WEISS_SLEEP_LONGEST_US. */
#ifndef WEISS_FABRIC_WAIT_H
#define WEISS_FABRIC_WAIT_H

#include "fabric/mailbox.h"

typedef enum weiss_wait_mode { WEISS_WAIT_SPIN, WEISS_WAIT_BLOCK, WEISS_WAIT_ADAPTIVE } weiss_wait_mode;

#define WEISS_SLEEP_LONGEST_US 50000

typedef struct weiss_waiter {
    weiss_wait_mode mode;
    bool crowded; /**< processes share cores: it gives its own up between polls */
    double ticks_per_us;
    double spin_us; /**< how long it spins before it sleeps */
    double wake_us; /**< what a wake-up costs here, as measured */
    uint32_t polls; /**< idle ones, since the last look at the clock */
    uint64_t since, last; /**< ticks: when the waiting began (0: it has not), the last look */
    uint64_t quickest; /**< ticks that a batch of idle polls takes when nothing is done between them */
    uint64_t quick; /**< ticks: when a batch last took about as long */
    int slow; /**< so many batches in a row took longer, the last ones */
    uint64_t cpu_ns; /**< processor time of this thread at its end */
    uint64_t sleeps; /**< how often it slept */
} weiss_waiter;

/** @param crowded  processes share cores
 *  @param spin_us  < 0: measure and choose */
void weiss_waiter_make(weiss_wait_mode mode, bool crowded, double spin_us, weiss_member *member,
                       weiss_waiter *waiter);

/** Something came: the next waiting begins anew. */
static inline void weiss_waiter_busy(weiss_waiter *waiter)
{
    waiter->polls = 0;
    waiter->since = 0;
}
/** A poll found nothing. Sleeps when it has waited long enough, and returns when there may be something or the sleep is over.
 *  A process that only looks in now and then, and works between, never sleeps here. */
void weiss_waiter_idle(weiss_waiter *waiter, weiss_mailbox *mailbox);

#endif
