/* Byte layout of a region, version 1. Everything is little-endian, offsets count from the start of the region, and no pointer,
 * process number or lock lives in it. A line is 64 bytes; what one side writes never shares a line with what another writes,
 * except where it says "many".
 *
 *   0          header      4096      written once by the process that formats, then only read
 *   4096       slot[]      512 each  one a peer (a process)
 *   ...        directory   8 each    directory[receiver][sender]: where the ring from sender to receiver is; written by the sender
 *   ...        owner[]     8 each    owner[granule]: slot and generation that has it; many, by compare-and-swap
 *   heap       granules    granule_bytes each: rings, bulk chunks, windows of the owner
 *
 *   slot       0 claim     word (many, compare-and-swap), who the peer is
 *             64 label     text for people
 *            128 pulse     counts up while the peer lives
 *            192 attention `asleep`: the peer sleeps and wants to be woken
 *            256 dirty     bit s: slot s has written to a ring that this peer does not poll; many, by atomic or
 *            320 windows   8 x {id, offset, bytes}: memory that others may put to and get from
 *
 *   ring       0 birth     who made it for whom, its size and seal; written once by the sender
 *             64 tail      bytes consumed; written by the receiver
 *            128 polled    the receiver looks at this ring by itself; written by the receiver
 *            192 head      bytes produced, told now and then; written by the sender
 *            256 data      records, each a multiple of 8 bytes and in one piece; a rest of less than 16 bytes is left out
 *
 *   record     0 word      length 24 bits, tag 8, kind 4, number 28: written last; the number
 *                          tells a new record from what an earlier lap has left
 *              8 seal      keyed hash of the word and the first WEISS_SEALED bytes of what follows
 *             16 payload   for kind BULK: offset and length of a chunk (8 each), then the first bytes of the message
 *
 * Whatever is read here may have been written by an enemy: each field is read once, into private memory, and checked there. */
#ifndef WEISS_FABRIC_LAYOUT_H
#define WEISS_FABRIC_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define WEISS_LINE 64
#define WEISS_MAGIC UINT64_C(0x3142414653534557) /* "WESSFAB1" */
#define WEISS_LAYOUT_VERSION 1

/** Limits. A region of WEISS_REGION_BYTES_MIN holds 16 peers; the dirty line of 64 bytes ends it at 512. */
#define WEISS_SLOTS_MAX 512
#define WEISS_SLOTS_MIN 2
#define WEISS_REGION_BYTES_MIN (UINT64_C(1) << 20)
#define WEISS_REGION_BYTES_MAX (UINT64_C(1) << 40)
#define WEISS_GRANULE_MIN (UINT64_C(1) << 14)
#define WEISS_GRANULE_MAX (UINT64_C(1) << 27)

/** State of the header: a region of zeros is RAW. A process that takes over from one that formats adds a turn. */
enum { WEISS_REGION_RAW = 0, WEISS_REGION_FORMATTING = 1, WEISS_REGION_READY = 2, WEISS_REGION_TURN = 256 };

typedef struct weiss_layout_header {
    uint64_t magic;
    uint32_t version;
    _Atomic uint32_t state;
    uint64_t bytes;
    uint64_t granule_bytes;
    uint32_t slots;
    uint32_t granules;
    uint64_t directory, owners, heap; /**< offsets */
    uint8_t group[16]; /**< random: peers that read the same one share this region */
    uint64_t check; /**< hash of all before it but `state`; a fixed key, against accidents only */
    uint8_t padding[4096 - 88];
} weiss_layout_header;
static_assert(sizeof(weiss_layout_header) == 4096, "header");

/** Claim word of a slot: generation 32 bits, then state. */
#define WEISS_CLAIM_TAKEN UINT64_C(1)
#define WEISS_CLAIM(generation, taken) ((uint64_t)(generation) << 32 | (taken))
#define WEISS_CLAIM_GENERATION(word) ((uint32_t)((word) >> 32))

/** How a sleeper is woken. */
enum { WEISS_WAKE_NONE = 0, WEISS_WAKE_FUTEX = 1, WEISS_WAKE_DOORBELL = 2 };

