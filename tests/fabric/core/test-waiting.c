/* Waiting: who sleeps is woken, who waits long costs little, who works does not sleep. Nothing here depends on how fast the
 * machine is; the bounds only tell a wake-up from none. */
#include "arena.h"
#include "fabric/wait.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

/* A region in a file, as only there a futex is known to reach the others. */
typedef struct table {
    char path[64];
    weiss_address address[2];
    _Atomic int ready, done;
    _Atomic uint64_t sent_ns; /* when the last message was sent */
    _Atomic uint64_t held_ns; /* for how long its sender was kept from its core meanwhile */
    _Atomic uint32_t sent; /* rounds whose sender has done all it does */
    uint64_t late, slow, sleeps;
} table;

static table *table_make(arena *shared)
{
    *shared = arena_make(4096);
    table *t = (table *)shared->base;
    snprintf(t->path, sizeof t->path, "/dev/shm/weiss-test-waiting-%d", (int)getpid());
    return t;
}

/* This process as a member of the region in the file, with a second one that is in the same process or in another. */
typedef struct side {
    weiss_device *device;
    peer p;
    weiss_outlet outlet;
    weiss_waiter waiter;
    uint32_t got;
} side;

static void side_join(side *s, table *t, int number)
{
    weiss_fault fault = {0};
    INSIST(weiss_device_open(t->path, 4 * MIB, &s->device, &fault) == 0);
    arena a = {weiss_device_memory(s->device), weiss_device_bytes(s->device)};
    peer_join(&s->p, &a, NULL, s->device, false);
    t->address[number] = weiss_member_address(&s->p.member);
    atomic_fetch_add(&t->ready, 1);
}

static void side_meet(side *s, table *t, int number)
{
    weiss_fault fault = {0};
    while (atomic_load(&t->ready) < 2)
        sched_yield();
    INSIST(weiss_outlet_open(&s->p.member, &t->address[1 - number], 4096, &s->outlet, &fault) == 0);
}

static void side_leave(side *s)
{
    weiss_outlet_close(&s->outlet);
    peer_leave(&s->p);
    weiss_device_close(s->device);
}

static void count_one(void *self, const weiss_message *message)
{
    (void)message;
    ((side *)self)->got++;
}

static int poll_side(side *s)
{
    weiss_fault fault = {0};
    int got = weiss_mailbox_poll(&s->p.mailbox, count_one, s, &fault);
    INSIST(got >= 0);
    return got;
}

/* As if it had already waited for @p ms: its next sleep is a twentieth of that. */
static void pretend_to_have_waited(side *s, double ms)
{
    s->waiter.since = weiss_ticks() - (uint64_t)(ms * 1e3 * s->waiter.ticks_per_us);
}

static void work_us(double us)
{
    uint64_t until = weiss_clock_ns() + (uint64_t)(us * 1e3);
    while (weiss_clock_ns() < until)
        weiss_relax();
}

/* Time that this thread was ready to run and did not, for others had the core. */
static uint64_t held_ns(void)
{
    static int fd = -1;
    char text[64] = "";
    unsigned long long ran, held = 0;
    if (fd < 0)
        fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && pread(fd, text, sizeof text - 1, 0) > 0)
        sscanf(text, "%llu %llu", &ran, &held);
    return held;
}

/* From the sending of the last message to now, without what either side lost to other processes.
 * @param held  held_ns of this side before it waited */
static uint64_t time_to_wake(table *t, uint32_t round, uint64_t held)
{
    uint64_t delay = weiss_clock_ns() - atomic_load(&t->sent_ns);
    uint64_t others = held_ns() - held;
    while (atomic_load(&t->sent) <= round)
        sched_yield();
    others += atomic_load(&t->held_ns);
    return delay > others ? delay - others : 0;
}

/* A wake-up that is lost costs the longest sleep, 50 ms. */
#define LOST_NS (45 * UINT64_C(1000000))
#define ROUNDS ARENA_TIMES(20000)
/* A sender works for up to so long, so that it meets the other at every moment of its lying down; that comes later when all is
 * slow under a sanitizer. */
#define WORK_NS (12000 * (20000 / ROUNDS))

