/* An enemy in the region: one who only sees it, and one who is a peer and knows the key. Each trick is met by an error that
 * says what was found, or by nothing at all; never by a wrong message. */
#include "arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES ((size_t)1 << 20)
#define BLOCK WEISS_RING_BLOCK_MIN
#define DATA (BLOCK - WEISS_RING_ENDS)

typedef struct scene {
    arena a;
    peer from, to;
    weiss_outlet outlet;
    uint32_t seen;
    uint8_t last[16]; /* begin of the last message */
} scene;

static scene s;

static int setup(void **state)
{
    (void)state;
    memset(&s, 0, sizeof s);
    s.a = arena_make(BYTES);
    peer_join(&s.from, &s.a, NULL, NULL, false);
    peer_join(&s.to, &s.a, NULL, NULL, false);
    peer_connect(&s.from, &s.to, BLOCK, &s.outlet);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    weiss_outlet_close(&s.outlet);
    peer_leave(&s.from);
    peer_leave(&s.to);
    arena_free(&s.a);
    return 0;
}

static void note(void *self, const weiss_message *message)
{
    (void)self;
    s.seen++;
    memset(s.last, 0, sizeof s.last);
    memcpy(s.last, message->head, message->head_bytes < sizeof s.last ? message->head_bytes : sizeof s.last);
    for (size_t i = 0; i < message->body_bytes; i++) /* each byte can be read */
        s.last[15] ^= message->body[i];
}

static int poll_mailbox(weiss_fault *fault)
{
    return weiss_mailbox_poll(&s.to.mailbox, note, NULL, fault);
}

static void send_text(const char *text)
{
    assert_int_equal(weiss_outlet_send(&s.outlet, 1, text, strlen(text), NULL, 0, NULL), 0);
}

static void exchange(const char *text)
{
    send_text(text);
    assert_int_equal(poll_mailbox(NULL), 1);
    assert_memory_equal(s.last, text, strlen(text));
}

/* The next poll refuses what it finds, and so does each later one; nothing is delivered. */
static void refused(const char *word)
{
    uint32_t before = s.seen;
    for (int i = 0; i < 3; i++) {
        weiss_fault fault = {0};
        assert_int_equal(poll_mailbox(&fault), WEISS_ERR_REGION);
        if (strstr(fault.text, word) == NULL || strstr(fault.text, "slot 0") == NULL)
            fail_msg("expected \"%s\" and \"slot 0\" in \"%s\"", word, fault.text);
    }
    assert_int_equal(s.seen, before);
}

/* What lies there is no record: it is not delivered, and no error either, as nothing was said to be there. */
static void ignored(void)
{
    uint32_t before = s.seen;
    weiss_fault fault = {0};
    for (int i = 0; i < 3; i++)
        if (poll_mailbox(&fault) != 0)
            fail_msg("delivered, or: %s", fault.text);
    assert_int_equal(s.seen, before);
}

/* A record of an enemy who is a peer: its seal is right. */
typedef struct forged {
    uint64_t word[16];
} forged;

static uint64_t next_number(void)
{
    return s.outlet.sealer.number;
}

static uint64_t word_of(uint64_t number, uint64_t kind, uint64_t length)
{
    return length | UINT64_C(7) << 24 | kind << 32 | (number & WEISS_RECORD_NUMBER_MASK) << 36;
}

static void place(forged *f, size_t sealed)
{
    f->word[1] = weiss_sealer_seal(&s.outlet.sealer, f->word[0], f->word + 2, (sealed + 7) / 8);
    memcpy(s.outlet.data + s.outlet.position + 8, f->word + 1, sizeof f->word - 8);
    atomic_store((_Atomic uint64_t *)(s.outlet.data + s.outlet.position), f->word[0]);
}

