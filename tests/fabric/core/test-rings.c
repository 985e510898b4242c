/* Rings, seen by one thread that plays both sides: every length, every place, full rings, chunks, and who looks at which ring. */
#include "arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

/* Two peers and the ring from one to the other. */
typedef struct pair {
    arena a;
    peer from, to;
    weiss_outlet outlet;
    weiss_pool pool;
} pair;

static void pair_open(pair *p, uint64_t block, uint64_t chunk, uint32_t chunks)
{
    peer_join(&p->from, &p->a, NULL, NULL, false);
    peer_join(&p->to, &p->a, NULL, NULL, false);
    peer_connect(&p->from, &p->to, block, &p->outlet);
    assert_int_equal(weiss_pool_make(&p->from.member, chunk + WEISS_CHUNK_MARGIN, chunks, &p->pool, NULL), 0);
}

static void pair_close(pair *p)
{
    weiss_outlet_close(&p->outlet);
    weiss_pool_clear(&p->pool);
    peer_leave(&p->from);
    peer_leave(&p->to);
    arena_free(&p->a);
}

/* What a receiver expects: message n has the contents of key n, and its length. */
typedef struct expectation {
    uint64_t next, key_base;
    size_t length[4096]; /* by n modulo */
    uint32_t from;
} expectation;

static void expect(void *self, const weiss_message *message)
{
    expectation *e = self;
    size_t length = e->length[e->next % 4096];
    INSIST(message->from == e->from);
    INSIST(message->tag == (uint8_t)e->next);
    INSIST(message->head_bytes + message->body_bytes == length);
    INSIST(arena_arrived(message, e->key_base + e->next));
    e->next++;
}

static int send_one(weiss_outlet *outlet, expectation *e, uint64_t n, size_t length, size_t head)
{
    static uint8_t data[WEISS_RING_BLOCK_MAX];
    weiss_fault fault = {0};
    arena_fill(data, length, e->key_base + n);
    int code = weiss_outlet_send(outlet, (uint8_t)n, data, head, data + head, length - head, &fault);
    if (code == 0)
        e->length[n % 4096] = length;
    INSIST(code == 0 || code == WEISS_RETRY);
    return code;
}

static int receive(peer *p, expectation *e)
{
    weiss_fault fault = {0};
    int got = weiss_mailbox_poll(&p->mailbox, expect, e, &fault);
    if (got < 0)
        fail_msg("%s", fault.text);
    return got;
}

static void every_length_arrives(void **state)
{
    (void)state;
    static expectation e;
    uint64_t seed = 5;
    for (uint64_t block = WEISS_RING_BLOCK_MIN; block <= WEISS_RING_BLOCK_MAX; block *= 2) {
        pair p = {.a = arena_make(MIB)};
        pair_open(&p, block, 4096, 1);
        e = (expectation){.key_base = arena_random(&seed), .from = p.from.member.slot};
        size_t longest = weiss_ring_longest(block);
        assert_true(longest >= block / 4 - 192 && longest < block / 4);
        uint64_t n = 0;
        for (size_t length = 0; length <= longest; length += ARENA_SANITIZED && length > 2048 ? 7 : 1, n++) {
            size_t head = length == 0 ? 0 : arena_below(&seed, length + 1);
            assert_int_equal(send_one(&p.outlet, &e, n, length, head), 0);
            while (receive(&p.to, &e) == 0)
                ;
            assert_int_equal(e.next, n + 1);
        }
        assert_true(weiss_outlet_drained(&p.outlet));
        pair_close(&p);
    }
}

