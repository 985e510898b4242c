/* Rings between processes and threads that run at the same time. */
#include "arena.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

static void insist_on(int code, const weiss_fault *fault)
{
    if (code < 0)
        fprintf(stderr, "code %d: %s\n", code, fault->text);
    INSIST(code >= 0);
}

/* What two processes tell each other outside of the region. */
typedef struct meeting {
    arena a;
    weiss_address address[2];
    _Atomic int ready, done;
} meeting;

typedef struct stream {
    uint64_t seen, key;
} stream;

/* Length of message @p n: mostly small, sometimes as long as possible. */
static size_t length_of(uint64_t n, size_t longest)
{
    uint64_t seed = n;
    return n % 97 == 0 ? longest : 8 + arena_below(&seed, 120);
}

static void expect_stream(void *self, const weiss_message *message)
{
    stream *s = self;
    uint64_t number;
    memcpy(&number, message->head, 8);
    INSIST(number == s->seen + s->key);
    INSIST(message->head_bytes + message->body_bytes == length_of(s->seen, weiss_ring_longest(16384)));
    const uint8_t *last = message->body_bytes > 0 ? message->body + message->body_bytes - 1
                                                  : message->head + message->head_bytes - 1;
    INSIST(message->head_bytes + message->body_bytes == 8 || *last == (uint8_t)(number * 7));
    s->seen++;
}

static void run_stream(void *self, int number)
{
    meeting *m = self;
    const uint64_t messages = ARENA_TIMES(UINT64_C(1000000));
    static uint8_t data[16384];
    static peer p;
    weiss_outlet outlet;
    weiss_fault fault = {0};
    stream s = {.key = number == 0 ? 1000 : 2000};
    uint64_t mine = number == 0 ? 2000 : 1000;
    peer_join(&p, &m->a, NULL, NULL, false);
    m->address[number] = weiss_member_address(&p.member);
    atomic_fetch_add(&m->ready, 1);
    while (atomic_load(&m->ready) < 2)
        sched_yield();
    insist_on(weiss_outlet_open(&p.member, &m->address[1 - number], 16384, &outlet, &fault), &fault);
    for (uint64_t n = 0; n < messages || s.seen < messages;) {
        int sent = WEISS_RETRY;
        if (n < messages) {
            uint64_t told = n + mine;
            size_t length = length_of(n, weiss_ring_longest(16384));
            memcpy(data, &told, 8);
            if (length > 8)
                data[length - 1] = (uint8_t)(told * 7);
            sent = weiss_outlet_send(&outlet, 1, data, 8, data + 8, length - 8, &fault);
            insist_on(sent, &fault);
            n += sent == 0;
        }
        int got = sent == 0 && n % 8 != 0 ? 1 : weiss_mailbox_poll(&p.mailbox, expect_stream, &s, &fault);
        insist_on(got, &fault);
        if (got == 0 && sent != 0)
            sched_yield();
    }
    INSIST(s.seen == messages);
    while (!weiss_outlet_drained(&outlet))
        sched_yield();
    weiss_outlet_close(&outlet);
    peer_leave(&p);
}

static void two_processes_stream_both_ways(void **state)
{
    (void)state;
    arena shared = arena_make(4096);
    meeting *m = (meeting *)shared.base;
    m->a = arena_make(MIB);
    pid_t child[2] = {arena_fork(run_stream, m, 0), arena_fork(run_stream, m, 1)};
    arena_wait(child[0]);
    arena_wait(child[1]);
    arena_free(&m->a);
    arena_free(&shared);
}

/* Bulk both ways: each side has few chunks and sends as fast as they come back. */
static void expect_bulk(void *self, const weiss_message *message)
{
    stream *s = self;
    INSIST(message->head_bytes == 24);
    INSIST(arena_same(message->head, 24, s->key + s->seen));
    INSIST(arena_same(message->body, message->body_bytes, s->key + s->seen));
    INSIST(message->body_bytes == 1 + s->seen * 37 % 16384);
    s->seen++;
}

