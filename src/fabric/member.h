/* A member: this process as a peer of a region. It holds a slot, the key by which messages to it are sealed, and memory of the
 * heap that only it hands out. No lock lives in the region: whoever dies holds up nobody. */
#ifndef WEISS_FABRIC_MEMBER_H
#define WEISS_FABRIC_MEMBER_H

#include "fabric/device/device.h"
#include "fabric/region.h"
#include "fabric/seal.h"

#include <pthread.h>

/** Blocks of the heap that were given back, by size: block sizes are powers of two from WEISS_RING_BLOCK_MIN. */
#define WEISS_BLOCK_CLASSES 16

typedef struct weiss_member {
    const weiss_region *region; /**< borrowed */
    weiss_device *device; /**< borrowed; NULL: plain memory, nobody is woken by a doorbell */
    weiss_layout_slot *shared; /**< its slot */
    uint32_t slot, generation;
    weiss_key key;
    _Atomic uint64_t rings; /**< made so far */
    uint32_t granule_hint; /**< where the search for a free granule goes on */
    pthread_mutex_t lock; /**< of what follows */
    struct {
        uint64_t *offset; /**< owned */
        uint32_t count, capacity;
    } spare[WEISS_BLOCK_CLASSES];
    struct weiss_retired {
        uint64_t offset, bytes;
        uint32_t reader, reader_generation;
    } * retired; /**< owned; blocks that a peer may still read */
    uint32_t nretired, retired_capacity;
} weiss_member;

/** What a peer must know to send to a member. Goes by another way than the region (Open MPI's modex, say). */
typedef struct weiss_address {
    uint8_t group[16];
    uint32_t slot, generation;
    weiss_key key;
} weiss_address;

/** Who one is, for people and for the messages of others. */
typedef struct weiss_identity {
    uint64_t job;
    uint32_t rank;
    const char *label; /**< cut to WEISS_LABEL_BYTES - 1 */
} weiss_identity;

/** Claims a slot. When none is free, waits @p patience_ms for the pulses of all peers and takes the slot of one whose pulse
 *  stands still (its process died). Local; safe when many processes do it at once.
 *  @param device  borrowed until weiss_member_leave; NULL: none
 *  @return 0, WEISS_ERR_REGION (all slots are taken: the text says by how many), WEISS_ERR_SYSTEM */
int weiss_member_join(const weiss_region *region, weiss_device *device, const weiss_identity *who,
                      int patience_ms, weiss_member *member, weiss_fault *fault);
/** Releases the slot and with it all memory of the heap that the member had. Does nothing twice. */
void weiss_member_leave(weiss_member *member);

weiss_address weiss_member_address(const weiss_member *member);

/** Memory of the heap, zeroed only when fresh; @p bytes is rounded up to a power of two, at least WEISS_RING_BLOCK_MIN, or to
 *  whole granules. Thread-safe.
 *  @param[out] offset  multiple of WEISS_RING_BLOCK_MIN
 *  @return 0, WEISS_ERR_REGION (the heap is full) */
int weiss_member_allocate(weiss_member *member, uint64_t bytes, uint64_t *offset, weiss_fault *fault);
/** Gives back what weiss_member_allocate gave; it stays with the member for its next need. */
void weiss_member_free(weiss_member *member, uint64_t offset, uint64_t bytes);
/** Gives back a block once the peer that may still look into it has left the region. */
void weiss_member_retire(weiss_member *member, uint64_t offset, uint64_t bytes, uint32_t reader,
                         uint32_t reader_generation);
/** Granules of the heap that nobody has. */
uint32_t weiss_member_free_granules(const weiss_member *member);

/** Shows that the process lives. Call it several times a second, from a thread of its own. */
static inline void weiss_member_beat(weiss_member *member)
{
    atomic_fetch_add_explicit(&member->shared->pulse, 1, memory_order_relaxed);
}

/** True when the slot is still held by the peer of that generation. */
static inline bool weiss_peer_present(const weiss_region *region, uint32_t slot, uint32_t generation)
{
    return atomic_load_explicit(&weiss_region_slot(region, slot)->claim, memory_order_relaxed) ==
           WEISS_CLAIM(generation, WEISS_CLAIM_TAKEN);
}

/** Wakes the peer in @p slot if it sleeps. Cheap when it does not. */
void weiss_peer_wake_sleeper(weiss_member *member, uint32_t slot);
static inline void weiss_peer_wake(weiss_member *member, uint32_t slot)
{
    if (atomic_load_explicit(&weiss_region_slot(member->region, slot)->asleep, memory_order_relaxed) != 0)
        weiss_peer_wake_sleeper(member, slot);
}

#endif