static void records_of_a_wrong_kind_or_number(void **state)
{
    (void)state;
    exchange("first");
    for (uint64_t kind = 0; kind < 16; kind++) {
        forged f = {{word_of(next_number(), kind, 8), 0, 42}};
        if (kind == WEISS_RECORD_INLINE || kind == WEISS_RECORD_BULK || kind == WEISS_RECORD_SKIP)
            continue;
        place(&f, 8);
        ignored();
    }
    for (uint64_t off = 1; off < WEISS_RECORD_NUMBER_MASK; off = 3 * off) {
        forged f = {{word_of(next_number() + off, WEISS_RECORD_INLINE, 8), 0, 42}};
        place(&f, 8);
        ignored();
    }
    forged f = {{word_of(next_number(), WEISS_RECORD_INLINE, 8), 0, 42}}; /* that these tests can fail */
    place(&f, 8);
    assert_int_equal(poll_mailbox(NULL), 1);
    assert_int_equal(s.last[0], 42);
}

static void records_that_are_longer_than_their_ring(void **state)
{
    (void)state;
    exchange("first");
    exchange("second");
    const uint64_t longest = DATA - s.outlet.position - WEISS_RECORD_HEADER;
    const uint64_t lengths[] = {longest + 1, DATA, DATA + 1, 65536, WEISS_RECORD_LENGTH_MAX};
    for (uint64_t kind = WEISS_RECORD_INLINE; kind <= WEISS_RECORD_SKIP; kind++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            forged f = {{word_of(next_number(), kind, lengths[i]), 0, 1, 2}};
            place(&f, kind == WEISS_RECORD_SKIP ? 0 : WEISS_SEALED);
            ignored();
        }
    forged f = {{word_of(next_number(), WEISS_RECORD_INLINE, longest), 0, 77}}; /* as long as can be */
    place(&f, WEISS_SEALED);
    assert_int_equal(poll_mailbox(NULL), 1);
    assert_int_equal(s.last[0], 77);
}

static void chunks_outside_of_the_heap(void **state)
{
    (void)state;
    const uint64_t heap = s.to.region.heap;
    const uint64_t wrong[][2] = {{0, 1},
                                 {heap - 1, 1},
                                 {heap - 64, 128},
                                 {BYTES, 1},
                                 {BYTES - 64, 65},
                                 {BYTES + 1, 0},
                                 {heap, BYTES - heap + 1},
                                 {heap, UINT64_MAX},
                                 {heap, UINT64_MAX - heap + 1},
                                 {BYTES - 1, UINT64_MAX - BYTES + 2},
                                 {UINT64_MAX, 1},
                                 {UINT64_MAX - 63, 128},
                                 {UINT64_C(1) << 63, UINT64_C(1) << 63}};
    exchange("first");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        forged f = {{word_of(next_number(), WEISS_RECORD_BULK, 24), 0, wrong[i][0], wrong[i][1], 5}};
        place(&f, 24);
        refused("outside of the heap");
    }
    static const uint64_t lengths[] = {0, 1, 15, WEISS_SEALED + 1,
                                       1000}; /* no room for the place, or for the seal */
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        forged f = {{word_of(next_number(), WEISS_RECORD_BULK, lengths[i]), 0, heap, 16}};
        place(&f, lengths[i] < WEISS_SEALED ? lengths[i] : WEISS_SEALED);
        refused("outside of the heap");
    }
    forged f = {{word_of(next_number(), WEISS_RECORD_BULK, 24), 0, heap, BYTES - heap,
                 5}}; /* all of it may be told */
    place(&f, 24);
    assert_int_equal(poll_mailbox(NULL), 1);
    assert_int_equal(s.last[0], 5);
}

/* Skip records up to the end of a ring, and around it: nothing is delivered, and nothing is read twice. */
static void nothing_but_skips(void **state)
{
    (void)state;
    exchange("first");
    weiss_sealer sealer = s.outlet.sealer;
    for (uint64_t at = s.outlet.position; at + WEISS_RECORD_HEADER <= DATA; at += WEISS_RECORD_HEADER) {
        uint64_t word[2] = {word_of(sealer.number, WEISS_RECORD_SKIP, 0)};
        word[1] = weiss_sealer_seal(&sealer, word[0], NULL, 0);
        memcpy(s.outlet.data + at, word, sizeof word);
        weiss_sealer_step(&sealer);
    }
    ignored();
    weiss_inlet *inlet = s.to.mailbox.inlet[s.from.member.slot];
    assert_true(inlet->position == 0 && inlet->sealer.number == sealer.number);
}

