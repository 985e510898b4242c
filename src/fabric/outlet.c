#include "fabric/copy.h"
#include "fabric/random.h"
#include "fabric/ring.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** The first two lines of a record, as they are put together. */
typedef union first_lines {
    uint64_t word[(WEISS_RECORD_HEADER + WEISS_SEALED) / 8];
    uint8_t byte[WEISS_RECORD_HEADER + WEISS_SEALED];
} first_lines;

static _Atomic uint64_t *word_at(weiss_outlet *outlet, uint64_t position)
{
    return (_Atomic uint64_t *)(outlet->data + position);
}

static uint64_t next_word(const weiss_outlet *outlet, uint64_t kind, uint8_t tag, uint64_t length)
{
    return length | (uint64_t)tag << 24 | kind << 32 |
           (outlet->sealer.number & WEISS_RECORD_NUMBER_MASK) << 36;
}

static void announce(weiss_outlet *outlet)
{
    const weiss_region *region = outlet->member->region;
    uint32_t mine = outlet->member->slot;
    atomic_store_explicit(weiss_region_directory(region, outlet->to.slot, mine), outlet->entry,
                          memory_order_release);
    atomic_fetch_or(&weiss_region_slot(region, outlet->to.slot)->dirty[mine / 64], UINT64_C(1) << mine % 64);
}

int weiss_outlet_open(weiss_member *member, const weiss_address *to, uint64_t block, weiss_outlet *outlet,
                      weiss_fault *fault)
{
    const weiss_region *region = member->region;
    weiss_layout_birth birth = {member->slot,   to->slot, member->generation,
                                to->generation, block,    .order = atomic_fetch_add(&member->rings, 1)};
    memset(outlet, 0, sizeof *outlet);
    if (memcmp(to->group, region->group, sizeof to->group) != 0 || to->slot >= region->slots)
        return weiss_fault_set(fault, WEISS_ERR_REGION, "the peer is in another region");
    WEISS_FAULT_TRY(weiss_random(&birth.nonce, sizeof birth.nonce, fault));
    WEISS_FAULT_TRY(weiss_member_allocate(member, block, &outlet->offset, fault));
    outlet->member = member;
    outlet->to = *to;
    outlet->ring = (weiss_layout_ring *)(region->base + outlet->offset);
    outlet->data = region->base + outlet->offset + WEISS_RING_ENDS;
    outlet->block = block;
    outlet->data_bytes = block - WEISS_RING_ENDS;
    weiss_seal begun = weiss_seal_begin(&to->key);
    weiss_seal_word(&begun, birth.nonce);
    weiss_sealer_start(&outlet->sealer, begun, weiss_ring_first_number(birth.nonce));
    outlet->entry = WEISS_DIRECTORY_ENTRY(outlet->offset, birth.nonce);
    uint64_t told[] = {outlet->offset, (uint64_t)birth.sender << 32 | birth.receiver,
                       (uint64_t)birth.sender_generation << 32 | birth.receiver_generation, block,
                       birth.order};
    birth.seal = weiss_seal_words(begun, told, sizeof told / sizeof *told);
    memset(outlet->ring, 0, sizeof *outlet->ring);
    outlet->ring->birth = outlet->birth = birth;
    return 0;
}

void weiss_outlet_close(weiss_outlet *outlet)
{
    if (outlet->ring != NULL && outlet->head == 0) /* never told to the receiver */
        weiss_member_free(outlet->member, outlet->offset, outlet->block);
    else if (outlet->ring != NULL)
        weiss_member_retire(outlet->member, outlet->offset, outlet->block, outlet->to.slot,
                            outlet->to.generation);
    free(outlet->flight);
    memset(outlet, 0, sizeof *outlet);
}

/** Looks how far the receiver is. */
static int refresh_tail(weiss_outlet *outlet, weiss_fault *fault)
{
    uint64_t tail = atomic_load_explicit(&outlet->ring->tail, memory_order_acquire);
    if (tail < outlet->tail || tail > outlet->head)
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "the region is damaged: the receiver in slot %" PRIu32
                               " says it has consumed %" PRIu64 " bytes, of %" PRIu64 " that were sent",
                               outlet->to.slot, tail, outlet->head);
    outlet->tail = tail;
    return 0;
}

