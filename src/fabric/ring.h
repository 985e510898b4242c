/* A ring carries records from one member to another, in order. The sender has its outlet, the receiver its inlet; each keeps
 * what it knows in private memory and shares no line that it writes with the other.
 *
 * A small message is one record of one or two lines: the receiver sees it with the first line that it fetches. A large one is
 * copied by the sender into a chunk of its own memory in the heap, and the record tells where; the chunk is free again when
 * the receiver's tail has passed the record. Either way there is one copy in and one copy out.
 *
 * Neither side uses a fence on the way of a message. The sender publishes a record and then looks whether the receiver polls
 * this ring or sleeps; the receiver says that it no longer polls, or that it sleeps, and then looks again for some microseconds
 * at all rings before it acts on it. A store that a processor has not shown to others by then does not exist (bounded store
 * buffers: Morrison and Afek, "Temporally bounding TSO", ASPLOS 2015), and ticks repeat what could still get lost. */
#ifndef WEISS_FABRIC_RING_H
#define WEISS_FABRIC_RING_H

#include "fabric/member.h"

/** Number of the first record of a ring. What an earlier use of the memory has left there has another number. */
static inline uint64_t weiss_ring_first_number(uint64_t nonce)
{
    return nonce >> 24 & WEISS_RECORD_NUMBER_MASK;
}

/** A chunk on its way: free when the receiver's tail has reached @p end. */
typedef struct weiss_flight {
    uint64_t end, chunk;
} weiss_flight;

/** Where the bytes of a chunk begin in its block. Large buffers of programs begin 16 bytes behind a page (malloc puts them
 *  there); a copy between places whose distance is a few bytes more than a multiple of 4096 takes twice as long on processors
 *  that tell loads from stores by the low 12 bits of their addresses, and one whose ends lie differently in their lines is
 *  slower too. */
#define WEISS_CHUNK_LEAD 1040
/** What a chunk is shorter than its block: a page, so that the pieces of a long message all lie alike. */
#define WEISS_CHUNK_MARGIN 4096

/** Chunks of one sender; their memory is claimed as it is needed. Not thread-safe: callers hold a lock. */
typedef struct weiss_pool {
    weiss_member *member; /**< borrowed */
    uint64_t block; /**< bytes claimed for a chunk */
    uint64_t chunk_bytes; /**< that it holds */
    uint32_t total, limit; /**< chunks there are, and may be */
    uint32_t free; /**< chunks in @p spare, the last one used on top: it is still in the cache */
    uint64_t *spare; /**< owned; offsets */
} weiss_pool;

/** @param block  bytes of the region for a chunk, more than WEISS_CHUNK_MARGIN
 *  @param limit  most chunks
 *  @return 0, WEISS_ERR_MEMORY */
int weiss_pool_make(weiss_member *member, uint64_t block, uint32_t limit, weiss_pool *pool,
                    weiss_fault *fault);
/** Chunks go back to the heap with the member. */
void weiss_pool_clear(weiss_pool *pool);
/** @return false when all chunks are on their way, or the heap is full */
bool weiss_pool_take(weiss_pool *pool, uint64_t *chunk);
void weiss_pool_give(weiss_pool *pool, uint64_t chunk);

typedef struct weiss_outlet {
    weiss_member *member; /**< borrowed */
    weiss_layout_ring *ring; /**< NULL: closed */
    uint8_t *data;
    uint64_t offset, block, data_bytes;
    uint64_t position; /**< of the next record in data */
    uint64_t head, tail; /**< bytes produced; consumed, as last seen */
    weiss_sealer sealer; /**< and the number of the next record */
    weiss_layout_birth birth;
    weiss_address to;
    uint64_t entry; /**< of the directory */
    uint32_t flights, flight_first, flight_capacity; /**< chunks on their way */
    weiss_flight *flight; /**< owned; a circular list */
} weiss_outlet;

/** Makes the ring to the member at @p to; the receiver is told of it with the first message. Local.
 *  @param block  bytes of the ring, a power of two from WEISS_RING_BLOCK_MIN to WEISS_RING_BLOCK_MAX
 *  @return 0, WEISS_ERR_REGION (another region, the heap is full), WEISS_ERR_MEMORY, WEISS_ERR_SYSTEM */
int weiss_outlet_open(weiss_member *member, const weiss_address *to, uint64_t block, weiss_outlet *outlet,
                      weiss_fault *fault);
/** Frees private memory; the block when the receiver has left the region, because it may look into it until then. */
void weiss_outlet_close(weiss_outlet *outlet);

/** Longest message that fits into a record of a ring of @p block bytes: a quarter of its data. */
static inline size_t weiss_ring_longest(uint64_t block)
{
    return (size_t)((block - WEISS_RING_ENDS) / 4 / WEISS_LINE * WEISS_LINE - WEISS_RECORD_HEADER);
}

