/* Members: who has a slot, who loses it, and the memory of the heap that goes with it. */
#include "arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)
#define SLOTS 16

static const weiss_identity somebody = {.job = 7, .rank = 3, .label = "somebody"};

static arena make_region(size_t bytes, uint32_t slots, weiss_region *region)
{
    arena a = arena_make(bytes);
    weiss_fault fault = {0};
    assert_int_equal(
        weiss_region_attach(a.base, a.bytes, &(weiss_region_shape){.slots = slots}, region, &fault), 0);
    return a;
}

static void join(const weiss_region *region, weiss_member *member)
{
    weiss_fault fault = {0};
    if (weiss_member_join(region, NULL, &somebody, 10, member, &fault) != 0)
        fail_msg("%s", fault.text);
}

static uint64_t allocate(weiss_member *member, uint64_t bytes)
{
    uint64_t offset;
    weiss_fault fault = {0};
    if (weiss_member_allocate(member, bytes, &offset, &fault) != 0)
        fail_msg("%s", fault.text);
    assert_true(weiss_region_in_heap(member->region, offset, bytes));
    assert_int_equal(offset % WEISS_RING_BLOCK_MIN, 0);
    return offset;
}

static void a_slot_tells_who_has_it(void **state)
{
    (void)state;
    weiss_region region;
    weiss_member member;
    char long_label[200];
    arena a = make_region(MIB, SLOTS, &region);
    memset(long_label, 'x', sizeof long_label - 1);
    long_label[sizeof long_label - 1] = '\0';
    weiss_identity who = {.job = 5, .rank = 6, .label = long_label};
    assert_int_equal(weiss_member_join(&region, NULL, &who, 10, &member, NULL), 0);
    assert_true(member.shared->job == 5 && member.shared->rank == 6);
    assert_int_equal(strlen(member.shared->label), WEISS_LABEL_BYTES - 1);
    weiss_address address = weiss_member_address(&member);
    assert_true(weiss_peer_present(&region, address.slot, address.generation));
    weiss_member_leave(&member);
    assert_false(weiss_peer_present(&region, address.slot, address.generation));
    weiss_member_leave(&member); /* does nothing */
    join(&region, &member);
    assert_int_equal(member.slot, address.slot);
    assert_int_equal(member.generation, address.generation + 1);
    assert_true(memcmp(&member.key, &address.key, sizeof member.key) != 0);
    weiss_member_leave(&member);
    arena_free(&a);
}

/* Lets all members but one show that they live. */
typedef struct beating {
    weiss_member *member;
    int count, silent;
    _Atomic bool stop;
} beating;