/* Fills the ring, empties a part, fills it again: at every place of the ring, and nothing is lost, torn or doubled. */
static void full_rings_go_on(void **state)
{
    (void)state;
    static expectation e;
    uint64_t seed = 6;
    for (uint64_t block = WEISS_RING_BLOCK_MIN; block <= WEISS_RING_BLOCK_MAX; block *= 4) {
        pair p = {.a = arena_make(MIB)};
        pair_open(&p, block, 4096, 1);
        e = (expectation){.key_base = arena_random(&seed), .from = p.from.member.slot};
        uint64_t n = 0, refusals = 0;
        while (refusals < 300) {
            size_t length = arena_below(&seed, 1 + arena_below(&seed, weiss_ring_longest(block) + 1));
            if (send_one(&p.outlet, &e, n, length, length / 3) == 0) {
                n++;
                continue;
            }
            refusals++;
            assert_true(n - e.next >= 3); /* a quarter of the ring each, at most */
            assert_int_equal(send_one(&p.outlet, &e, n, length, length / 3), WEISS_RETRY);
            uint64_t left = arena_below(&seed, 3) * 32;
            while (n - e.next > left)
                receive(&p.to, &e);
        }
        while (receive(&p.to, &e) > 0)
            ;
        assert_int_equal(e.next, n);
        assert_true(weiss_outlet_drained(&p.outlet));
        pair_close(&p);
    }
}

/* A ring of records of one length only, so that each fit at its end comes up. */
static void every_fit_at_the_end_of_a_ring(void **state)
{
    (void)state;
    static expectation e;
    for (size_t length = 0; length <= weiss_ring_longest(WEISS_RING_BLOCK_MIN); length += 16) {
        pair p = {.a = arena_make(MIB)};
        pair_open(&p, WEISS_RING_BLOCK_MIN, 4096, 1);
        e = (expectation){.key_base = length, .from = p.from.member.slot};
        uint64_t n = 0;
        for (int lap = 0; lap < 12; lap++) {
            while (send_one(&p.outlet, &e, n, length, length) == 0)
                n++;
            for (int polls = 0; polls <= lap % 4; polls++)
                receive(&p.to, &e);
        }
        while (receive(&p.to, &e) > 0)
            ;
        assert_int_equal(e.next, n);
        pair_close(&p);
    }
}

typedef struct bulk {
    uint64_t next, key;
    size_t head[256], body[256];
} bulk;

static void expect_bulk(void *self, const weiss_message *message)
{
    bulk *b = self;
    size_t i = b->next % 256;
    INSIST(message->head_bytes == b->head[i] && message->body_bytes == b->body[i]);
    INSIST(arena_same(message->head, message->head_bytes, b->key + b->next));
    INSIST(arena_same(message->body, message->body_bytes, b->key + b->next + 1000000));
    b->next++;
}

static void chunks_of_all_sizes(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {4096, 16384, 65536, 262144};
    uint64_t seed = 7;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        enum { CHUNKS = 6 };
        pair p = {.a = arena_make(8 * MIB)};
        bulk b = {.key = arena_random(&seed)};
        pair_open(&p, WEISS_RING_BLOCK_MIN, sizes[s], CHUNKS);
        uint64_t chunk, n = 0, refused = 0;
        uint8_t head[WEISS_SEALED];
        while (n < 400) {
            assert_int_equal(weiss_outlet_reclaim(&p.outlet, &p.pool, NULL), 0);
            if (!weiss_pool_take(&p.pool, &chunk)) {
                refused++;
                assert_int_equal(n - b.next, CHUNKS);
                while (weiss_mailbox_poll(&p.to.mailbox, expect_bulk, &b, NULL) > 0)
                    ;
                continue;
            }
            size_t body = n % 5 == 0 ? sizes[s] : arena_below(&seed, sizes[s] + 1);
            size_t length = arena_below(&seed, WEISS_SEALED - 16 + 1);
            arena_fill(head, length, b.key + n);
            arena_fill(p.a.base + chunk, body, b.key + n + 1000000);
            b.head[n % 256] = length;
            b.body[n % 256] = body;
            assert_int_equal(weiss_outlet_send_chunk(&p.outlet, 9, head, length, chunk, body, NULL), 0);
            n++;
        }
        while (weiss_mailbox_poll(&p.to.mailbox, expect_bulk, &b, NULL) > 0)
            ;
        assert_int_equal(b.next, n);
        assert_true(refused > 10);
        assert_int_equal(weiss_outlet_reclaim(&p.outlet, &p.pool, NULL), 0);
        assert_int_equal(p.outlet.flights, 0);
        assert_true(p.pool.free == CHUNKS && p.pool.total == CHUNKS);
        pair_close(&p);
    }
}