static void take_turns(void *self, int number)
{
    table *t = self;
    static side s;
    uint64_t seed = (uint64_t)number + 17;
    side_join(&s, t, number);
    side_meet(&s, t, number);
    weiss_waiter_make(WEISS_WAIT_BLOCK, true, -1, &s.p.member, &s.waiter);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint64_t held = held_ns();
        if ((int)(round % 2) == number) {
            work_us((double)arena_below(&seed, WORK_NS) / 1e3);
            atomic_store(&t->sent_ns, weiss_clock_ns());
            INSIST(weiss_outlet_send(&s.outlet, 1, "x", 1, NULL, 0, NULL) == 0);
            if (number == 0) { /* the other one's wake-ups are measured */
                atomic_store(&t->held_ns, held_ns() - held);
                atomic_store(&t->sent, round + 1);
            }
            continue;
        }
        uint32_t before = s.got;
        while (poll_side(&s), s.got == before) {
            pretend_to_have_waited(&s, 2000);
            if (number == 1 ||
                round / 64 % 4 == 0) /* else it is quick enough to answer one who still lies down */
                weiss_waiter_idle(&s.waiter, &s.p.mailbox);
        }
        if (number == 1) {
            uint64_t delay = time_to_wake(t, round, held);
            t->late += delay > LOST_NS;
            t->slow += delay > 5000000;
        }
        weiss_waiter_busy(&s.waiter);
    }
    if (number == 1)
        t->sleeps = s.waiter.sleeps;
    atomic_fetch_add(&t->done, 1);
    while (atomic_load(&t->done) < 2)
        sched_yield();
    side_leave(&s);
}

/* @return how often side 1 slept in ROUNDS rounds */
static uint64_t sleep_and_wake(void)
{
    arena shared;
    table *t = table_make(&shared);
    pid_t child[2] = {arena_fork(take_turns, t, 0), arena_fork(take_turns, t, 1)};
    arena_wait(child[0]);
    arena_wait(child[1]);
    print_message("%d rounds, %d sleeps, %d took more than 5 ms, %d more than 45 ms\n", ROUNDS,
                  (int)t->sleeps, (int)t->slow, (int)t->late);
    assert_true(t->late < ROUNDS / 400); /* a hypervisor may stop a process for so long, but rarely */
    uint64_t sleeps = t->sleeps;
    unlink(t->path);
    arena_free(&shared);
    return sleeps;
}

/* When the processor becomes slower all polls look like work for two seconds, and nobody sleeps: then once more. */
static void no_wake_up_is_lost(void **state)
{
    (void)state;
    for (int attempt = 0; attempt < 10; attempt++)
        if (sleep_and_wake() > ROUNDS / 20)
            return;
    fail_msg("nobody sleeps");
}

/* The same with a sender that believes nobody sleeps: then each sleep lasts its full time. That the test above can fail. */
static void who_is_not_woken_sleeps_on(void **state)
{
    (void)state;
    static side s;
    arena shared;
    table *t = table_make(&shared);
    side_join(&s, t, 0);
    weiss_waiter_make(WEISS_WAIT_BLOCK, true, -1, &s.p.member, &s.waiter);
    uint64_t begin = weiss_clock_ns();
    while (s.waiter.sleeps < 4) {
        poll_side(&s);
        pretend_to_have_waited(&s, 2000);
        weiss_waiter_idle(&s.waiter, &s.p.mailbox);
    }
    assert_true(weiss_clock_ns() - begin > 4 * LOST_NS);
    assert_int_equal(s.p.member.shared->asleep, 0);
    side_leave(&s);
    unlink(t->path);
    arena_free(&shared);
}

/* A message that came after the last poll, from a sender who saw nobody asleep: it is found while lying down. */
static void who_lies_down_looks_again(void **state)
{
    (void)state;
    static side s, other;
    arena shared;
    table *t = table_make(&shared);
    memset(&s, 0, sizeof s);
    memset(&other, 0, sizeof other);
    side_join(&s, t, 0);
    side_join(&other, t, 1);
    side_meet(&other, t, 1);
    weiss_waiter_make(WEISS_WAIT_BLOCK, true, -1, &s.p.member, &s.waiter);
    for (uint32_t round = 1; round <= 100; round++) {
        uint64_t before = s.waiter.sleeps;
        assert_int_equal(weiss_outlet_send(&other.outlet, 1, "x", 1, NULL, 0, NULL), 0);
        for (int i = 0; i < 320; i++) {
            pretend_to_have_waited(&s, 2000);
            weiss_waiter_idle(&s.waiter, &s.p.mailbox);
        }
        assert_int_equal(s.waiter.sleeps, before);
        assert_int_equal(s.p.member.shared->asleep, 0);
        poll_side(&s);
        assert_int_equal(s.got, round);
        weiss_waiter_busy(&s.waiter);
    }
    side_leave(&other);
    side_leave(&s);
    unlink(t->path);
    arena_free(&shared);
}