static void *beat(void *self)
{
    beating *b = self;
    while (!atomic_load(&b->stop)) {
        for (int i = 0; i < b->count; i++)
            if (i != b->silent)
                weiss_member_beat(b->member + i);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return NULL;
}

static void the_living_keep_their_slots(void **state)
{
    (void)state;
    weiss_region region;
    static weiss_member member[SLOTS];
    weiss_member late;
    weiss_fault fault = {0};
    arena a = make_region(MIB, SLOTS, &region);
    for (int i = 0; i < SLOTS; i++) {
        join(&region, member + i);
        assert_int_equal(member[i].slot, i);
    }
    pthread_t thread;
    beating b = {.member = member, .count = SLOTS, .silent = -1};
    assert_int_equal(pthread_create(&thread, NULL, beat, &b), 0);
    assert_int_equal(weiss_member_join(&region, NULL, &somebody, 1000, &late, &fault), WEISS_ERR_REGION);
    assert_non_null(strstr(fault.text, "all 16 places"));
    for (int i = 0; i < SLOTS; i++)
        assert_true(weiss_peer_present(&region, member[i].slot, member[i].generation));
    atomic_store(&b.stop, true);
    pthread_join(thread, NULL);
    for (int i = 0; i < SLOTS; i++)
        weiss_member_leave(member + i);
    arena_free(&a);
}

static void the_dead_lose_slot_and_memory(void **state)
{
    (void)state;
    weiss_region region;
    static weiss_member member[SLOTS];
    weiss_member late;
    arena a = make_region(4 * MIB, SLOTS, &region);
    for (int i = 0; i < SLOTS; i++)
        join(&region, member + i);
    enum { DEAD = 11 };
    uint64_t his = allocate(member + DEAD, 1 << 20);
    uint32_t left = weiss_member_free_granules(member);
    member[DEAD].shared->window[2].id = 99;
    member[DEAD].shared->dirty[0] = 3;
    atomic_store(weiss_region_directory(&region, DEAD, 4), 1234);
    pthread_t thread;
    beating b = {.member = member, .count = SLOTS, .silent = DEAD};
    assert_int_equal(pthread_create(&thread, NULL, beat, &b), 0);
    assert_int_equal(weiss_member_join(&region, NULL, &somebody, 1000, &late, NULL), 0);
    assert_int_equal(late.slot, DEAD);
    assert_int_equal(late.generation, member[DEAD].generation + 1);
    assert_false(weiss_peer_present(&region, DEAD, member[DEAD].generation));
    assert_true(weiss_member_free_granules(member) > left);
    assert_true(late.shared->window[2].id == 0 && late.shared->dirty[0] == 0);
    assert_true(atomic_load(weiss_region_directory(&region, DEAD, 4)) == 0);
    bool again = false; /* what he had can be had */
    for (uint64_t offset; weiss_member_allocate(&late, 4096, &offset, NULL) == 0;)
        again = again || offset == his;
    assert_true(again);
    /* The dead one comes back to life and leaves: that does not touch its successor. */
    weiss_member_leave(member + DEAD);
    assert_true(weiss_peer_present(&region, DEAD, late.generation));
    atomic_store(&b.stop, true);
    pthread_join(thread, NULL);
    for (int i = 0; i < SLOTS; i++)
        if (i != DEAD)
            weiss_member_leave(member + i);
    weiss_member_leave(&late);
    arena_free(&a);
}

static void join_and_leave(void *self, int number)
{
    weiss_region region;
    arena *a = self;
    uint64_t seed = (uint64_t)number;
    _Atomic uint32_t *holder =
        (_Atomic uint32_t *)(a->base + a->bytes - 4096); /* of each slot, behind the region */
    INSIST(weiss_region_attach(a->base, a->bytes - 4096, NULL, &region, NULL) == 0);
    for (int i = 0; i < ARENA_TIMES(4000); i++) {
        weiss_member member;
        INSIST(weiss_member_join(&region, NULL, &somebody, 1000, &member, NULL) == 0);
        INSIST(atomic_exchange(holder + member.slot, (uint32_t)number + 1) == 0);
        for (uint64_t n = arena_below(&seed, 20); n > 0; n--)
            weiss_member_beat(&member);
        INSIST(atomic_exchange(holder + member.slot, 0) == (uint32_t)number + 1);
        weiss_member_leave(&member);
    }
}

static void one_slot_one_holder(void **state)
{
    (void)state;
    weiss_region region;
    pid_t child[8];
    arena a = arena_make(MIB + 4096);
    assert_int_equal(weiss_region_attach(a.base, MIB, NULL, &region, NULL), 0);
    for (int i = 0; i < 8; i++)
        child[i] = arena_fork(join_and_leave, &a, i);
    for (int i = 0; i < 8; i++)
        arena_wait(child[i]);
    arena_free(&a);
}

static void all_512_slots(void **state)
{
    (void)state;
    weiss_region region;
    static weiss_member member[WEISS_SLOTS_MAX];
    weiss_member late;
    weiss_fault fault = {0};
    arena a = make_region(64 * MIB, WEISS_SLOTS_MAX, &region);
    for (int i = 0; i < WEISS_SLOTS_MAX; i++) {
        join(&region, member + i);
        assert_int_equal(member[i].slot, i);
        allocate(member + i, 4096);
    }
    pthread_t thread;
    beating b = {.member = member, .count = WEISS_SLOTS_MAX, .silent = -1};
    assert_int_equal(pthread_create(&thread, NULL, beat, &b), 0);
    assert_int_equal(weiss_member_join(&region, NULL, &somebody, 500, &late, &fault), WEISS_ERR_REGION);
    assert_non_null(strstr(fault.text, "512"));
    atomic_store(&b.stop, true);
    pthread_join(thread, NULL);
    for (int i = 0; i < WEISS_SLOTS_MAX; i++)
        weiss_member_leave(member + i);
    join(&region, &late);
    assert_int_equal(weiss_member_free_granules(&late), region.granules);
    weiss_member_leave(&late);
    arena_free(&a);
}

static void all_of_the_heap_can_be_had(void **state)
{
    (void)state;
    weiss_region region;
    weiss_member member, other;
    weiss_fault fault = {0};
    arena a = make_region(4 * MIB, SLOTS, &region);
    join(&region, &other);
    static const uint64_t sizes[] = {4096, 5000, 16384, 65536, 40000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t offset, block = 4096, count = 0;
        while (block < sizes[i])
            block *= 2;
        join(&region, &member);
        assert_int_equal(weiss_member_free_granules(&member), region.granules);
        while (weiss_member_allocate(&member, sizes[i], &offset, &fault) == 0)
            count++;
        assert_non_null(strstr(fault.text, "pieces are free"));
        weiss_fault_clear(&fault);
        if (block <= region.granule_bytes)
            assert_int_equal(count, region.granules * (region.granule_bytes / block));
        else /* what is left at either end of the heap and where the search began */
            assert_true(count >= region.granules * region.granule_bytes / block - 2);
        /* No more granules are held than blocks need. */
        uint64_t pieces =
            block <= region.granule_bytes ? region.granules : count * (block / region.granule_bytes);
        assert_int_equal(weiss_member_free_granules(&other), region.granules - pieces);
        weiss_member_leave(&member);
        assert_int_equal(weiss_member_free_granules(&other), region.granules);
    }
    weiss_member_leave(&other);
    arena_free(&a);
}

/* A run of pieces that does not fit at the end of the heap is looked for elsewhere, and what was tried is given back. */
static void nothing_is_lost_at_the_end_of_the_heap(void **state)
{
    (void)state;
    weiss_region region;
    weiss_member member;
    arena a = make_region(4 * MIB, SLOTS, &region);
    join(&region, &member);
    for (uint32_t hint = 0; hint < region.granules; hint++) {
        uint64_t offset;
        member.granule_hint = hint;
        assert_int_equal(weiss_member_allocate(&member, 1 << 20, &offset, NULL), 0);
        assert_int_equal(weiss_member_free_granules(&member),
                         region.granules - (1 << 20) / region.granule_bytes);
        /* What is in the way of a run is not its end, and a failure leaves nothing behind. */
        uint32_t left = weiss_member_free_granules(&member);
        member.granule_hint = hint;
        weiss_fault fault = {0};
        if (weiss_member_allocate(&member, 4 << 20, &offset, &fault) == 0)
            fail_msg("more than there is");
        assert_int_equal(weiss_member_free_granules(&member), left);
        weiss_member_leave(&member);
        join(&region, &member);
    }
    weiss_member_leave(&member);
    arena_free(&a);
}

static void blocks_larger_than_any_class(void **state)
{
    (void)state;
    weiss_region region;
    weiss_member member;
    weiss_fault fault = {0};
    uint64_t offset, large = 300 * MIB + 5;
    arena a = make_region(1024 * MIB, SLOTS, &region);
    uint64_t pieces = (large + region.granule_bytes - 1) / region.granule_bytes;
    join(&region, &member);
    for (int i = 0; i < 20; i++) {
        uint64_t one = allocate(&member, large), two = allocate(&member, large);
        assert_true(one + large <= two || two + large <= one);
        assert_int_equal(weiss_member_free_granules(&member), region.granules - 2 * pieces);
        weiss_member_free(&member, one, large);
        weiss_member_free(&member, two, large);
        assert_int_equal(weiss_member_free_granules(&member), region.granules);
        member.granule_hint = (uint32_t)(i * 97) % region.granules;
    }
    static const uint64_t absurd[] = {UINT64_MAX,        UINT64_MAX - 4095,
                                      UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1,
                                      UINT64_C(1) << 40, (UINT64_C(1) << 30) + 1};
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        weiss_fault_clear(&fault);
        assert_int_equal(weiss_member_allocate(&member, absurd[i], &offset, &fault), WEISS_ERR_REGION);
        assert_int_equal(weiss_member_free_granules(&member), region.granules);
    }
    weiss_member_leave(&member);
    arena_free(&a);
}

