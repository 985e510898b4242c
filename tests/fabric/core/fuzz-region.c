/* Two members exchange messages while somebody writes into their region, anywhere and anything. Whatever it is: nothing is
 * touched outside of the region (there are pages that fault on both sides), what a seal protects arrives as it was sent or not
 * at all, in order, and within a bounded number of ticks either everything has arrived or there is an error that says why.
 *   fuzz-region [EPISODES [FIRST]]    deterministic; an episode that fails is named and can be run alone */
#include "arena.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES ((size_t)1 << 20)
#define BLOCK 4096
#define CHUNK 4096
#define CHUNKS 6
#define NAMES 6 /* what the seal can protect is told there, per message */

/** Ticks after which everything must have arrived, or an error be known. */
#define PATIENCE 40

typedef struct side {
    peer p;
    weiss_outlet outlet;
    weiss_pool pool;
    uint64_t sent, seen; /* messages to the other side; from it */
    uint64_t key;
    weiss_fault fault; /* the first error that this side met */
} side;

static unsigned long episode;
static uint64_t seed;
static struct {
    unsigned long delivered, recovered, failed, wrong_bodies, joined;
} counts;

static void promise(bool kept, const char *what)
{
    if (kept)
        return;
    fprintf(stderr, "fuzz-region: broken promise in episode %lu: %s\n", episode, what);
    abort();
}

static void on_signal(int number)
{
    char text[100];
    int length = snprintf(text, sizeof text, "fuzz-region: signal %d in episode %lu\n", number, episode);
    (void)!write(2, text, (size_t)length);
    signal(number, SIG_DFL);
    raise(number);
}

/* Message n: kind, lengths and contents by n alone. */
static bool is_bulk(uint64_t n)
{
    return n % 3 == 2;
}

static size_t head_length(uint64_t n)
{
    return is_bulk(n) ? 8 + n * 13 % (WEISS_SEALED - 16 - 7) : 8 + n * 29 % 300;
}

static size_t body_length(uint64_t n)
{
    return is_bulk(n) ? n * 977 % CHUNK : n * 31 % 400;
}

static void check(void *self, const weiss_message *message)
{
    side *s = self;
    uint64_t n = s->seen++;
    size_t all = head_length(n) + body_length(n);
    counts.delivered++;
    promise(message->tag == (uint8_t)n, "messages come in order, once");
    promise(message->head_bytes + message->body_bytes == all, "lengths are those of the sender");
    if (is_bulk(n))
        promise(message->head_bytes == head_length(n), "the head is whole");
    else
        promise(message->head_bytes == (all < WEISS_SEALED ? all : WEISS_SEALED),
                "the head is as long as the seal");
    promise(arena_same(message->head, message->head_bytes, s->key + n), "what is sealed is right");
    /* The body may have been written into, but each byte of it can be read. */
    uint64_t key = is_bulk(n) ? s->key + n + 1000000 : s->key + n;
    if (is_bulk(n))
        counts.wrong_bodies += !arena_same(message->body, message->body_bytes, key);
    else
        counts.wrong_bodies += !arena_arrived(message, key);
}

static void failed(side *s, int code)
{
    promise(code >= 0 || code == WEISS_ERR_REGION, "errors are those of a region");
    promise(code >= 0 || strlen(s->fault.text) > 30, "every error has a text");
}

static int send_next(side *from, side *to)
{
    uint8_t data[1024];
    uint64_t chunk, n = from->sent, key = to->key + n;
    int code = weiss_outlet_reclaim(&from->outlet, &from->pool, &from->fault);
    if (code != 0)
        return code;
    arena_fill(data, head_length(n) + (is_bulk(n) ? 0 : body_length(n)), key);
    if (!is_bulk(n)) {
        code = weiss_outlet_send(&from->outlet, (uint8_t)n, data, head_length(n), data + head_length(n),
                                 body_length(n), &from->fault);
    } else {
        if (!weiss_pool_take(&from->pool, &chunk))
            return WEISS_RETRY;
        arena_fill(from->p.region.base + chunk, body_length(n), key + 1000000);
        code = weiss_outlet_send_chunk(&from->outlet, (uint8_t)n, data, head_length(n), chunk, body_length(n),
                                       &from->fault);
        if (code != 0)
            weiss_pool_give(&from->pool, chunk);
    }
    from->sent += code == 0;
    return code;
}

