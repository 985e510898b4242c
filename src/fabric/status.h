/* What a region looks like from outside: for people and scripts. Changes nothing but by weiss_status_clear. */
#ifndef WEISS_FABRIC_STATUS_H
#define WEISS_FABRIC_STATUS_H

#include "fabric/region.h"

typedef struct weiss_status_member {
    uint32_t slot, generation, rank;
    uint64_t job;
    char label[WEISS_LABEL_BYTES]; /**< as the member wrote it: foreign text */
    bool alive; /**< its pulse went on while it was watched */
    bool asleep;
    uint32_t wake; /**< WEISS_WAKE_* */
    uint32_t granules; /**< of the heap that it has */
    uint32_t windows;
} weiss_status_member;

typedef struct weiss_status {
    uint32_t members, living;
    uint32_t free_granules;
    weiss_status_member member[WEISS_SLOTS_MAX];
} weiss_status;

/** Watches the members of a region for @p watch_ms. @return 0 */
int weiss_status_take(const weiss_region *region, int watch_ms, weiss_status *status);
/** Zeroes the memory of a region: whoever still uses it fails. */
void weiss_status_clear(void *base, size_t bytes);

#endif