/* Bytes of an earlier message, or of an enemy, that look like the begin of the next record: no error, however long nothing
 * comes, and the next record is taken. */
static void what_nobody_sent_is_no_error(void **state)
{
    (void)state;
    exchange("first");
    forged f = {{word_of(next_number(), WEISS_RECORD_INLINE, 8), 0, 42}};
    place(&f, 8);
    s.outlet.data[s.outlet.position + 8] ^= 1; /* of its seal */
    weiss_fault fault = {0};
    for (int i = 0; i < 50; i++)
        if (weiss_mailbox_tick(&s.to.mailbox, note, NULL, &fault) != 0)
            fail_msg("%s", fault.text);
    exchange("second");
}

/* What an enemy without the key can do to a record: each bit of what is sealed. */
static void every_sealed_bit_counts(void **state)
{
    (void)state;
    uint8_t data[200];
    arena_fill(data, sizeof data, 3);
    exchange("first");
    uint8_t *record = s.outlet.data + s.outlet.position;
    assert_int_equal(weiss_outlet_send(&s.outlet, 1, data, sizeof data, NULL, 0, NULL), 0);
    for (size_t bit = 0; bit < 8 * (WEISS_RECORD_HEADER + WEISS_SEALED); bit++) {
        record[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ignored();
        record[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(poll_mailbox(NULL), 1);
    assert_int_equal(s.seen, 2);
}

static void records_that_come_again_or_from_another_ring(void **state)
{
    (void)state;
    uint64_t record[3]; /* of five bytes */
    assert_int_equal(WEISS_RECORD_BYTES(5), sizeof record);
    exchange("first");
    memcpy(record, s.outlet.data, sizeof record);
    uint8_t *next = s.outlet.data + s.outlet.position;
    memcpy(next, record, sizeof record); /* again */
    ignored();
    record[0] = word_of(next_number(), WEISS_RECORD_INLINE, 5) |
                UINT64_C(1) << 24; /* with the number that is expected */
    memcpy(next, record, sizeof record);
    ignored();
    /* Another sender to the same receiver: the key is the same, the nonce another one. */
    static peer third;
    weiss_outlet other;
    peer_join(&third, &s.a, NULL, NULL, false);
    peer_connect(&third, &s.to, BLOCK, &other);
    weiss_sealer_start(&other.sealer, other.sealer.begun, next_number()); /* as if it had sent as much */
    assert_int_equal(weiss_outlet_send(&other, 1, "abcde", 5, NULL, 0, NULL), 0);
    memcpy(next, other.data, sizeof record);
    ignored();
    exchange("second");
    weiss_outlet_close(&other);
    peer_leave(&third);
}

/* Looks at all rings some times. @return the first error */
static int ticks(int count, weiss_fault *fault)
{
    int code = 0;
    for (int i = 0; i < count && code >= 0; i++) {
        weiss_outlet_tick(&s.outlet);
        code = weiss_mailbox_tick(&s.to.mailbox, note, NULL, fault);
    }
    return code < 0 ? code : 0;
}

static _Atomic uint64_t *entry_of_sender(void)
{
    return weiss_region_directory(&s.to.region, s.to.member.slot, s.from.member.slot);
}

static void rings_that_are_none(void **state)
{
    (void)state;
    const uint64_t heap = s.to.region.heap, entry = s.outlet.entry;
    exchange("first");
    static const uint64_t low[] = {0, 1, 0xffffff};
    for (uint64_t at = 0; at < BYTES + 8192; at += 256) /* anywhere, and beyond */
        for (size_t i = 0; i < sizeof low / sizeof *low; i++) {
            atomic_store(entry_of_sender(), WEISS_DIRECTORY_ENTRY(at, low[i]));
            assert_int_equal(weiss_mailbox_tick(&s.to.mailbox, note, NULL, NULL), 0);
        }
    static const uint64_t far[] = {UINT64_MAX, UINT64_C(1) << 63, UINT64_C(1) << 40};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        atomic_store(entry_of_sender(), far[i]);
        assert_int_equal(weiss_mailbox_tick(&s.to.mailbox, note, NULL, NULL), 0);
    }
    assert_true(s.to.mailbox.rejections > 100 && strlen(s.to.mailbox.rejected.text) > 20);
    atomic_store(entry_of_sender(), entry);
    exchange("second"); /* the ring that is known was not given up */
    /* A whole ring, announced in due form, by somebody who does not know the key; and with absurd sizes. */
    weiss_layout_ring *ring = (weiss_layout_ring *)(s.a.base + BYTES - BLOCK);
    static const uint64_t blocks[] = {0,     256,    BLOCK,      BLOCK + 1,       2 * BLOCK,
                                      65536, 131072, UINT64_MAX, UINT64_MAX - 255};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        uint64_t before = s.to.mailbox.rejections;
        ring->birth = s.outlet.birth;
        ring->birth.block = blocks[i];
        ring->birth.order = 99;
        ring->birth.seal = arena_random(&before);
        before = s.to.mailbox.rejections;
        atomic_store(entry_of_sender(), WEISS_DIRECTORY_ENTRY(BYTES - BLOCK, ring->birth.nonce));
        assert_int_equal(weiss_mailbox_tick(&s.to.mailbox, note, NULL, NULL), 0);
        assert_int_equal(s.to.mailbox.rejections, before + 1);
    }
    /* The ring itself, moved: the seal holds its place. */
    memcpy(s.a.base + heap + BLOCK * 8, s.a.base + s.outlet.offset, BLOCK);
    atomic_store(entry_of_sender(), WEISS_DIRECTORY_ENTRY(heap + BLOCK * 8, s.outlet.birth.nonce));
    assert_int_equal(weiss_mailbox_tick(&s.to.mailbox, note, NULL, NULL), 0);
    assert_int_equal(s.seen, 2);
    atomic_store(entry_of_sender(), entry);
    exchange("third");
}

/* An enemy points the directory back to a ring that was read and given up. */
static void a_ring_that_was_read_does_not_come_again(void **state)
{
    (void)state;
    uint64_t old = s.outlet.entry;
    exchange("first");
    weiss_outlet_close(&s.outlet);
    peer_connect(&s.from, &s.to, BLOCK, &s.outlet);
    exchange("second");
    atomic_store(entry_of_sender(), old);
    assert_int_equal(ticks(3, NULL), 0);
    assert_int_equal(s.seen, 2);
    assert_non_null(strstr(s.to.mailbox.rejected.text, "had before"));
    exchange("third"); /* by the ring that is polled */
}

static void impossible_tails(void **state)
{
    (void)state;
    exchange("first");
    exchange("second");
    assert_true(weiss_outlet_drained(&s.outlet)); /* it has seen all consumed */
    const uint64_t all = s.outlet.head;
    const uint64_t tails[] = {0, 8, all - 1, all + 1, all + 64, UINT64_MAX, UINT64_C(1) << 63};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        weiss_fault fault = {0};
        weiss_outlet o = s.outlet;
        weiss_pool pool = {.member = &s.from.member};
        atomic_store(&s.outlet.ring->tail, tails[i]);
        o.flights = 1; /* a reason to look */
        assert_int_equal(weiss_outlet_reclaim(&o, &pool, &fault), WEISS_ERR_REGION);
        assert_non_null(strstr(fault.text, "says it has consumed"));
    }
    atomic_store(&s.outlet.ring->tail, all);
    /* A sender that fills its ring finds it too. */
    int code;
    weiss_fault fault = {0};
    atomic_store(&s.outlet.ring->tail, 1 << 20);
    while ((code = weiss_outlet_send(&s.outlet, 1, "x", 1, NULL, 0, &fault)) == 0)
        ;
    assert_int_equal(code, WEISS_ERR_REGION);
    /* The receiver repairs what it alone writes. */
    atomic_store(&s.outlet.ring->tail, 0);
    assert_int_equal(ticks(1, NULL), 0);
    while (poll_mailbox(NULL) > 0)
        ;
    assert_int_equal(ticks(1, NULL), 0);
    assert_true(weiss_outlet_drained(&s.outlet));
}