static uint64_t any_word(const uint8_t *base)
{
    uint64_t word, at;
    static const uint64_t words[] = {0, 1, 2, UINT64_MAX, BYTES, BYTES - 1, BYTES - 64, UINT64_C(1) << 63};
    switch (arena_below(&seed, 5)) {
    case 0:
        return words[arena_below(&seed, sizeof words / sizeof *words)];
    case 1: /* a place in the region, or an entry that tells of it */
        at = arena_below(&seed, BYTES / 64) * 64;
        return arena_below(&seed, 2) == 0 ? at : WEISS_DIRECTORY_ENTRY(at, arena_random(&seed));
    case 2: /* what another word holds */
        memcpy(&word, base + arena_below(&seed, BYTES / 8) * 8, 8);
        return word;
    case 3:
        return arena_below(&seed, 300);
    default:
        return arena_random(&seed);
    }
}

/* A place in one of the areas of the region, those that are in use more often. */
static uint64_t any_place(side *s)
{
    side *one = s + arena_below(&seed, 2);
    const weiss_region *region = &one->p.region;
    uint64_t slot = 4096 + 512 * (uint64_t)one->p.member.slot;
    switch (arena_below(&seed, 9)) {
    case 0:
        return arena_below(&seed, 4096 / 8) * 8;
    case 1:
        return slot + arena_below(&seed, 64) * 8;
    case 2:
        return slot + arena_below(&seed, 5) * 64; /* claim, label, pulse, attention, dirty */
    case 3:
        return region->directory + (arena_below(&seed, 2) * region->slots + arena_below(&seed, 2)) * 8;
    case 4:
        return region->owners + arena_below(&seed, region->granules) * 8;
    case 5: /* ends of a ring */
        return one->outlet.offset + arena_below(&seed, WEISS_RING_ENDS / 8) * 8;
    case 6:
        return one->outlet.offset + arena_below(&seed, 4) * 64;
    case 7: /* records that are on their way, or the next */
        return one->outlet.offset + WEISS_RING_ENDS +
               (one->outlet.position + (BLOCK - WEISS_RING_ENDS) - arena_below(&seed, 40) * 8) %
                   (BLOCK - WEISS_RING_ENDS);
    default:
        return arena_below(&seed, BYTES / 8) * 8;
    }
}

static void write_something(side *s, uint8_t *base, const uint8_t *before)
{
    uint64_t at = any_place(s), from, bytes, word;
    switch (arena_below(&seed, 6)) {
    case 0:
        base[at + arena_below(&seed, 8)] ^= (uint8_t)(1 << arena_below(&seed, 8));
        break;
    case 1: /* a line comes from elsewhere: a record that is moved */
        from = any_place(s) / 64 * 64;
        at = at / 64 * 64;
        memmove(base + at, base + from, 64);
        break;
    case 2: /* something is again as it was before: a record, a ring, half of the region */
        bytes = 64 << arena_below(&seed, 8);
        at = at / bytes * bytes;
        memcpy(base + at, before + at, bytes);
        break;
    case 3:
        word = arena_random(&seed);
        for (bytes = arena_below(&seed, 64); bytes > 0 && at + 8 <= BYTES; bytes--, at += 8)
            memcpy(base + at, &word, 8);
        break;
    default:
        word = any_word(base);
        memcpy(base + at, &word, 8);
        break;
    }
}

/* Somebody comes and goes in the damaged region. */
static void visit(uint8_t *base)
{
    weiss_fault fault = {0};
    weiss_region region;
    weiss_member member;
    weiss_identity who = {.label = "visitor"};
    uint64_t offset;
    _Atomic uint32_t *state = &((weiss_layout_header *)base)->state;
    if (*state % WEISS_REGION_TURN == WEISS_REGION_FORMATTING) /* it would wait for the formatter */
        return;
    int code = weiss_region_attach(base, BYTES, NULL, &region, &fault);
    if (code == 0)
        code = weiss_member_join(&region, NULL, &who, 0, &member, &fault);
    promise(code == 0 || (code == WEISS_ERR_REGION && strlen(fault.text) > 20), "who cannot join learns why");
    if (code != 0)
        return;
    for (int i = 0; i < 5; i++)
        if (weiss_member_allocate(&member, 1 + arena_below(&seed, 100000), &offset, NULL) == 0)
            promise(weiss_region_in_heap(&region, offset, 1), "memory lies in the heap");
    counts.joined++;
    weiss_member_leave(&member);
}

/* @return false when one side has met an error */
static bool step(side *s, uint64_t what)
{
    for (int i = 0; i < 2; i++) {
        int code = 0;
        if (what % 8 < 5)
            code = weiss_mailbox_poll(&s[i].p.mailbox, check, &s[i], &s[i].fault);
        if (code >= 0 && what % 16 == 9) {
            weiss_outlet_tick(&s[i].outlet);
            code = weiss_mailbox_tick(&s[i].p.mailbox, check, &s[i], &s[i].fault);
        }
        failed(&s[i], code);
        if (code < 0)
            return false;
    }
    return true;
}