#define WEISS_WINDOWS_MAX 8
#define WEISS_LABEL_BYTES 64

typedef struct weiss_layout_window {
    _Atomic uint64_t id; /**< 0: none */
    uint64_t offset, bytes;
} weiss_layout_window;

typedef struct weiss_layout_slot {
    _Atomic uint64_t claim;
    uint64_t job;
    uint32_t rank;
    uint32_t wake; /**< WEISS_WAKE_* */
    uint32_t bell_peer, bell_vector;
    uint8_t padding0[WEISS_LINE - 32];
    char label[WEISS_LABEL_BYTES];
    _Atomic uint64_t pulse;
    uint8_t padding2[WEISS_LINE - 8];
    _Atomic uint32_t asleep;
    uint8_t padding3[WEISS_LINE - 4];
    _Atomic uint64_t dirty[WEISS_SLOTS_MAX / 64];
    weiss_layout_window window[WEISS_WINDOWS_MAX];
} weiss_layout_slot;
static_assert(sizeof(weiss_layout_slot) == 512, "slot");
static_assert(offsetof(weiss_layout_slot, dirty) == 256, "dirty line");

/** Size of a block that holds a ring: 256 bytes of ends, then data. */
#define WEISS_RING_BLOCK_MIN 4096
#define WEISS_RING_BLOCK_MAX 65536
#define WEISS_RING_ENDS 256

typedef struct weiss_layout_birth {
    uint32_t sender, receiver; /**< slots */
    uint32_t sender_generation, receiver_generation;
    uint64_t block; /**< bytes, ends included */
    uint64_t nonce; /**< enters the seal of each record */
    uint64_t order; /**< counts the rings of the sender: an earlier one never comes back */
    uint64_t seal; /**< keyed hash of all before it and of the offset of the ring */
} weiss_layout_birth;

typedef struct weiss_layout_ring {
    weiss_layout_birth birth;
    uint8_t padding0[WEISS_LINE - sizeof(weiss_layout_birth)];
    _Atomic uint64_t tail;
    uint8_t padding1[WEISS_LINE - 8];
    _Atomic uint32_t polled;
    uint8_t padding2[WEISS_LINE - 4];
    _Atomic uint64_t head;
    uint8_t padding3[WEISS_LINE - 8];
} weiss_layout_ring;
static_assert(sizeof(weiss_layout_ring) == WEISS_RING_ENDS, "ring");

/** Records. */
enum { WEISS_RECORD_INLINE = 1, WEISS_RECORD_BULK = 2, WEISS_RECORD_SKIP = 3 };
#define WEISS_RECORD_HEADER 16
/** Records are packed: two small ones share a line, which halves what crosses between the caches in a stream of them. */
#define WEISS_RECORD_UNIT 8
#define WEISS_RECORD_BYTES(payload)                                                                          \
    ((WEISS_RECORD_HEADER + (uint64_t)(payload) + WEISS_RECORD_UNIT - 1) / WEISS_RECORD_UNIT *               \
     WEISS_RECORD_UNIT)
#define WEISS_RECORD_NUMBER_MASK ((UINT64_C(1) << 28) - 1)
#define WEISS_RECORD_LENGTH_MAX ((UINT64_C(1) << 24) - 1)
/** Bytes of the payload that the seal protects: the headers of the upper layers fit, and with the record's own they fill two
 *  lines. */
#define WEISS_SEALED 112

/** Unit of the directory: a ring starts at a multiple of it. Entry: place in units, 40 bits; low bits of its nonce, 24. */
#define WEISS_DIRECTORY_UNIT 256
#define WEISS_DIRECTORY_ENTRY(offset, nonce)                                                                 \
    (((uint64_t)(offset) / WEISS_DIRECTORY_UNIT) << 24 | ((nonce)&UINT64_C(0xffffff)))
#define WEISS_DIRECTORY_OFFSET(entry) (((entry) >> 24) * WEISS_DIRECTORY_UNIT)

/** Owner of a granule: 0 is nobody, else slot + 1 and generation. */
#define WEISS_OWNER(slot, generation) ((uint64_t)(generation) << 32 | ((uint64_t)(slot) + 1))

#endif