static void a_full_ring_leaves_the_chunk_with_the_caller(void **state)
{
    (void)state;
    pair p = {.a = arena_make(4 * MIB)};
    bulk b = {.key = 3};
    uint64_t chunk, sent = 0;
    pair_open(&p, WEISS_RING_BLOCK_MIN, 4096, 200);
    for (;; sent++) {
        assert_true(weiss_pool_take(&p.pool, &chunk));
        arena_fill(p.a.base + chunk, 100, b.key + sent + 1000000);
        b.body[sent % 256] = 100;
        if (weiss_outlet_send_chunk(&p.outlet, 9, "", 0, chunk, 100, NULL) != 0)
            break;
    }
    assert_int_equal(sent, p.outlet.data_bytes / WEISS_RECORD_BYTES(16));
    assert_int_equal(p.outlet.flights, sent);
    while (weiss_mailbox_poll(&p.to.mailbox, expect_bulk, &b, NULL) > 0)
        ;
    assert_int_equal(b.next, sent);
    assert_int_equal(weiss_outlet_send_chunk(&p.outlet, 9, "", 0, chunk, 100, NULL), 0);
    assert_int_equal(weiss_mailbox_poll(&p.to.mailbox, expect_bulk, &b, NULL), 1);
    pair_close(&p);
}

/* Numbers of records are cut to 28 bits; the ring goes on behind that, and an old record with the same cut number is not taken
 * for a new one. */
static void numbers_wrap_and_old_records_do_not_come_back(void **state)
{
    (void)state;
    static expectation e;
    pair p = {.a = arena_make(MIB)};
    pair_open(&p, WEISS_RING_BLOCK_MIN, 4096, 1);
    e = (expectation){.key_base = 12, .from = p.from.member.slot};
    uint8_t first[WEISS_LINE];
    assert_int_equal(send_one(&p.outlet, &e, 0, 40, 40), 0);
    memcpy(first, p.outlet.data, sizeof first);
    assert_int_equal(receive(&p.to, &e), 1);
    weiss_inlet *inlet = p.to.mailbox.inlet[p.from.member.slot];
    assert_true(inlet->sealer.number == p.outlet.sealer.number);
    inlet->sealer.number = p.outlet.sealer.number =
        (inlet->sealer.number + WEISS_RECORD_NUMBER_MASK - 4); /* as after 2^28 - 3 records */
    weiss_sealer_step(&inlet->sealer);
    weiss_sealer_step(&p.outlet.sealer);
    for (uint64_t n = 1; n <= 3; n++) {
        assert_int_equal(send_one(&p.outlet, &e, n, 40, 40), 0);
        assert_int_equal(receive(&p.to, &e), 1);
    }
    uint64_t word;
    memcpy(&word, first, sizeof word);
    assert_true(inlet->sealer.number % (WEISS_RECORD_NUMBER_MASK + 1) == word >> 36);
    memcpy(p.a.base + (inlet->data - p.a.base) + inlet->position, first, sizeof first);
    weiss_fault fault = {0};
    uint64_t seen = e.next;
    e.next = 0; /* were it taken, it would look right */
    assert_int_equal(weiss_mailbox_poll(&p.to.mailbox, expect, &e, &fault), 0);
    assert_true(inlet->doubtful && e.next == 0); /* its number is the expected one, its seal is not */
    for (int tick = 0; tick < 20; tick++)
        assert_int_equal(weiss_mailbox_tick(&p.to.mailbox, expect, &e, &fault), 0);
    e.next = seen;
    assert_int_equal(send_one(&p.outlet, &e, seen, 40, 40), 0);
    assert_int_equal(receive(&p.to, &e), 1);
    pair_close(&p);
}