static double cpu_seconds(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

/* Processor time that waiting for a second takes. */
static double cost_of_waiting(weiss_wait_mode mode, bool crowded)
{
    static side s;
    arena shared;
    table *t = table_make(&shared);
    memset(&s, 0, sizeof s);
    side_join(&s, t, 0);
    weiss_waiter_make(mode, crowded, -1, &s.p.member, &s.waiter);
    double before = cpu_seconds();
    uint64_t until = weiss_clock_ns() + 1000000000;
    while (weiss_clock_ns() < until) {
        for (int i = 0; i < 32; i++) {
            poll_side(&s);
            weiss_waiter_idle(&s.waiter, &s.p.mailbox);
        }
    }
    double cost = cpu_seconds() - before;
    print_message("mode %d: %.3f s of processor time in a second, %d sleeps\n", (int)mode, cost,
                  (int)s.waiter.sleeps);
    assert_true(mode == WEISS_WAIT_SPIN ? s.waiter.sleeps == 0 : s.waiter.sleeps > 5);
    side_leave(&s);
    unlink(t->path);
    arena_free(&shared);
    return cost;
}

static void waiting_costs_little(void **state)
{
    (void)state;
    assert_true(cost_of_waiting(WEISS_WAIT_BLOCK, true) < 0.2);
    assert_true(cost_of_waiting(WEISS_WAIT_ADAPTIVE, true) < 0.2);
    assert_true(cost_of_waiting(WEISS_WAIT_ADAPTIVE, false) < 0.5);
    cost_of_waiting(WEISS_WAIT_SPIN, false);
}

static void work_and_look(side *s, int polls)
{
    for (int i = 0; i < polls; i++) {
        work_us(60);
        poll_side(s);
        weiss_waiter_idle(&s->waiter, &s->p.mailbox);
    }
}

/* A program that computes and only looks in between is not put to sleep: not at once and not after long. */
static void who_works_does_not_sleep(void **state)
{
    (void)state;
    static side s;
    arena shared;
    table *t = table_make(&shared);
    memset(&s, 0, sizeof s);
    side_join(&s, t, 0);
    weiss_waiter_make(WEISS_WAIT_ADAPTIVE, false, 200, &s.p.member, &s.waiter);
    work_and_look(&s, 200); /* before it knows what idle polls cost */
    assert_int_equal(s.waiter.sleeps, 0);
    while (s.waiter.sleeps < 3) {
        poll_side(&s);
        weiss_waiter_idle(&s.waiter, &s.p.mailbox);
    }
    weiss_waiter_busy(&s.waiter);
    uint64_t before = s.waiter.sleeps;
    work_and_look(&s, 20000);
    print_message("20000 polls between work, %d sleeps\n", (int)(s.waiter.sleeps - before));
    assert_int_equal(s.waiter.sleeps, before);
    side_leave(&s);
    unlink(t->path);
    arena_free(&shared);
}

/* Without anybody who could wake it, in plain memory, a sleep just ends. */
static void plain_memory_has_no_wake_up(void **state)
{
    (void)state;
    static peer p;
    weiss_waiter waiter;
    arena a = arena_make(MIB);
    peer_join(&p, &a, NULL, NULL, false);
    weiss_waiter_make(WEISS_WAIT_BLOCK, true, 0, &p.member, &waiter);
    while (waiter.sleeps < 10)
        weiss_waiter_idle(&waiter, &p.mailbox);
    peer_leave(&p);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_wake_up_is_lost),        cmocka_unit_test(who_is_not_woken_sleeps_on),
        cmocka_unit_test(who_lies_down_looks_again), cmocka_unit_test(waiting_costs_little),
        cmocka_unit_test(who_works_does_not_sleep),  cmocka_unit_test(plain_memory_has_no_wake_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