/* A tail that is ahead of what was read, but not impossible: the sender writes over it, and the receiver finds out. */
static void a_tail_that_lies(void **state)
{
    (void)state;
    uint8_t data[100];
    memset(data, 0xee, sizeof data);
    exchange("first");
    while (weiss_outlet_send(&s.outlet, 1, data, sizeof data, NULL, 0, NULL) == 0)
        ;
    atomic_store(&s.outlet.ring->tail, s.outlet.head);
    for (int i = 0; i < 5; i++)
        assert_int_equal(weiss_outlet_send(&s.outlet, 1, data, sizeof data, NULL, 0, NULL), 0);
    weiss_fault fault = {0};
    assert_int_equal(ticks(15, &fault), WEISS_ERR_REGION);
    assert_non_null(strstr(fault.text, "is not there"));
    assert_int_equal(s.seen, 1);
}

static void a_record_that_vanishes_is_missed(void **state)
{
    (void)state;
    exchange("first");
    uint8_t *record = s.outlet.data + s.outlet.position;
    send_text("second");
    memset(record, 0, 16);
    weiss_fault fault = {0};
    assert_int_equal(poll_mailbox(NULL), 0);
    assert_int_equal(ticks(5, &fault), 0); /* it may still be on its way */
    assert_int_equal(ticks(10, &fault), WEISS_ERR_REGION);
    assert_non_null(strstr(fault.text, "is not there"));
}