static void count_them(void *self, const weiss_message *message)
{
    uint32_t *count = self;
    count[message->from]++;
}

static int poll_counting(peer *p, uint32_t *count)
{
    weiss_fault fault = {0};
    int got = weiss_mailbox_poll(&p->mailbox, count_them, count, &fault);
    if (got < 0)
        fail_msg("%s", fault.text);
    return got;
}

/* More senders than are polled one by one. No message waits for anything but a poll, though others keep the receiver busy. */
static void more_senders_than_are_polled(void **state)
{
    (void)state;
    enum { SENDERS = 30, ROUNDS = 3000 };
    static peer from[SENDERS], to;
    static weiss_outlet outlet[SENDERS];
    static uint32_t sent[64], count[64], waits[64];
    uint64_t seed = 8;
    arena a = arena_make(4 * MIB);
    weiss_region_shape shape = {.slots = 64};
    memset(count, 0, sizeof count);
    for (int i = 0; i < SENDERS; i++)
        peer_join(&from[i], &a, &shape, NULL, false);
    peer_join(&to, &a, NULL, NULL, false);
    for (int i = 0; i < SENDERS; i++)
        peer_connect(&from[i], &to, 16384, &outlet[i]);
    for (int round = 0; round < ROUNDS; round++) {
        for (uint64_t k = 1 + arena_below(&seed, 4); k > 0; k--) {
            uint64_t who = arena_below(&seed, SENDERS), burst = arena_below(&seed, 5) == 0 ? 100 : 1;
            while (burst-- > 0 && weiss_outlet_send(&outlet[who], 1, "x", 1, NULL, 0, NULL) == 0)
                sent[from[who].member.slot]++;
        }
        poll_counting(&to, count);
        for (int slot = 0; slot < SENDERS; slot++) { /* a ring gives 32 messages at a time, 16 KiB hold 252 */
            waits[slot] = count[slot] == sent[slot] ? 0 : waits[slot] + 1;
            assert_true(waits[slot] < 100);
        }
    }
    assert_int_equal(to.mailbox.npolled, WEISS_MAILBOX_POLLED);
    while (poll_counting(&to, count) > 0)
        ;
    for (int i = 0; i < SENDERS; i++) {
        assert_int_equal(count[from[i].member.slot], sent[from[i].member.slot]);
        weiss_outlet_close(&outlet[i]);
    }
    for (int i = 0; i < SENDERS; i++)
        peer_leave(&from[i]);
    peer_leave(&to);
    arena_free(&a);
}

/* A ring that loses its place among the polled ones while it holds more than one turn of messages. */
static void a_demoted_ring_is_not_forgotten(void **state)
{
    (void)state;
    enum { SENDERS = WEISS_MAILBOX_POLLED + 4 };
    static peer from[SENDERS], to;
    static weiss_outlet outlet[SENDERS];
    static uint32_t count[64];
    arena a = arena_make(4 * MIB);
    memset(count, 0, sizeof count);
    for (int i = 0; i < SENDERS; i++)
        peer_join(&from[i], &a, &(weiss_region_shape){.slots = 64}, NULL, false);
    peer_join(&to, &a, NULL, NULL, false);
    for (int i = 0; i < SENDERS; i++)
        peer_connect(&from[i], &to, 16384, &outlet[i]);
    for (int i = 0; i < WEISS_MAILBOX_POLLED; i++) {
        assert_int_equal(weiss_outlet_send(&outlet[i], 1, "x", 1, NULL, 0, NULL), 0);
        assert_int_equal(poll_counting(&to, count), 1);
    }
    for (int i = 0; i < WEISS_MAILBOX_POLLED; i++) /* all polled: none of them tells of these */
        for (int k = 0; k < 100; k++)
            assert_int_equal(weiss_outlet_send(&outlet[i], 1, "x", 1, NULL, 0, NULL), 0);
    for (int polls = 0; polls < 40; polls++) { /* never idle */
        assert_int_equal(
            weiss_outlet_send(&outlet[WEISS_MAILBOX_POLLED + polls % 4], 1, "x", 1, NULL, 0, NULL), 0);
        poll_counting(&to, count);
    }
    for (int i = 0; i < WEISS_MAILBOX_POLLED; i++)
        assert_int_equal(count[from[i].member.slot], 101);
    for (int i = 0; i < SENDERS; i++) {
        weiss_outlet_close(&outlet[i]);
        peer_leave(&from[i]);
    }
    peer_leave(&to);
    arena_free(&a);
}

