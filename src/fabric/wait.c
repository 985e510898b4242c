#include "fabric/wait.h"

#include "fabric/clock.h"

#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/** Idle polls between two looks at the clock. */
#define BATCH 32
/** A batch that takes so many times as long as the quickest one had other work in it: 99 of 100 idle batches take less than
 *  twice as long, a batch with one-sided operations between its polls takes eight times as long. */
#define OTHER_WORK 2
/** By so much two batches may differ in any case. */
#define JITTER_US 1.0
/** A core that is lost to another process is not given back in less. */
#define LOST_CORE_US 20.0
/** So many batches in a row that took long tell that there is work in each of them. Fewer may be slow for another reason:
 *  cold caches, or a hypervisor that ran another machine and counts that as our processor time. */
#define WORKED_BATCHES 4
/** When no batch was that quick for so long, polling has become slower. */
#define FORGET_US 2e6
/** Polls that are further apart always have work between them. */
#define WORK_US 20.0
/** After saying that it sleeps, a process looks on for so long: until every store that was made before is visible. */
#define GRACE_US 5.0
#define ROUNDS 9

static void sleep_on(_Atomic uint32_t *word, uint32_t value, double us)
{
    struct timespec limit = {(time_t)(us / 1e6), (long)((uint64_t)(us * 1e3) % 1000000000u)};
    syscall(SYS_futex, word, FUTEX_WAIT, value, &limit, NULL, 0);
}

/** Two threads that wake each other in turn. */
typedef struct ping {
    _Atomic uint32_t turn;
} ping;