static void start(side *s, const arena *a)
{
    memset(s, 0, 2 * sizeof *s);
    for (int i = 0; i < 2; i++) {
        peer_join(&s[i].p, a, NULL, NULL, arena_below(&seed, 2) == 0);
        s[i].key = arena_random(&seed);
        INSIST(weiss_pool_make(&s[i].p.member, CHUNK + WEISS_CHUNK_MARGIN, CHUNKS, &s[i].pool, NULL) == 0);
    }
    for (int i = 0; i < 2; i++)
        peer_connect(&s[i].p, &s[1 - i].p, BLOCK, &s[i].outlet);
}

static void stop(side *s)
{
    for (int i = 0; i < 2; i++) {
        weiss_outlet_close(&s[i].outlet);
        weiss_pool_clear(&s[i].pool);
        peer_leave(&s[i].p);
    }
}

/* Sends at random, with damage from some moment on. @return false when one side has met an error */
static bool disturbed_exchange(side *s, uint8_t *base, uint8_t *before)
{
    uint64_t steps = 10 + arena_below(&seed, 60), first = arena_below(&seed, steps), damage = 0;
    uint64_t saved = arena_below(&seed, first + 1);
    for (uint64_t i = 0; i < steps; i++) {
        uint64_t from = arena_below(&seed, 2);
        if (i == saved)
            memcpy(before, base, BYTES);
        if (i >= first && (damage == 0 || arena_below(&seed, 6) == 0)) {
            write_something(s, base, before);
            damage++;
        }
        if (arena_below(&seed, 60) == 0)
            visit(base);
        int code = arena_below(&seed, 3) > 0 ? send_next(&s[from], &s[1 - from]) : 0;
        failed(&s[from], code);
        if (code < 0 || !step(s, arena_random(&seed)))
            return false;
    }
    return true;
}

/* Goes on without further damage until all has arrived or there is an error. */
static bool settle(side *s)
{
    for (int tick = 0; tick < PATIENCE; tick++) {
        if (s[0].seen == s[1].sent && s[1].seen == s[0].sent && weiss_outlet_drained(&s[0].outlet) &&
            weiss_outlet_drained(&s[1].outlet))
            return true;
        for (int i = 0; i < 2; i++)
            weiss_outlet_tick(&s[i].outlet);
        if (!step(s, 0) || !step(s, 9))
            return false;
    }
    for (int i = 0; i < 2; i++) {
        int code =
            weiss_outlet_reclaim(&s[i].outlet, &s[i].pool, &s[i].fault); /* a tail that is impossible */
        if (code < 0)
            return false;
        fprintf(stderr, "side %d: sent %lu, seen %lu, head %lu, tail %lu, rejected: %s\n", i,
                (unsigned long)s[i].sent, (unsigned long)s[i].seen, (unsigned long)s[i].outlet.head,
                (unsigned long)s[i].outlet.tail, s[i].p.mailbox.rejected.text);
    }
    promise(false, "everything arrives, or there is an error, within a bounded time");
    return false;
}

int main(int argc, char **argv)
{
    unsigned long episodes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    static side s[2];
    static uint8_t before[BYTES];
    arena a = arena_make(BYTES);
    signal(SIGALRM, on_signal);
    if (!ARENA_SANITIZED) { /* else it says more itself */
        signal(SIGSEGV, on_signal);
        signal(SIGBUS, on_signal);
    }
    for (episode = first; episode < first + episodes; episode++) {
        seed = 1 + episode * UINT64_C(0x2545f4914f6cdd1d);
        alarm(20); /* a loop without end */
        memset(a.base, 0, BYTES);
        start(s, &a);
        if (disturbed_exchange(s, a.base, before) && settle(s))
            counts.recovered++;
        else
            counts.failed++;
        stop(s);
    }
    printf("%lu episodes: %lu recovered, %lu ended in an error; %lu messages, %lu bodies written into, %lu "
           "visitors\n",
           episodes, counts.recovered, counts.failed, counts.delivered, counts.wrong_bodies, counts.joined);
    /* Damage that is never noticed, or always, would test little. */
    promise(episodes < 1000 || (counts.recovered > episodes / 10 && counts.failed > episodes / 10 &&
                                counts.wrong_bodies > 0 && counts.joined > episodes / 10),
            "some damage is noticed, and some repaired");
    arena_free(&a);
    return 0;
}