/* A callback that polls, to some depth, and sends more while it holds its message. */
typedef struct nested {
    pair *p;
    uint64_t sent, next[4096], seen;
    int depth, deepest;
    uint8_t arrived[20000];
} nested;

static void send_numbered(nested *n)
{
    uint8_t data[300];
    uint64_t number = n->sent;
    arena_fill(data, sizeof data, number);
    memcpy(data, &number, 8);
    if (number < 20000 && weiss_outlet_send(&n->p->outlet, 1, data, sizeof data, NULL, 0, NULL) == 0)
        n->sent++;
}

static void check_numbered(const weiss_message *message, uint64_t number)
{
    uint8_t data[300];
    arena_fill(data, sizeof data, number);
    memcpy(data, &number, 8);
    INSIST(message->head_bytes == WEISS_SEALED && message->body_bytes == sizeof data - WEISS_SEALED);
    INSIST(memcmp(message->head, data, message->head_bytes) == 0);
    INSIST(memcmp(message->body, data + message->head_bytes, message->body_bytes) == 0);
}

static void deliver_nested(void *self, const weiss_message *message)
{
    nested *n = self;
    uint64_t number;
    memcpy(&number, message->head, 8);
    INSIST(number == n->seen); /* taken in order, also below one another */
    n->seen++;
    INSIST(n->arrived[number] == 0);
    n->arrived[number] = 1;
    check_numbered(message, number);
    if (++n->depth > n->deepest)
        n->deepest = n->depth;
    for (int i = 0; i < 4; i++)
        send_numbered(n);
    if (n->depth < 4)
        INSIST(weiss_mailbox_poll(&n->p->to.mailbox, deliver_nested, n, NULL) >= 0);
    for (int i = 0; i < 60; i++) /* as much as there is room for: never over this message */
        send_numbered(n);
    check_numbered(message, number);
    n->depth--;
}

static void callbacks_may_poll(void **state)
{
    (void)state;
    static nested n;
    for (int threads = 0; threads < 2; threads++) {
        pair p = {.a = arena_make(MIB)};
        pair_open(&p, WEISS_RING_BLOCK_MIN, 4096, 1);
        p.to.mailbox.threads = threads == 1;
        memset(&n, 0, sizeof n);
        n.p = &p;
        while (n.seen < 20000) {
            send_numbered(&n);
            assert_true(weiss_mailbox_poll(&p.to.mailbox, deliver_nested, &n, NULL) >= 0);
        }
        assert_int_equal(n.deepest, 4);
        pair_close(&p);
    }
}

