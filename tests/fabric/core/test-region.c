/* Regions: formatted once by whoever comes first, divided as asked, and refused when they are not what they say. */
#include "arena.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

static weiss_layout_header *header_of(const arena *a)
{
    return (weiss_layout_header *)a->base;
}

/* A region that can be used: its parts are in order and lie inside. */
static void check_geometry(const weiss_region *region, const arena *a)
{
    assert_true(region->base == a->base && region->bytes == a->bytes);
    assert_true(region->directory >= sizeof(weiss_layout_header) + region->slots * sizeof(weiss_layout_slot));
    assert_true(region->owners >= region->directory + (uint64_t)region->slots * region->slots * 8);
    assert_true(region->heap >= region->owners + (uint64_t)region->granules * 8);
    assert_true(region->heap + region->granules * region->granule_bytes <= region->bytes);
    assert_true(region->granules >= 2);
    assert_int_equal(region->heap % region->granule_bytes, 0);
    assert_int_equal(region->granule_bytes & (region->granule_bytes - 1), 0);
}

static void refused(const arena *a, const weiss_region_shape *shape, const char *word)
{
    weiss_region region;
    weiss_fault fault = {0};
    assert_int_equal(weiss_region_attach(a->base, a->bytes, shape, &region, &fault), WEISS_ERR_REGION);
    if (strstr(fault.text, word) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", word, fault.text);
}

static void shapes(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        weiss_region_shape shape;
        uint32_t slots;
        uint64_t granule;
    } cases[] = {
        {MIB, {0, 0}, 16, 16384},
        {64 * MIB, {0, 0}, 64, 32768},
        {1024 * MIB, {0, 0}, 512, 524288},
        {1024 * MIB, {2, 0}, 2, 524288},
        {64 * MIB, {512, 0}, 512, 32768},
        {64 * MIB, {3, 16384}, 3, 16384},
        {64 * MIB, {0, 1 << 20}, 64, MIB},
        {MIB + 4096, {2, 65536}, 2, 65536},
        {8192 * MIB, {511, 0}, 511, 4194304},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        arena a = arena_make(cases[i].bytes);
        weiss_region region, again;
        weiss_fault fault = {0};
        assert_int_equal(weiss_region_attach(a.base, a.bytes, &cases[i].shape, &region, &fault), 0);
        check_geometry(&region, &a);
        assert_int_equal(region.slots, cases[i].slots);
        assert_int_equal(region.granule_bytes, cases[i].granule);
        /* Who comes later gets what there is, whatever it asked for, also through a larger mapping. */
        assert_int_equal(
            weiss_region_attach(a.base, a.bytes, &(weiss_region_shape){7, 16384}, &again, &fault), 0);
        assert_memory_equal(&region, &again, sizeof region);
        assert_true(weiss_region_recognised(a.base, a.bytes));
        arena_free(&a);
    }
}

/* The largest region there may be is not divided into pieces that the allocator cannot cut. */
static void the_largest_region(void **state)
{
    (void)state;
    weiss_region region;
    weiss_fault fault = {0};
    weiss_identity who = {.label = ""};
    weiss_member member;
    uint64_t first, second;
    arena a = arena_make((size_t)WEISS_REGION_BYTES_MAX);
    assert_int_equal(weiss_region_attach(a.base, a.bytes, NULL, &region, &fault), 0);
    check_geometry(&region, &a);
    assert_int_equal(weiss_member_join(&region, NULL, &who, 10, &member, &fault), 0);
    assert_int_equal(weiss_member_allocate(&member, 4096, &first, &fault), 0);
    assert_int_equal(weiss_member_allocate(&member, 4096, &second, &fault), 0);
    assert_int_equal(weiss_member_free_granules(&member), region.granules - 1);
    weiss_member_leave(&member);
    arena_free(&a);
}

static void wrong_shapes_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        weiss_region_shape shape;
        const char *word;
    } cases[] = {
        {MIB - 4096, {0, 0}, "1 MiB"},
        {MIB, {1, 0}, "slots"},
        {MIB, {513, 0}, "slots"},
        {MIB, {UINT32_MAX, 0}, "slots"},
        {MIB, {0, 12345}, "power of two"},
        {MIB, {0, 24576}, "power of two"},
        {MIB, {0, 8192}, "power of two"},
        {MIB, {0, UINT64_C(1) << 63}, "power of two"},
        {MIB, {0, UINT64_MAX}, "power of two"},
        {MIB, {512, 0}, "too small"},
        {MIB, {0, MIB}, "too small"},
        {MIB, {0, MIB / 2}, "too small"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        arena a = arena_make(cases[i].bytes);
        weiss_region region;
        refused(&a, &cases[i].shape, cases[i].word);
        /* Nothing was left behind: somebody who asks for less gets it. */
        if (cases[i].bytes >= MIB)
            assert_int_equal(weiss_region_attach(a.base, a.bytes, NULL, &region, NULL), 0);
        arena_free(&a);
    }
}