/** Goes on behind a record; a rest in which no record fits is left out, by the receiver too. */
static void step(weiss_outlet *outlet, uint64_t record)
{
    uint64_t rest = outlet->data_bytes - outlet->position - record;
    outlet->head += record;
    outlet->position += record;
    if (rest < WEISS_RECORD_HEADER) {
        outlet->head += rest;
        outlet->position = 0;
    }
}

/** Fills the rest of the data, which is too short for the next record, with a record that says so. */
static void skip_rest(weiss_outlet *outlet)
{
    uint64_t rest = outlet->data_bytes - outlet->position;
    uint64_t word = next_word(outlet, WEISS_RECORD_SKIP, 0, rest - WEISS_RECORD_HEADER);
    uint64_t seal = weiss_sealer_seal(&outlet->sealer, word, NULL, 0);
    memcpy(outlet->data + outlet->position + 8, &seal, 8);
    atomic_store_explicit(word_at(outlet, outlet->position), word, memory_order_release);
    step(outlet, rest);
    weiss_sealer_step(&outlet->sealer);
}

/** Makes room for a record. @return 0, WEISS_RETRY, WEISS_ERR_REGION */
static int make_room(weiss_outlet *outlet, uint64_t record, weiss_fault *fault)
{
    uint64_t rest = outlet->data_bytes - outlet->position;
    uint64_t needed = record + (rest < record ? rest : 0);
    if (outlet->data_bytes - (outlet->head - outlet->tail) < needed) {
        WEISS_FAULT_TRY(refresh_tail(outlet, fault));
        if (outlet->data_bytes - (outlet->head - outlet->tail) < needed)
            return WEISS_RETRY;
    }
    if (rest < record)
        skip_rest(outlet);
    return 0;
}

/** Has the processor fetch a line for writing that will be needed some records from now. */
static inline void fetch_ahead(const weiss_outlet *outlet)
{
#if defined(__x86_64__)
    uint64_t ahead = outlet->position + 4 * WEISS_LINE;
    __asm__ volatile("prefetchw %0"
                     :
                     : "m"(outlet->data[ahead < outlet->data_bytes ? ahead : ahead - outlet->data_bytes]));
#else
    (void)outlet;
#endif
}

/** Seals and publishes a record whose first lines are @p first and whose later bytes are already in place. */
static void publish(weiss_outlet *outlet, first_lines *first, size_t sealed, uint64_t record)
{
    uint8_t *at = outlet->data + outlet->position;
    uint64_t word = first->word[0];
    size_t words = (sealed + 7) / 8;
    first->word[1] = weiss_sealer_seal(&outlet->sealer, word, first->word + 2, words);
    copy_words(at + 8, first->word + 1, 1 + words);
    atomic_store_explicit(word_at(outlet, outlet->position), word, memory_order_release);
    step(outlet, record);
    fetch_ahead(outlet);
    if (atomic_load_explicit(&outlet->ring->polled, memory_order_relaxed) == 0)
        announce(outlet);
    weiss_peer_wake(outlet->member, outlet->to.slot);
    weiss_sealer_step(&outlet->sealer); /* now that the message is on its way */
}