typedef struct block {
    uint64_t offset, bytes;
} block;

/* Random blocks of several members: each lies in the heap and no two share a byte. */
static void blocks_never_overlap(void **state)
{
    (void)state;
    enum { MEMBERS = 5, HELD = 40, UNIT = 4096 };
    weiss_region region;
    static weiss_member member[MEMBERS];
    static block held[MEMBERS][HELD];
    uint64_t seed = 4;
    arena a = make_region(8 * MIB, SLOTS, &region);
    uint8_t *taken = calloc(a.bytes / UNIT, 1);
    assert_non_null(taken);
    memset(held, 0, sizeof held);
    for (int i = 0; i < MEMBERS; i++)
        join(&region, member + i);
    for (int round = 0; round < 60000; round++) {
        uint64_t who = arena_below(&seed, MEMBERS);
        block *b = &held[who][arena_below(&seed, HELD)];
        if (arena_below(&seed, 3000) == 0) { /* leaves, with all that it has */
            weiss_member_leave(member + who);
            for (int i = 0; i < HELD; i++) {
                memset(taken + held[who][i].offset / UNIT, 0, (held[who][i].bytes + UNIT - 1) / UNIT);
                held[who][i].bytes = 0;
            }
            join(&region, member + who);
        } else if (b->bytes > 0) {
            memset(taken + b->offset / UNIT, 0, (b->bytes + UNIT - 1) / UNIT);
            weiss_member_free(member + who, b->offset, b->bytes);
            b->bytes = 0;
        } else {
            uint64_t bytes = 1 + arena_below(&seed, UINT64_C(1) << arena_below(&seed, 20));
            if (weiss_member_allocate(member + who, bytes, &b->offset, NULL) != 0)
                continue;
            b->bytes = bytes;
            assert_true(weiss_region_in_heap(&region, b->offset, bytes));
            for (uint64_t i = 0; i < (bytes + UNIT - 1) / UNIT; i++) {
                assert_int_equal(taken[b->offset / UNIT + i], 0);
                taken[b->offset / UNIT + i] = 1;
            }
        }
    }
    for (int i = 1; i < MEMBERS; i++)
        weiss_member_leave(member + i);
    weiss_member_leave(member);
    join(&region, member);
    assert_int_equal(weiss_member_free_granules(member), region.granules);
    weiss_member_leave(member);
    free(taken);
    arena_free(&a);
}