/* What the sender can repeat is repeated: announcement, birth, and what the receiver says about polling. */
static void what_can_be_repaired_is(void **state)
{
    (void)state;
    send_text("first");
    atomic_store(entry_of_sender(), 0);
    atomic_store(&s.to.member.shared->dirty[0], 0);
    assert_int_equal(poll_mailbox(NULL), 0);
    assert_int_equal(ticks(1, NULL), 0);
    assert_int_equal(s.seen, 1);
    teardown(NULL);
    setup(NULL);
    send_text("first");
    memset(&s.outlet.ring->birth, 0xff, sizeof s.outlet.ring->birth);
    assert_int_equal(poll_mailbox(NULL), 0);
    assert_int_equal(ticks(1, NULL), 0);
    assert_int_equal(s.seen, 1);
    teardown(NULL);
    setup(NULL);
    atomic_store(&s.outlet.ring->polled, 1); /* then it does not tell */
    send_text("first");
    assert_int_equal(poll_mailbox(NULL), 0);
    assert_int_equal(ticks(1, NULL), 0);
    assert_int_equal(s.seen, 1);
}

static void bits_for_nobody(void **state)
{
    (void)state;
    for (int word = 0; word < WEISS_SLOTS_MAX / 64; word++)
        atomic_store(&s.to.member.shared->dirty[word], UINT64_MAX);
    assert_int_equal(poll_mailbox(NULL), 0);
    exchange("first");
}

static void owners_that_do_not_exist(void **state)
{
    (void)state;
    uint64_t offset, rng = 1;
    const weiss_region *region = &s.from.region;
    for (uint32_t i = 0; i < region->granules; i++)
        atomic_store(weiss_region_owner(region, i), UINT64_C(1) << 40 | (i % 2 == 0 ? 0 : 500 + i));
    weiss_fault fault = {0};
    assert_int_equal(weiss_member_allocate(&s.to.member, 65536, &offset, &fault), WEISS_ERR_REGION);
    assert_non_null(strstr(fault.text, "0 of"));
    for (int round = 0; round < 20000; round++) {
        atomic_store(weiss_region_owner(region, (uint32_t)arena_below(&rng, region->granules)),
                     arena_below(&rng, 2) == 0 ? arena_random(&rng) : arena_below(&rng, 20));
        uint64_t bytes = 1 + arena_below(&rng, 300000);
        if (weiss_member_allocate(&s.to.member, bytes, &offset, NULL) != 0)
            continue;
        assert_true(weiss_region_in_heap(region, offset, bytes) && offset % 4096 == 0);
        weiss_member_free(&s.to.member, offset, bytes);
    }
}

