/* A region: shared memory in the layout of layout.h, as one process sees it. The geometry is read once, checked, and kept in
 * private memory. */
#ifndef WEISS_FABRIC_REGION_H
#define WEISS_FABRIC_REGION_H

#include "base/fault.h"
#include "fabric/layout.h"

#include <stdbool.h>

typedef struct weiss_region {
    uint8_t *base; /**< borrowed; at least 64-byte aligned */
    uint64_t bytes; /**< in use: at most the mapping */
    uint64_t granule_bytes;
    uint32_t slots, granules;
    uint64_t directory, owners, heap;
    uint8_t group[16];
} weiss_region;

/** How a region is divided; 0: by its size. */
typedef struct weiss_region_shape {
    uint32_t slots;
    uint64_t granule_bytes; /**< a power of two, WEISS_GRANULE_MIN to WEISS_GRANULE_MAX */
} weiss_region_shape;

/** Attaches to the region in @p bytes of memory at @p base. A region of zeros is formatted first, by whichever process comes
 *  first; the others wait for it, and take over when it has not finished after some seconds. Local, but safe when many
 *  processes do it at once.
 *  @param shape  NULL: by size; only used when this call formats
 *  @return 0, WEISS_ERR_REGION (too small, another version, no region of ours, inconsistent: the text says which) */
int weiss_region_attach(void *base, size_t bytes, const weiss_region_shape *shape, weiss_region *region,
                        weiss_fault *fault);

/** Attaches to a region that is formatted, and changes nothing in it.
 *  @return 0, WEISS_RETRY (it is all zeros: nobody has used it yet), WEISS_ERR_REGION */
int weiss_region_look(void *base, size_t bytes, weiss_region *region, weiss_fault *fault);

/** True when the first bytes are a header of ours or zeros; reads no more than the header. */
bool weiss_region_recognised(const void *base, size_t bytes);

static inline weiss_layout_slot *weiss_region_slot(const weiss_region *region, uint32_t slot)
{
    return (weiss_layout_slot *)(region->base + sizeof(weiss_layout_header)) + slot;
}

/** Where the ring from @p sender to @p receiver is told. */
static inline _Atomic uint64_t *weiss_region_directory(const weiss_region *region, uint32_t receiver,
                                                       uint32_t sender)
{
    return (_Atomic uint64_t *)(region->base + region->directory) + (uint64_t)receiver * region->slots +
           sender;
}

static inline _Atomic uint64_t *weiss_region_owner(const weiss_region *region, uint32_t granule)
{
    return (_Atomic uint64_t *)(region->base + region->owners) + granule;
}

/** True when [offset, offset + bytes) lies in the heap. */
static inline bool weiss_region_in_heap(const weiss_region *region, uint64_t offset, uint64_t bytes)
{
    return offset >= region->heap && offset <= region->bytes && bytes <= region->bytes - offset;
}

#endif
