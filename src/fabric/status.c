#include "fabric/status.h"

#include <string.h>
#include <time.h>

static uint64_t pulse_of(const weiss_region *region, uint32_t slot)
{
    return atomic_load(&weiss_region_slot(region, slot)->pulse);
}

static void describe(const weiss_region *region, uint32_t slot, uint32_t generation,
                     weiss_status_member *member)
{
    weiss_layout_slot *shared = weiss_region_slot(region, slot);
    memset(member, 0, sizeof *member);
    member->slot = slot;
    member->generation = generation;
    member->rank = shared->rank;
    member->job = shared->job;
    memcpy(member->label, shared->label, sizeof member->label);
    member->label[sizeof member->label - 1] = '\0';
    member->asleep = atomic_load(&shared->asleep) != 0;
    member->wake = shared->wake;
    for (int i = 0; i < WEISS_WINDOWS_MAX; i++)
        member->windows += atomic_load(&shared->window[i].id) != 0;
}

/** Counts the granules of each member and those of nobody. */
static void count_granules(const weiss_region *region, weiss_status *status)
{
    for (uint32_t granule = 0; granule < region->granules; granule++) {
        uint64_t owner = atomic_load(weiss_region_owner(region, granule));
        uint32_t i = 0;
        while (i < status->members &&
               owner != WEISS_OWNER(status->member[i].slot, status->member[i].generation))
            i++;
        if (i < status->members)
            status->member[i].granules++;
        else
            status->free_granules++;
    }
}

int weiss_status_take(const weiss_region *region, int watch_ms, weiss_status *status)
{
    uint64_t before[WEISS_SLOTS_MAX];
    memset(status, 0, sizeof *status);
    for (uint32_t slot = 0; slot < region->slots; slot++)
        before[slot] = pulse_of(region, slot);
    nanosleep(&(struct timespec){watch_ms / 1000, watch_ms % 1000 * 1000000L}, NULL);
    for (uint32_t slot = 0; slot < region->slots; slot++) {
        uint64_t claim = atomic_load(&weiss_region_slot(region, slot)->claim);
        if ((claim & WEISS_CLAIM_TAKEN) == 0)
            continue;
        weiss_status_member *member = status->member + status->members++;
        describe(region, slot, WEISS_CLAIM_GENERATION(claim), member);
        member->alive = pulse_of(region, slot) != before[slot];
        status->living += member->alive;
    }
    count_granules(region, status);
    return 0;
}

void weiss_status_clear(void *base, size_t bytes)
{
    memset(base, 0, bytes);
}