static void scramble(void *self, int number)
{
    arena *a = self;
    weiss_region region;
    uint64_t seed = (uint64_t)number;
    weiss_member member;
    block held[16] = {{0}};
    INSIST(weiss_region_attach(a->base, a->bytes, NULL, &region, NULL) == 0);
    INSIST(weiss_member_join(&region, NULL, &somebody, 1000, &member, NULL) == 0);
    for (int round = 0; round < ARENA_TIMES(40000); round++) {
        block *b = &held[arena_below(&seed, 16)];
        if (arena_below(&seed, 500) == 0) {
            weiss_member_leave(&member);
            memset(held, 0, sizeof held);
            INSIST(weiss_member_join(&region, NULL, &somebody, 1000, &member, NULL) == 0);
        } else if (b->bytes > 0) { /* still what was written there */
            uint64_t mine = (uint64_t)number << 32 | (b->offset & UINT32_MAX);
            INSIST(memcmp(region.base + b->offset, &mine, 8) == 0);
            INSIST(memcmp(region.base + b->offset + b->bytes - 8, &mine, 8) == 0);
            weiss_member_free(&member, b->offset, b->bytes);
            b->bytes = 0;
        } else {
            uint64_t bytes = 16 + 8 * arena_below(&seed, 20000);
            if (weiss_member_allocate(&member, bytes, &b->offset, NULL) != 0)
                continue;
            b->bytes = bytes;
            uint64_t mine = (uint64_t)number << 32 | (b->offset & UINT32_MAX);
            memcpy(region.base + b->offset, &mine, 8);
            memcpy(region.base + b->offset + bytes - 8, &mine, 8);
        }
    }
    weiss_member_leave(&member);
}

static void processes_share_the_heap(void **state)
{
    (void)state;
    weiss_region region;
    weiss_member member;
    pid_t child[4];
    arena a = make_region(4 * MIB, SLOTS, &region);
    for (int i = 0; i < 4; i++)
        child[i] = arena_fork(scramble, &a, i);
    for (int i = 0; i < 4; i++)
        arena_wait(child[i]);
    join(&region, &member);
    assert_int_equal(weiss_member_free_granules(&member), region.granules);
    weiss_member_leave(&member);
    arena_free(&a);
}

static void retired_blocks_wait_for_their_reader(void **state)
{
    (void)state;
    weiss_region region;
    weiss_member member, reader;
    uint64_t offset;
    arena a = make_region(MIB, SLOTS, &region);
    join(&region, &member);
    join(&region, &reader);
    uint64_t retired = allocate(&member, 4096);
    weiss_member_retire(&member, retired, 4096, reader.slot, reader.generation);
    while (weiss_member_allocate(&member, 4096, &offset, NULL) == 0)
        assert_true(offset != retired);
    weiss_member_leave(&reader);
    join(&region, &reader); /* in the same slot, but another one */
    assert_int_equal(weiss_member_allocate(&member, 4096, &offset, NULL), 0);
    assert_true(offset == retired);
    weiss_member_leave(&member);
    weiss_member_leave(&reader);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_tells_who_has_it),
        cmocka_unit_test(the_living_keep_their_slots),
        cmocka_unit_test(the_dead_lose_slot_and_memory),
        cmocka_unit_test(one_slot_one_holder),
        cmocka_unit_test(all_512_slots),
        cmocka_unit_test(all_of_the_heap_can_be_had),
        cmocka_unit_test(nothing_is_lost_at_the_end_of_the_heap),
        cmocka_unit_test(blocks_larger_than_any_class),
        cmocka_unit_test(blocks_never_overlap),
        cmocka_unit_test(processes_share_the_heap),
        cmocka_unit_test(retired_blocks_wait_for_their_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