static void take_turns(ping *p, uint32_t mine)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t turn;
        while ((turn = atomic_load(&p->turn)) % 2 != mine)
            sleep_on(&p->turn, turn, 1e5);
        atomic_fetch_add(&p->turn, 1);
        syscall(SYS_futex, &p->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

static void *other_side(void *self)
{
    take_turns(self, 1);
    return NULL;
}

/** What it costs to wake a sleeping thread, microseconds. */
static double futex_cost_us(void)
{
    ping p = {0};
    pthread_t other;
    if (pthread_create(&other, NULL, other_side, &p) != 0)
        return 10;
    uint64_t begin = weiss_clock_ns();
    take_turns(&p, 0);
    pthread_join(other, NULL);
    return (double)(weiss_clock_ns() - begin) / 1e3 / (2 * ROUNDS);
}

/** What a doorbell costs: this machine rings itself. */
static double doorbell_cost_us(weiss_member *member)
{
    struct pollfd waiting = {weiss_device_wait_fd(member->device), POLLIN, 0};
    uint64_t begin = weiss_clock_ns();
    for (int i = 0; i < ROUNDS; i++) {
        weiss_device_ring(member->device, member->shared->bell_peer, member->shared->bell_vector);
        if (poll(&waiting, 1, 20) != 1)
            return 100;
        weiss_device_drain(member->device);
    }
    return (double)(weiss_clock_ns() - begin) / 1e3 / ROUNDS;
}

/** Ticks that a batch of idle polls takes at most, OTHER_WORK times less than what has work in it for certain. */
static uint64_t most_of_a_batch(const weiss_waiter *waiter)
{
    return (uint64_t)(BATCH * WORK_US / OTHER_WORK * waiter->ticks_per_us);
}

void weiss_waiter_make(weiss_wait_mode mode, bool crowded, double spin_us, weiss_member *member,
                       weiss_waiter *waiter)
{
    *waiter = (weiss_waiter){.mode = mode, .crowded = crowded, .ticks_per_us = weiss_ticks_per_us()};
    waiter->quickest = most_of_a_batch(waiter);
    if (mode == WEISS_WAIT_SPIN)
        return;
    waiter->wake_us =
        member->shared->wake == WEISS_WAKE_DOORBELL ? doorbell_cost_us(member) : futex_cost_us();
    double chosen = crowded ? waiter->wake_us : 20 * waiter->wake_us;
    chosen = chosen > 5000 ? 5000 : chosen;
    waiter->spin_us = spin_us >= 0 ? spin_us : mode == WEISS_WAIT_BLOCK ? 0 : chosen;
}

/** Says that it sleeps, and looks whether something came meanwhile. @return true when nothing did */
static bool lie_down(weiss_waiter *waiter, weiss_mailbox *mailbox)
{
    uint64_t until = weiss_ticks() + (uint64_t)(GRACE_US * waiter->ticks_per_us);
    atomic_store(&mailbox->member->shared->asleep, 1);
    do {
        if (weiss_mailbox_pending(mailbox)) {
            atomic_store_explicit(&mailbox->member->shared->asleep, 0, memory_order_relaxed);
            return false;
        }
        weiss_relax();
    } while (weiss_ticks() < until);
    return true;
}

static void sleep_us(weiss_waiter *waiter, weiss_mailbox *mailbox, double us)
{
    weiss_member *member = mailbox->member;
    struct timespec limit = {(time_t)(us / 1e6), (long)((uint64_t)(us * 1e3) % 1000000000u)};
    int fd = member->device != NULL ? weiss_device_wait_fd(member->device) : -1;
    if (!lie_down(waiter, mailbox))
        return;
    waiter->sleeps++;
    if (fd >= 0) {
        if (ppoll(&(struct pollfd){fd, POLLIN, 0}, 1, &limit, NULL) > 0)
            weiss_device_drain(member->device);
    } else if (member->shared->wake == WEISS_WAKE_FUTEX) {
        sleep_on(&member->shared->asleep, 1, us);
    } else {
        nanosleep(&limit, NULL);
    }
    atomic_store_explicit(&member->shared->asleep, 0, memory_order_relaxed);
}

/** Whether the batches that took long of late did so because this thread worked: WORKED_BATCHES in a row, and when the last
 *  one was so long that the core may have been lost to another process, processor time was used in it. */
static bool worked(weiss_waiter *waiter, uint64_t passed)
{
    struct timespec used;
    uint64_t before = waiter->cpu_ns;
    waiter->slow += waiter->slow < WORKED_BATCHES;
    bool enough = waiter->slow == WORKED_BATCHES;
    if ((double)passed < LOST_CORE_US * waiter->ticks_per_us)
        return enough;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    waiter->cpu_ns = (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
    return enough && (double)(waiter->cpu_ns - before) / 1e3 > LOST_CORE_US;
}

/** Measures anew how long a batch takes when none was as quick as before for long: there is more to be polled now. */
static void forget(weiss_waiter *waiter, uint64_t now, uint64_t passed)
{
    if ((double)(now - waiter->quick) < FORGET_US * waiter->ticks_per_us)
        return;
    waiter->quick = now;
    waiter->quickest = passed < most_of_a_batch(waiter) ? passed : most_of_a_batch(waiter);
}

/** Learns from a batch of idle polls how long one takes. @return true when it took no longer than it does without other work */
static bool was_quick(weiss_waiter *waiter, uint64_t now, uint64_t passed)
{
    if ((double)passed > (double)(OTHER_WORK * waiter->quickest) + JITTER_US * waiter->ticks_per_us)
        return false;
    waiter->slow = 0;
    waiter->quick = now;
    if (passed < waiter->quickest)
        waiter->quickest = passed;
    return true;
}

/** @return true when this thread works between its polls, or when it cannot be told yet */
static bool may_work(weiss_waiter *waiter, uint64_t now, uint64_t passed)
{
    if (!worked(waiter, passed))
        return waiter->slow < WORKED_BATCHES;
    waiter->since = now;
    forget(waiter, now, passed);
    return true;
}

void weiss_waiter_idle(weiss_waiter *waiter, weiss_mailbox *mailbox)
{
    if (waiter->mode == WEISS_WAIT_SPIN || ++waiter->polls < BATCH)
        return;
    uint64_t now = weiss_ticks(), passed = now - waiter->last;
    waiter->polls = 0;
    waiter->last = now;
    if (waiter->since == 0) {
        waiter->since = now;
        waiter->slow = 0;
        return;
    }
    bool quick = was_quick(waiter, now, passed);
    double waited = (double)(now - waiter->since) / waiter->ticks_per_us;
    if (waited < waiter->spin_us || (!quick && may_work(waiter, now, passed))) {
        if (waiter->crowded)
            sched_yield(); /* what it waits for may need this core */
        return;
    }
    double limit = waiter->mode == WEISS_WAIT_BLOCK && waited < 20000 ? 1000 : waited / 20;
    limit = limit < 50 ? 50 : limit > WEISS_SLEEP_LONGEST_US ? WEISS_SLEEP_LONGEST_US : limit;
    sleep_us(waiter, mailbox, limit);
    waiter->last = weiss_ticks();
    waiter->slow = 0;
}