/* What many processes share in the race to format. */
typedef struct race {
    arena a;
    _Atomic int arrived, left;
    _Atomic int round;
    uint8_t group[8][16];
} race;

#define RACERS 8
#define RACES ARENA_TIMES(2000)

static void run_race(void *self, int number)
{
    race *r = self;
    for (int round = 1; round <= RACES; round++) {
        weiss_region region;
        weiss_fault fault = {0};
        atomic_fetch_add(&r->arrived, 1);
        while (atomic_load(&r->round) < round)
            sched_yield();
        INSIST(weiss_region_attach(r->a.base, r->a.bytes, NULL, &region, &fault) == 0);
        memcpy(r->group[number], region.group, 16);
        atomic_fetch_add(&r->left, 1);
    }
}

static void many_format_at_once(void **state)
{
    (void)state;
    pid_t child[RACERS];
    arena shared = arena_make(4096);
    race *r = (race *)shared.base;
    r->a = arena_make(MIB);
    for (int i = 0; i < RACERS; i++)
        child[i] = arena_fork(run_race, r, i);
    for (int round = 1; round <= RACES; round++) {
        while (atomic_load(&r->arrived) < RACERS * round)
            sched_yield();
        memset(r->a.base, 0, sizeof(weiss_layout_header));
        atomic_store(&r->round, round);
        while (atomic_load(&r->left) < RACERS * round)
            sched_yield();
        for (int i = 1; i < RACERS; i++)
            assert_memory_equal(r->group[i], r->group[0], 16);
    }
    for (int i = 0; i < RACERS; i++)
        arena_wait(child[i]);
    arena_free(&r->a);
    arena_free(&shared);
}

static void attach_late(void *self, int number)
{
    race *r = self;
    weiss_region region;
    weiss_fault fault = {0};
    INSIST(weiss_region_attach(r->a.base, r->a.bytes, NULL, &region, &fault) == 0);
    memcpy(r->group[number], region.group, 16);
}

/* Its formatter died: one of those who wait takes over, and all agree. */
static void a_dead_formatter_is_replaced(void **state)
{
    (void)state;
    pid_t child[RACERS];
    arena shared = arena_make(4096);
    race *r = (race *)shared.base;
    r->a = arena_make(MIB);
    header_of(&r->a)->state = WEISS_REGION_FORMATTING;
    memset(r->a.base + 16, 0x55, 40); /* it had begun */
    for (int i = 0; i < RACERS; i++)
        child[i] = arena_fork(attach_late, r, i);
    for (int i = 0; i < RACERS; i++)
        arena_wait(child[i]);
    for (int i = 1; i < RACERS; i++)
        assert_memory_equal(r->group[i], r->group[0], 16);
    assert_int_equal(header_of(&r->a)->state, WEISS_REGION_READY);
    /* It died between its last two stores: there is nothing left to do, and whoever is in the region is not disturbed. */
    header_of(&r->a)->state = WEISS_REGION_FORMATTING;
    attach_late(r, 1);
    assert_memory_equal(r->group[1], r->group[0], 16);
    assert_int_equal(header_of(&r->a)->state, WEISS_REGION_READY);
    arena_free(&r->a);
    arena_free(&shared);
}

static void other_contents_are_refused(void **state)
{
    (void)state;
    arena a = arena_make(MIB);
    memcpy(a.base, "\177ELF and so on", 14);
    refused(&a, NULL, "no region of Weiss");
    assert_false(weiss_region_recognised(a.base, a.bytes));
    memset(a.base, 0, 64);
    for (size_t at = 16; at < sizeof(weiss_layout_header); at += 97) { /* zeros at first sight */
        a.base[at] = 1;
        refused(&a, NULL, "no region of Weiss");
        assert_false(weiss_region_recognised(a.base, a.bytes));
        a.base[at] = 0;
    }
    assert_true(weiss_region_recognised(a.base, a.bytes));
    assert_false(weiss_region_recognised(a.base, sizeof(weiss_layout_header) - 1));
    arena_free(&a);
}