/* A claim that changes under a living member: it is told, the others see it as gone. */
static void a_slot_that_is_lost(void **state)
{
    (void)state;
    exchange("first");
    _Atomic uint64_t *claim = &s.to.member.shared->claim;
    uint64_t held = atomic_load(claim);
    const uint64_t words[] = {0, held & ~WEISS_CLAIM_TAKEN, held + (UINT64_C(1) << 32), UINT64_MAX};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        weiss_fault fault = {0};
        atomic_store(claim, words[i]);
        assert_int_equal(ticks(1, &fault), WEISS_ERR_REGION);
        assert_non_null(strstr(fault.text, "lost its slot 1"));
    }
    atomic_store(claim, held);
    exchange("second");
    /* Of the sender: what it sent still arrives as long as it is whole; what is not is its heir's, and no error. */
    claim = &s.from.member.shared->claim;
    held = atomic_load(claim);
    send_text("third");
    uint8_t *record = s.outlet.data + s.outlet.position;
    send_text("fourth");
    record[WEISS_RECORD_HEADER] ^= 1;
    atomic_store(claim, 0);
    assert_int_equal(poll_mailbox(NULL), 1);
    assert_int_equal(poll_mailbox(NULL), 0);
    assert_int_equal(ticks(20, NULL), 0);
    /* It was an enemy, and the sender is there again: the error is found. */
    atomic_store(claim, held);
    weiss_fault fault = {0};
    assert_int_equal(ticks(12, &fault), WEISS_ERR_REGION);
    assert_non_null(strstr(fault.text, "wrong seal"));
}

/* A sender tells a ring of its own to who holds the receiver's slot now: no error, no warning, no message. */
static void a_ring_for_an_earlier_holder(void **state)
{
    (void)state;
    send_text("for somebody else");
    peer_leave(&s.to);
    peer_join(&s.to, &s.a, NULL, NULL, false);
    atomic_store(entry_of_sender(), s.outlet.entry);
    s.to.member.shared->dirty[0] = 1;
    assert_int_equal(poll_mailbox(NULL), 0);
    assert_int_equal(ticks(3, NULL), 0);
    assert_true(s.seen == 0 && s.to.mailbox.rejections == 0);
}

static void a_peer_of_another_region(void **state)
{
    (void)state;
    weiss_outlet outlet;
    weiss_fault fault = {0};
    weiss_address address = weiss_member_address(&s.to.member);
    address.slot = s.to.region.slots;
    assert_int_equal(weiss_outlet_open(&s.from.member, &address, BLOCK, &outlet, &fault), WEISS_ERR_REGION);
    address = weiss_member_address(&s.to.member);
    address.group[3] ^= 1;
    assert_int_equal(weiss_outlet_open(&s.from.member, &address, BLOCK, &outlet, &fault), WEISS_ERR_REGION);
    assert_non_null(strstr(fault.text, "another region"));
}

#define WITH_SCENE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(records_of_a_wrong_kind_or_number),
        WITH_SCENE(records_that_are_longer_than_their_ring),
        WITH_SCENE(chunks_outside_of_the_heap),
        WITH_SCENE(nothing_but_skips),
        WITH_SCENE(what_nobody_sent_is_no_error),
        WITH_SCENE(every_sealed_bit_counts),
        WITH_SCENE(records_that_come_again_or_from_another_ring),
        WITH_SCENE(rings_that_are_none),
        WITH_SCENE(a_ring_that_was_read_does_not_come_again),
        WITH_SCENE(impossible_tails),
        WITH_SCENE(a_tail_that_lies),
        WITH_SCENE(a_record_that_vanishes_is_missed),
        WITH_SCENE(what_can_be_repaired_is),
        WITH_SCENE(bits_for_nobody),
        WITH_SCENE(owners_that_do_not_exist),
        WITH_SCENE(a_slot_that_is_lost),
        WITH_SCENE(a_ring_for_an_earlier_holder),
        WITH_SCENE(a_peer_of_another_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