/* A sender leaves; its memory goes to another member, who fills it. The receiver neither trips over it nor writes into it. */
static void a_departed_sender_does_not_disturb(void **state)
{
    (void)state;
    enum { SENDERS = WEISS_MAILBOX_POLLED + 6, BLOCKS = 4000 };
    static peer from[SENDERS], to, heir;
    static weiss_outlet outlet[SENDERS];
    static uint32_t count[64];
    static uint64_t offset[BLOCKS];
    arena a = arena_make(4 * MIB);
    memset(count, 0, sizeof count);
    peer_join(&to, &a, &(weiss_region_shape){.slots = 64}, NULL, false);
    for (int i = 0; i < SENDERS; i++) {
        peer_join(&from[i], &a, NULL, NULL, false);
        peer_connect(&from[i], &to, WEISS_RING_BLOCK_MIN, &outlet[i]);
    }
    for (int i = 0; i < WEISS_MAILBOX_POLLED; i++) {
        assert_int_equal(weiss_outlet_send(&outlet[i], 1, "x", 1, NULL, 0, NULL), 0);
        assert_int_equal(poll_counting(&to, count), 1);
    }
    for (int i = 0; i < WEISS_MAILBOX_POLLED; i++) {
        weiss_outlet_close(&outlet[i]);
        peer_leave(&from[i]);
    }
    peer_join(&heir, &a, NULL, NULL, false);
    int blocks = 0;
    while (blocks < BLOCKS && weiss_member_allocate(&heir.member, 4096, &offset[blocks], NULL) == 0) {
        memset(a.base + offset[blocks], 0xa5, 4096);
        blocks++;
    }
    assert_true(blocks > 500 && blocks < BLOCKS);
    for (int round = 0; round < 50; round++) {
        int who = WEISS_MAILBOX_POLLED + round % (SENDERS - WEISS_MAILBOX_POLLED);
        assert_int_equal(weiss_outlet_send(&outlet[who], 1, "x", 1, NULL, 0, NULL), 0);
        for (int i = 0; i < 2000; i++) /* also long idle */
            poll_counting(&to, count);
        assert_int_equal(weiss_mailbox_tick(&to.mailbox, count_them, count, NULL), 0);
        assert_false(weiss_mailbox_pending(&to.mailbox)); /* else it would never sleep again */
    }
    for (int i = 0; i < blocks; i++)
        for (int k = 0; k < 4096; k++)
            if (a.base[offset[i] + (size_t)k] != 0xa5)
                fail_msg("byte %d of a block of the heir was overwritten", k);
    for (int i = WEISS_MAILBOX_POLLED; i < SENDERS; i++) {
        weiss_outlet_close(&outlet[i]);
        peer_leave(&from[i]);
    }
    peer_leave(&heir);
    peer_leave(&to);
    arena_free(&a);
}

/* Another sender in the slot of one that has left, and the same sender with a second ring: the receiver goes on with the new
 * ring, after it has read the old one to its end. */
static void a_new_ring_follows_the_old_one(void **state)
{
    (void)state;
    static uint32_t count[64];
    pair p = {.a = arena_make(MIB)};
    memset(count, 0, sizeof count);
    pair_open(&p, 16384, 4096, 1);
    uint32_t slot = p.from.member.slot, sent = 0;
    for (int turn = 0; turn < 20; turn++) {
        for (int k = 0; k < 20 * (turn % 9); k++, sent++) /* more than are taken at once */
            assert_int_equal(weiss_outlet_send(&p.outlet, 1, "x", 1, NULL, 0, NULL), 0);
        weiss_outlet_close(&p.outlet);
        if (turn % 3 == 2) {
            while (poll_counting(&p.to, count) > 0)
                ;
            peer_leave(&p.from);
            peer_join(&p.from, &p.a, NULL, NULL, false);
            assert_int_equal(p.from.member.slot, slot);
        }
        peer_connect(&p.from, &p.to, turn % 2 == 0 ? 32768 : 16384, &p.outlet);
        assert_int_equal(weiss_outlet_send(&p.outlet, 1, "x", 1, NULL, 0, NULL), 0);
        sent++;
        for (int i = 0; i < 20; i++)
            poll_counting(&p.to, count);
        assert_int_equal(count[slot], sent);
        assert_int_equal(p.to.mailbox.rejections, 0);
    }
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_arrives),
        cmocka_unit_test(full_rings_go_on),
        cmocka_unit_test(every_fit_at_the_end_of_a_ring),
        cmocka_unit_test(chunks_of_all_sizes),
        cmocka_unit_test(a_full_ring_leaves_the_chunk_with_the_caller),
        cmocka_unit_test(numbers_wrap_and_old_records_do_not_come_back),
        cmocka_unit_test(more_senders_than_are_polled),
        cmocka_unit_test(a_demoted_ring_is_not_forgotten),
        cmocka_unit_test(callbacks_may_poll),
        cmocka_unit_test(a_departed_sender_does_not_disturb),
        cmocka_unit_test(a_new_ring_follows_the_old_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