static void run_bulk(void *self, int number)
{
    meeting *m = self;
    const uint64_t messages = ARENA_TIMES(8000);
    static peer p;
    uint8_t head[24];
    weiss_outlet outlet;
    weiss_pool pool;
    weiss_fault fault = {0};
    stream s = {.key = number == 0 ? 1 << 20 : 1 << 21};
    uint64_t mine = number == 0 ? 1 << 21 : 1 << 20, chunk;
    peer_join(&p, &m->a, NULL, NULL, false);
    insist_on(weiss_pool_make(&p.member, 16384 + WEISS_CHUNK_MARGIN, 7, &pool, &fault), &fault);
    m->address[number] = weiss_member_address(&p.member);
    atomic_fetch_add(&m->ready, 1);
    while (atomic_load(&m->ready) < 2)
        sched_yield();
    insist_on(weiss_outlet_open(&p.member, &m->address[1 - number], 4096, &outlet, &fault), &fault);
    for (uint64_t n = 0; n < messages || s.seen < messages;) {
        insist_on(weiss_outlet_reclaim(&outlet, &pool, &fault), &fault);
        bool can = n < messages && weiss_pool_take(&pool, &chunk);
        if (can) {
            arena_fill(p.region.base + chunk, 1 + n * 37 % 16384, mine + n);
            arena_fill(head, sizeof head, mine + n);
            int code =
                weiss_outlet_send_chunk(&outlet, 1, head, sizeof head, chunk, 1 + n * 37 % 16384, &fault);
            INSIST(code == 0); /* seven records always fit */
            n++;
        }
        int got = weiss_mailbox_poll(&p.mailbox, expect_bulk, &s, &fault);
        insist_on(got, &fault);
        if (got == 0 && !can)
            sched_yield();
    }
    while (!weiss_outlet_drained(&outlet))
        sched_yield();
    weiss_outlet_close(&outlet);
    weiss_pool_clear(&pool);
    peer_leave(&p);
}

static void two_processes_exchange_chunks(void **state)
{
    (void)state;
    arena shared = arena_make(4096);
    meeting *m = (meeting *)shared.base;
    m->a = arena_make(MIB);
    pid_t child[2] = {arena_fork(run_bulk, m, 0), arena_fork(run_bulk, m, 1)};
    arena_wait(child[0]);
    arena_wait(child[1]);
    arena_free(&m->a);
    arena_free(&shared);
}

/* Many members, all to all, a thread for some of them each. */
#define MEMBERS (ARENA_SANITIZED ? 64 : 200)
#define THREADS 4
#define EACH 3

typedef struct crowd {
    peer p[200];
    weiss_outlet outlet[200][200]; /* [from][to] */
    uint8_t next[200][200]; /* [to][from]: messages seen */
    uint32_t of_slot[WEISS_SLOTS_MAX];
    _Atomic uint32_t arrived;
} crowd;

typedef struct place {
    crowd *c;
    int first, end, me;
} place;

static void expect_crowd(void *self, const weiss_message *message)
{
    place *at = self;
    uint32_t told[3];
    INSIST(message->head_bytes == sizeof told);
    memcpy(told, message->head, sizeof told);
    INSIST(at->c->of_slot[message->from] == told[0] && told[1] == (uint32_t)at->me);
    INSIST(told[2] == at->c->next[at->me][told[0]]++);
    atomic_fetch_add(&at->c->arrived, 1);
}

static void *run_crowd(void *self)
{
    place at = *(place *)self;
    uint32_t all = (uint32_t)(MEMBERS * (MEMBERS - 1) * EACH);
    weiss_fault fault = {0};
    for (int step = 0; step < MEMBERS * EACH; step++) {
        for (int from = at.first; from < at.end; from++) {
            int to = (from + 1 + step / EACH) % MEMBERS;
            uint32_t told[3] = {(uint32_t)from, (uint32_t)to, (uint32_t)(step % EACH)};
            if (to == from)
                continue;
            int code = weiss_outlet_send(&at.c->outlet[from][to], 1, told, sizeof told, NULL, 0, &fault);
            INSIST(code == 0);
            at.me = from;
            if ((step + from) % 5 == 0)
                insist_on(weiss_mailbox_poll(&at.c->p[from].mailbox, expect_crowd, &at, &fault), &fault);
        }
    }
    while (atomic_load(&at.c->arrived) < all) {
        for (at.me = at.first; at.me < at.end; at.me++)
            insist_on(weiss_mailbox_poll(&at.c->p[at.me].mailbox, expect_crowd, &at, &fault), &fault);
        sched_yield();
    }
    return NULL;
}

