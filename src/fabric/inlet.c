#include "fabric/ring.h"

#include "fabric/copy.h"

#include <inttypes.h>
#include <string.h>

/** Ticks at which a record must be missing before it counts as lost. */
#define SUSPICIOUS_TICKS 10
/** A record was taken that is no message. */
#define SKIPPED 2

static int tampered(const weiss_inlet *inlet, weiss_fault *fault, const char *what, uint64_t found)
{
    return weiss_fault_set(fault, WEISS_ERR_REGION,
                           "the region is damaged: record %" PRIu64 " from slot %" PRIu32
                           " %s (found %016" PRIx64 "); another program or machine has written into it",
                           inlet->sealer.number, inlet->from, what, found);
}

int weiss_inlet_accept(const weiss_member *member, uint32_t from, uint64_t entry, weiss_inlet *inlet,
                       weiss_fault *fault)
{
    const weiss_region *region = member->region;
    weiss_layout_birth birth;
    uint64_t offset = WEISS_DIRECTORY_OFFSET(entry);
    if (entry == 0 || !weiss_region_in_heap(region, offset, WEISS_RING_BLOCK_MIN))
        return entry == 0 ? WEISS_RETRY
                          : weiss_fault_set(fault, WEISS_ERR_REGION,
                                            "slot %" PRIu32 " tells of a ring outside of the heap", from);
    memcpy(&birth, region->base + offset, sizeof birth);
    if (birth.sender != from || birth.receiver != member->slot || birth.block < WEISS_RING_BLOCK_MIN ||
        birth.block > WEISS_RING_BLOCK_MAX || birth.block % WEISS_DIRECTORY_UNIT != 0 ||
        !weiss_region_in_heap(region, offset, birth.block) ||
        entry != WEISS_DIRECTORY_ENTRY(offset, birth.nonce))
        return weiss_fault_set(fault, WEISS_ERR_REGION, "slot %" PRIu32 " tells of a ring that is none",
                               from);
    weiss_seal begun = weiss_seal_begin(&member->key);
    weiss_seal_word(&begun, birth.nonce);
    uint64_t told[] = {offset, (uint64_t)birth.sender << 32 | birth.receiver,
                       (uint64_t)birth.sender_generation << 32 | birth.receiver_generation, birth.block,
                       birth.order};
    if (birth.receiver_generation != member->generation)
        return WEISS_RETRY;
    if (birth.seal != weiss_seal_words(begun, told, sizeof told / sizeof *told))
        return weiss_fault_set(fault, WEISS_ERR_REGION, "the ring of slot %" PRIu32 " has a wrong seal",
                               from);
    memset(inlet, 0, sizeof *inlet);
    inlet->region = region;
    inlet->ring = (weiss_layout_ring *)(region->base + offset);
    inlet->data = region->base + offset + WEISS_RING_ENDS;
    inlet->data_bytes = birth.block - WEISS_RING_ENDS;
    weiss_sealer_start(&inlet->sealer, begun, weiss_ring_first_number(birth.nonce));
    inlet->from = from;
    inlet->from_generation = birth.sender_generation;
    inlet->order = birth.order;
    inlet->entry = entry;
    return 0;
}

/** Splits a record of length @p length, whose first lines are in message->copy, into head and body. */
static int split(weiss_inlet *inlet, uint64_t kind, uint64_t length, weiss_message *message,
                 weiss_fault *fault)
{
    uint8_t *payload = (uint8_t *)(message->copy + 2);
    if (kind == WEISS_RECORD_INLINE) {
        message->head = payload;
        message->head_bytes = length < WEISS_SEALED ? length : WEISS_SEALED;
        message->body = inlet->data + inlet->position + WEISS_RECORD_HEADER + WEISS_SEALED;
        message->body_bytes = length - message->head_bytes;
        return 0;
    }
    uint64_t chunk = message->copy[2], bytes = message->copy[3];
    if (length < 16 || length > WEISS_SEALED || !weiss_region_in_heap(inlet->region, chunk, bytes))
        return tampered(inlet, fault, "tells of a chunk outside of the heap", chunk);
    message->head = payload + 16;
    message->head_bytes = length - 16;
    message->body = inlet->region->base + chunk;
    message->body_bytes = bytes;
    return 0;
}

/** Takes a record. @return as weiss_inlet_take; SKIPPED: there may be another one behind it */
static int take_record(weiss_inlet *inlet, weiss_message *message, weiss_fault *fault)
{
    const uint8_t *at = inlet->data + inlet->position;
    uint64_t word = atomic_load_explicit((_Atomic uint64_t *)at, memory_order_acquire);
    if (word >> 36 != (inlet->sealer.number & WEISS_RECORD_NUMBER_MASK))
        return 0;
    uint64_t length = word & WEISS_RECORD_LENGTH_MAX, kind = word >> 32 & 0xf;
    uint64_t record = WEISS_RECORD_BYTES(length);
    if (kind < WEISS_RECORD_INLINE || kind > WEISS_RECORD_SKIP ||
        record > inlet->data_bytes - inlet->position)
        return 0;
    size_t sealed = kind == WEISS_RECORD_SKIP ? 0 : length < WEISS_SEALED ? length : WEISS_SEALED;
    size_t words = (sealed + 7) / 8;
    copy_words(message->copy + 1, at + 8, 1 + words);
    if (message->copy[1] != weiss_sealer_seal(&inlet->sealer, word, message->copy + 2, words)) {
        inlet->doubtful = true;
        return 0;
    }
    if (kind != WEISS_RECORD_SKIP) {
        int code = split(inlet, kind, length, message, fault);
        if (code != 0)
            return code;
    }
    message->tag = (uint8_t)(word >> 24);
    message->from = inlet->from;
    inlet->doubtful = false;
    weiss_sealer_step(&inlet->sealer);
    inlet->tail += record;
    inlet->position += record;
    uint64_t rest = inlet->data_bytes - inlet->position;
    if (rest < WEISS_RECORD_HEADER) { /* no record fits into it */
        inlet->tail += rest;
        inlet->position = 0;
    }
    return kind == WEISS_RECORD_SKIP ? SKIPPED : 1;
}

int weiss_inlet_take(weiss_inlet *inlet, weiss_message *message, weiss_fault *fault)
{
    int code;
    do
        code = take_record(inlet, message, fault);
    while (code == SKIPPED);
    return code;
}

int weiss_inlet_tick(weiss_inlet *inlet, weiss_fault *fault)
{
    uint64_t head = atomic_load_explicit(&inlet->ring->head, memory_order_acquire);
    bool moved = inlet->tail != inlet->tail_before, missing = head > inlet->tail;
    if (!weiss_inlet_alive(inlet))
        return 0;
    if (inlet->busy == 0 && atomic_load_explicit(&inlet->ring->tail, memory_order_relaxed) != inlet->tail)
        atomic_store_explicit(&inlet->ring->tail, inlet->tail, memory_order_release);
    inlet->tail_before = inlet->tail;
    inlet->suspicious = missing && !moved ? inlet->suspicious + 1 : 0;
    if (inlet->suspicious < SUSPICIOUS_TICKS)
        return 0;
    return tampered(
        inlet, fault, inlet->doubtful ? "has a wrong seal" : "was sent but is not there",
        atomic_load_explicit((_Atomic uint64_t *)(inlet->data + inlet->position), memory_order_relaxed));
}