static void another_version_is_refused(void **state)
{
    (void)state;
    arena a = arena_make(MIB);
    weiss_region region;
    assert_int_equal(weiss_region_attach(a.base, a.bytes, NULL, &region, NULL), 0);
    header_of(&a)->version = 17;
    refused(&a, NULL, "version 17");
    arena_free(&a);
}

/* Each word of a header is damaged in several ways: refused, or nothing of it is used. */
static void damage_is_refused_or_harmless(void **state)
{
    (void)state;
    arena a = arena_make(MIB);
    weiss_region region, again;
    int refusals = 0;
    assert_int_equal(weiss_region_attach(a.base, a.bytes, NULL, &region, NULL), 0);
    for (size_t word = 0; word < sizeof(weiss_layout_header) / 4; word++) {
        uint32_t *at = (uint32_t *)a.base + word, was = *at;
        for (int way = 0; way < 35; way++) {
            *at = way < 32 ? was ^ UINT32_C(1) << way : way == 32 ? 0 : way == 33 ? UINT32_MAX : ~was;
            if (*at == was)
                continue;
            uint32_t damaged = *at;
            weiss_fault fault = {0};
            int code = weiss_region_attach(a.base, a.bytes, NULL, &again, &fault);
            if (code == 0)
                assert_memory_equal(&region, &again, sizeof region);
            else
                assert_true(code == WEISS_ERR_REGION && strlen(fault.text) > 20);
            refusals += code != 0;
            if (word < 88 / 4) /* what the header tells */
                assert_int_equal(code, WEISS_ERR_REGION);
            assert_int_equal(*at, damaged); /* it is not repaired behind the back of others */
            *at = was;
        }
    }
    assert_true(refusals >= 22 * 32);
    assert_int_equal(weiss_region_attach(a.base, a.bytes, NULL, &again, NULL), 0);
    arena_free(&a);
}

/* The check word of a header, as anybody can compute it. */
static uint64_t forged_check(const weiss_layout_header *header)
{
    uint64_t words[10];
    memcpy(words, header, sizeof words);
    words[1] &= UINT32_MAX; /* without the state */
    return weiss_seal_words(weiss_seal_begin(&(weiss_key){{0x5765697373, 0x66616272696331}}), words, 10);
}

/* Headers whose check is right and whose contents are not: the work of an enemy, not of an accident. */
static void forged_headers_are_refused(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0,
                                       1,
                                       2,
                                       3,
                                       255,
                                       511,
                                       513,
                                       4096,
                                       16384,
                                       16385,
                                       24576,
                                       49152,
                                       MIB - 1,
                                       MIB,
                                       MIB + 1,
                                       UINT32_MAX,
                                       UINT64_C(1) << 31,
                                       UINT64_C(1) << 40,
                                       UINT64_C(1) << 63,
                                       UINT64_MAX,
                                       UINT64_MAX - 4095,
                                       UINT64_MAX - 5000};
    arena a = arena_make(4 * MIB);
    weiss_region region, again;
    uint64_t seed = 3;
    assert_int_equal(weiss_region_attach(a.base, a.bytes, NULL, &region, NULL), 0);
    weiss_layout_header good = *header_of(&a);
    assert_true(forged_check(&good) == good.check); /* else this test tests nothing */
    for (int round = 0; round < 200000; round++) {
        weiss_layout_header bad = good;
        for (uint64_t k = 1 + arena_below(&seed, 3); k > 0; k--) {
            uint64_t number = numbers[arena_below(&seed, sizeof numbers / sizeof *numbers)];
            uint64_t at = 2 + arena_below(&seed, 6); /* bytes ... heap */
            memcpy((uint8_t *)&bad + 8 * at, &number, arena_below(&seed, 2) == 0 ? 8 : 4);
        }
        bad.check = forged_check(&bad);
        *header_of(&a) = bad;
        weiss_fault fault = {0};
        int code = weiss_region_attach(a.base, a.bytes, NULL, &again, &fault);
        assert_true(code == 0 || (code == WEISS_ERR_REGION && strlen(fault.text) > 20));
        if (code == 0) { /* another region, but one that can be used */
            again.bytes = a.bytes;
            check_geometry(&again, &a);
        }
    }
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(the_largest_region),
        cmocka_unit_test(wrong_shapes_are_refused),
        cmocka_unit_test(many_format_at_once),
        cmocka_unit_test(a_dead_formatter_is_replaced),
        cmocka_unit_test(other_contents_are_refused),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(damage_is_refused_or_harmless),
        cmocka_unit_test(forged_headers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