static void many_members_all_to_all(void **state)
{
    (void)state;
    weiss_region_shape shape = {.slots = 256};
    pthread_t thread[THREADS];
    place at[THREADS];
    arena a = arena_make(256 * MIB);
    crowd *c = calloc(1, sizeof *c);
    assert_non_null(c);
    for (int i = 0; i < MEMBERS; i++) {
        peer_join(&c->p[i], &a, &shape, NULL, false);
        c->of_slot[c->p[i].member.slot] = (uint32_t)i;
    }
    for (int i = 0; i < MEMBERS; i++)
        for (int k = 0; k < MEMBERS; k++)
            if (i != k)
                peer_connect(&c->p[i], &c->p[k], 4096, &c->outlet[i][k]);
    for (int i = 0; i < THREADS; i++) {
        at[i] = (place){c, i * MEMBERS / THREADS, (i + 1) * MEMBERS / THREADS, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, run_crowd, &at[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < MEMBERS; i++)
        for (int k = 0; k < MEMBERS; k++)
            assert_int_equal(c->next[i][k], i == k ? 0 : EACH);
    for (int i = 0; i < MEMBERS; i++)
        for (int k = 0; k < MEMBERS; k++)
            weiss_outlet_close(&c->outlet[i][k]);
    for (int i = 0; i < MEMBERS; i++)
        peer_leave(&c->p[i]);
    free(c);
    arena_free(&a);
}

/* Several threads poll one mailbox while senders come, change their rings, and go. */
typedef struct shared_mailbox {
    arena a;
    peer to;
    _Atomic int inside, stop;
    uint64_t next[WEISS_SLOTS_MAX]; /* by the word that the sender begins with */
    uint64_t total;
} shared_mailbox;

static void expect_alone(void *self, const weiss_message *message)
{
    shared_mailbox *s = self;
    uint64_t told[2];
    INSIST(atomic_fetch_add(&s->inside, 1) == 0); /* one thread at a time */
    memcpy(told, message->head, sizeof told);
    INSIST(told[0] < WEISS_SLOTS_MAX && told[1] == s->next[told[0]]++);
    s->total++;
    atomic_fetch_sub(&s->inside, 1);
}

static void *poll_on(void *self)
{
    shared_mailbox *s = self;
    weiss_fault fault = {0};
    while (!atomic_load(&s->stop)) {
        int got = weiss_mailbox_poll(&s->to.mailbox, expect_alone, s, &fault);
        insist_on(got, &fault);
        if (got == 0 && !weiss_mailbox_pending(&s->to.mailbox))
            sched_yield();
    }
    return NULL;
}

#define STREAMS 12
#define STREAM_LENGTH ARENA_TIMES(8000)

static void *send_on(void *self)
{
    shared_mailbox *s = self;
    peer from[STREAMS];
    weiss_outlet outlet[STREAMS];
    weiss_address to = weiss_member_address(&s->to.member);
    weiss_fault fault = {0};
    for (int i = 0; i < STREAMS; i++) {
        peer_join(&from[i], &s->a, NULL, NULL, false);
        insist_on(weiss_outlet_open(&from[i].member, &to, 4096, &outlet[i], &fault), &fault);
    }
    for (uint64_t n = 0; n < (uint64_t)STREAM_LENGTH; n++) {
        for (int i = 0; i < STREAMS; i++) {
            uint64_t told[2] = {(uint64_t)i, n};
            while (weiss_outlet_send(&outlet[i], 1, told, sizeof told, NULL, 0, &fault) != 0)
                sched_yield();
        }
        if (n % 100 != 99)
            continue;
        int i = (int)(n / 100 % STREAMS); /* another ring, of another size */
        while (!weiss_outlet_drained(&outlet[i]))
            sched_yield();
        weiss_outlet_close(&outlet[i]);
        if (n % 300 == 299) {
            peer_leave(&from[i]);
            peer_join(&from[i], &s->a, NULL, NULL, false);
        }
        insist_on(weiss_outlet_open(&from[i].member, &to, n % 200 == 199 ? 4096 : 8192, &outlet[i], &fault),
                  &fault);
    }
    for (int i = 0; i < STREAMS; i++) {
        while (!weiss_outlet_drained(&outlet[i]))
            sched_yield();
        weiss_outlet_close(&outlet[i]);
        peer_leave(&from[i]);
    }
    return NULL;
}

static void threads_share_a_mailbox(void **state)
{
    (void)state;
    static shared_mailbox s;
    pthread_t poller[3], sender;
    s = (shared_mailbox){.a = arena_make(16 * MIB)};
    peer_join(&s.to, &s.a, &(weiss_region_shape){.slots = 64}, NULL, true);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&poller[i], NULL, poll_on, &s), 0);
    assert_int_equal(pthread_create(&sender, NULL, send_on, &s), 0);
    pthread_join(sender, NULL);
    atomic_store(&s.stop, 1);
    for (int i = 0; i < 3; i++)
        pthread_join(poller[i], NULL);
    assert_int_equal(s.total, STREAMS * STREAM_LENGTH);
    peer_leave(&s.to);
    arena_free(&s.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_processes_stream_both_ways),
        cmocka_unit_test(two_processes_exchange_chunks),
        cmocka_unit_test(many_members_all_to_all),
        cmocka_unit_test(threads_share_a_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