/** Sends head and body as one message.
 *  @param head_bytes + @p body_bytes  at most weiss_ring_longest
 *  @return 0, WEISS_RETRY (the ring is full), WEISS_ERR_REGION (its tail is impossible) */
int weiss_outlet_send(weiss_outlet *outlet, uint8_t tag, const void *head, size_t head_bytes,
                      const void *body, size_t body_bytes, weiss_fault *fault);
/** Sends a message whose body of @p bytes bytes is in @p chunk; the outlet has the chunk from then on.
 *  @param head_bytes  at most WEISS_SEALED - 16
 *  @return as weiss_outlet_send; on WEISS_RETRY the chunk stays with the caller */
int weiss_outlet_send_chunk(weiss_outlet *outlet, uint8_t tag, const void *head, size_t head_bytes,
                            uint64_t chunk, uint64_t bytes, weiss_fault *fault);
/** Gives chunks that the receiver is done with back to @p pool. @return 0, WEISS_ERR_REGION */
int weiss_outlet_reclaim(weiss_outlet *outlet, weiss_pool *pool, weiss_fault *fault);
/** True when the receiver has consumed everything. */
bool weiss_outlet_drained(weiss_outlet *outlet);
/** Repeats what the receiver must know while it has not consumed everything. Call it every 100 ms or so. */
void weiss_outlet_tick(weiss_outlet *outlet);

/** A message as its receiver sees it. Head is a private copy whose seal was right; body lies in the region, where its sender
 *  (and no one without the region) could still change it: bytes of the user, never lengths or places. */
typedef struct weiss_message {
    uint8_t tag;
    uint32_t from; /**< slot */
    const uint8_t *head, *body;
    size_t head_bytes, body_bytes;
    uint64_t copy[(WEISS_RECORD_HEADER + WEISS_SEALED) / 8]; /**< head points into it */
} weiss_message;

typedef struct weiss_inlet {
    const weiss_region *region; /**< borrowed */
    weiss_layout_ring *ring;
    const uint8_t *data;
    uint64_t data_bytes, position;
    uint64_t tail, told; /**< bytes consumed, and as told the sender */
    weiss_sealer sealer; /**< and the number of the next record */
    uint32_t from, from_generation;
    uint64_t order; /**< of the ring among those of its sender */
    uint64_t entry; /**< of the directory */
    int busy; /**< messages that are being delivered: their memory must not be told free */
    bool
        doubtful; /**< the next record has the right number and a wrong seal: still half-written memory, or tampered with */
    int suspicious; /**< ticks without a record that is said to be there */
    uint64_t tail_before; /**< at the last tick */
} weiss_inlet;

/** Accepts the ring that the directory tells for (member, @p from).
 *  @return 0, WEISS_RETRY (none, or one for an earlier holder of the member's slot), WEISS_ERR_REGION (it is not authentic) */
int weiss_inlet_accept(const weiss_member *member, uint32_t from, uint64_t entry, weiss_inlet *inlet,
                       weiss_fault *fault);
/** Takes the next message. Its memory is the caller's until weiss_inlet_settle. A record that is not (yet) what its seal says
 *  counts as not there; when it stays so, weiss_inlet_tick tells.
 *  @return 1, 0 (none), WEISS_ERR_REGION (a record with a right seal is impossible: its sender is out of order) */
int weiss_inlet_take(weiss_inlet *inlet, weiss_message *message, weiss_fault *fault);
/** True when weiss_inlet_take may find something. */
static inline bool weiss_inlet_pending(const weiss_inlet *inlet)
{
    uint64_t word =
        atomic_load_explicit((_Atomic uint64_t *)(inlet->data + inlet->position), memory_order_relaxed);
    return word >> 36 == (inlet->sealer.number & WEISS_RECORD_NUMBER_MASK) && (word >> 32 & 0xf) != 0;
}
/** True when the ring of @p inlet is later than that of @p before, from the same slot. */
static inline bool weiss_inlet_later(const weiss_inlet *inlet, const weiss_inlet *before)
{
    int32_t generations = (int32_t)(inlet->from_generation - before->from_generation);
    return generations > 0 || (generations == 0 && inlet->order > before->order);
}
/** Tells the sender what has been consumed, unless a message is still being delivered. */
static inline void weiss_inlet_settle(weiss_inlet *inlet)
{
    if (inlet->busy == 0 && inlet->told != inlet->tail) {
        inlet->told = inlet->tail;
        atomic_store_explicit(&inlet->ring->tail, inlet->tail, memory_order_release);
    }
}
/** True when the sender still has its slot. When it has not, its memory may belong to somebody else. */
static inline bool weiss_inlet_alive(const weiss_inlet *inlet)
{
    return weiss_peer_present(inlet->region, inlet->from, inlet->from_generation);
}
/** Repeats the tail and compares with what the sender says. Call it every 100 ms or so.
 *  @return 0, WEISS_ERR_REGION (a record has vanished or was tampered with) */
int weiss_inlet_tick(weiss_inlet *inlet, weiss_fault *fault);

#endif