int weiss_outlet_send(weiss_outlet *outlet, uint8_t tag, const void *head, size_t head_bytes,
                      const void *body, size_t body_bytes, weiss_fault *fault)
{
    size_t length = head_bytes + body_bytes, sealed = length < WEISS_SEALED ? length : WEISS_SEALED;
    uint64_t record = WEISS_RECORD_BYTES(length);
    first_lines first;
    int code = make_room(outlet, record, fault);
    if (code != 0)
        return code;
    first.word[(WEISS_RECORD_HEADER + (length < WEISS_SEALED ? length : WEISS_SEALED - 1)) / 8] =
        0; /* what fills it up */
    first.word[0] = next_word(outlet, WEISS_RECORD_INLINE, tag, length);
    uint8_t *later = outlet->data + outlet->position + sizeof first;
    size_t head_first = head_bytes < sealed ? head_bytes : sealed, body_first = sealed - head_first;
    copy_few(first.byte + WEISS_RECORD_HEADER, head, head_first);
    copy_few(first.byte + WEISS_RECORD_HEADER + head_first, body, body_first);
    if (length > sealed) {
        memcpy(later, (const uint8_t *)head + head_first, head_bytes - head_first);
        if (body_bytes > body_first)
            memcpy(later + head_bytes - head_first, (const uint8_t *)body + body_first,
                   body_bytes - body_first);
    }
    publish(outlet, &first, sealed, record);
    return 0;
}

static int grow_flights(weiss_outlet *outlet, weiss_fault *fault)
{
    uint32_t capacity = outlet->flight_capacity == 0 ? 16 : 2 * outlet->flight_capacity;
    weiss_flight *grown = calloc(capacity, sizeof *grown);
    if (grown == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for %" PRIu32 " chunks on their way",
                               capacity);
    for (uint32_t i = 0; i < outlet->flights; i++)
        grown[i] = outlet->flight[(outlet->flight_first + i) % outlet->flight_capacity];
    free(outlet->flight);
    outlet->flight = grown;
    outlet->flight_first = 0;
    outlet->flight_capacity = capacity;
    return 0;
}

int weiss_outlet_send_chunk(weiss_outlet *outlet, uint8_t tag, const void *head, size_t head_bytes,
                            uint64_t chunk, uint64_t bytes, weiss_fault *fault)
{
    size_t length = 16 + head_bytes;
    uint64_t record = WEISS_RECORD_BYTES(length);
    first_lines first;
    if (outlet->flights == outlet->flight_capacity)
        WEISS_FAULT_TRY(grow_flights(outlet, fault));
    int code = make_room(outlet, record, fault);
    if (code != 0)
        return code;
    first.word[(WEISS_RECORD_HEADER + (length < WEISS_SEALED ? length : WEISS_SEALED - 1)) / 8] = 0;
    first.word[0] = next_word(outlet, WEISS_RECORD_BULK, tag, length);
    first.word[2] = chunk;
    first.word[3] = bytes;
    copy_few(first.byte + WEISS_RECORD_HEADER + 16, head, head_bytes);
    publish(outlet, &first, length, record);
    outlet->flight[(outlet->flight_first + outlet->flights) % outlet->flight_capacity] =
        (weiss_flight){outlet->head, chunk};
    outlet->flights++;
    return 0;
}

int weiss_outlet_reclaim(weiss_outlet *outlet, weiss_pool *pool, weiss_fault *fault)
{
    if (outlet->flights == 0)
        return 0;
    WEISS_FAULT_TRY(refresh_tail(outlet, fault));
    while (outlet->flights > 0 && outlet->flight[outlet->flight_first].end <= outlet->tail) {
        weiss_pool_give(pool, outlet->flight[outlet->flight_first].chunk);
        outlet->flight_first = (outlet->flight_first + 1) % outlet->flight_capacity;
        outlet->flights--;
    }
    return 0;
}

bool weiss_outlet_drained(weiss_outlet *outlet)
{
    return outlet->ring == NULL || refresh_tail(outlet, NULL) != 0 || outlet->tail == outlet->head;
}

void weiss_outlet_tick(weiss_outlet *outlet)
{
    if (outlet->ring == NULL ||
        atomic_load_explicit(&outlet->ring->tail, memory_order_relaxed) == outlet->head ||
        !weiss_peer_present(outlet->member->region, outlet->to.slot, outlet->to.generation))
        return;
    outlet->ring->birth = outlet->birth;
    atomic_store_explicit(&outlet->ring->head, outlet->head, memory_order_release);
    announce(outlet);
    weiss_peer_wake(outlet->member, outlet->to.slot);
}
