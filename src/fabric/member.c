#include "fabric/member.h"

#include "fabric/clock.h"
#include "fabric/random.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static_assert((uint64_t)WEISS_RING_BLOCK_MIN << (WEISS_BLOCK_CLASSES - 1) == WEISS_GRANULE_MAX,
              "a granule is a block of the largest class");

/** Tries to take a slot whose claim word is @p before. */
static bool take(const weiss_region *region, uint32_t slot, uint64_t before, uint32_t *generation)
{
    *generation = WEISS_CLAIM_GENERATION(before) + 1;
    return atomic_compare_exchange_strong(&weiss_region_slot(region, slot)->claim, &before,
                                          WEISS_CLAIM(*generation, WEISS_CLAIM_TAKEN));
}

static bool take_free(const weiss_region *region, uint32_t *slot, uint32_t *generation)
{
    for (*slot = 0; *slot < region->slots; (*slot)++) {
        uint64_t claim = atomic_load(&weiss_region_slot(region, *slot)->claim);
        if ((claim & WEISS_CLAIM_TAKEN) == 0 && take(region, *slot, claim, generation))
            return true;
    }
    return false;
}

/** Watches all pulses for a while and takes a slot whose pulse and claim did not change. */
static bool take_dead(const weiss_region *region, int patience_ms, uint32_t *slot, uint32_t *generation)
{
    uint64_t *seen = calloc(2 * (size_t)region->slots, sizeof *seen);
    bool taken = false;
    if (seen == NULL)
        return false;
    for (uint32_t i = 0; i < region->slots; i++) {
        seen[2 * i] = atomic_load(&weiss_region_slot(region, i)->claim);
        seen[2 * i + 1] = atomic_load(&weiss_region_slot(region, i)->pulse);
    }
    struct timespec rest = {patience_ms / 1000, patience_ms % 1000 * 1000000L};
    nanosleep(&rest, NULL);
    for (*slot = 0; *slot < region->slots && !taken; (*slot) += taken ? 0 : 1)
        taken = atomic_load(&weiss_region_slot(region, *slot)->pulse) == seen[2 * *slot + 1] &&
                take(region, *slot, seen[2 * *slot], generation);
    free(seen);
    return taken;
}

/** Clears what the slot's last holder and those who wrote to it left. */
static void clear_slot(const weiss_region *region, weiss_layout_slot *shared, uint32_t slot)
{
    for (uint32_t sender = 0; sender < region->slots; sender++)
        atomic_store_explicit(weiss_region_directory(region, slot, sender), 0, memory_order_relaxed);
    for (int i = 0; i < WEISS_SLOTS_MAX / 64; i++)
        atomic_store_explicit(&shared->dirty[i], 0, memory_order_relaxed);
    for (int i = 0; i < WEISS_WINDOWS_MAX; i++)
        atomic_store_explicit(&shared->window[i].id, 0, memory_order_relaxed);
    atomic_store(&shared->asleep, 0);
}

static void introduce(weiss_layout_slot *shared, const weiss_identity *who, weiss_device *device)
{
    shared->job = who->job;
    shared->rank = who->rank;
    shared->wake = WEISS_WAKE_NONE;
    if (device != NULL && weiss_device_how(device) == WEISS_DEVICE_FILE)
        shared->wake = WEISS_WAKE_FUTEX;
    snprintf(shared->label, sizeof shared->label, "%s", who->label);
    if (device != NULL && weiss_device_vectors(device) > 0) {
        int vector = weiss_device_listen(device, NULL);
        if (vector >= 0) {
            shared->bell_peer = (uint32_t)weiss_device_peer(device);
            shared->bell_vector = (uint32_t)vector;
            shared->wake = WEISS_WAKE_DOORBELL;
        }
    }
}

int weiss_member_join(const weiss_region *region, weiss_device *device, const weiss_identity *who,
                      int patience_ms, weiss_member *member, weiss_fault *fault)
{
    memset(member, 0, sizeof *member);
    WEISS_FAULT_TRY(weiss_random(&member->key, sizeof member->key, fault));
    if (!take_free(region, &member->slot, &member->generation) &&
        !take_dead(region, patience_ms, &member->slot, &member->generation))
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "all %u places of the region are taken by living processes; use a larger region, or fewer "
            "processes",
            region->slots);
    member->region = region;
    member->device = device;
    member->shared = weiss_region_slot(region, member->slot);
    member->granule_hint = (uint32_t)((uint64_t)member->slot * region->granules / region->slots);
    pthread_mutex_init(&member->lock, NULL);
    clear_slot(region, member->shared, member->slot);
    introduce(member->shared, who, device);
    weiss_member_beat(member);
    return 0;
}

void weiss_member_leave(weiss_member *member)
{
    uint64_t held = WEISS_CLAIM(member->generation, WEISS_CLAIM_TAKEN);
    if (member->shared == NULL)
        return;
    atomic_compare_exchange_strong(&member->shared->claim, &held, WEISS_CLAIM(member->generation, 0));
    for (int i = 0; i < WEISS_BLOCK_CLASSES; i++)
        free(member->spare[i].offset);
    free(member->retired);
    pthread_mutex_destroy(&member->lock);
    memset(member, 0, sizeof *member);
}

weiss_address weiss_member_address(const weiss_member *member)
{
    weiss_address address = {.slot = member->slot, .generation = member->generation, .key = member->key};
    memcpy(address.group, member->region->group, sizeof address.group);
    return address;
}

/** True when nobody has the granule: never owned, or owned by a holder of a slot who has left. */
static bool granule_free(const weiss_region *region, uint64_t owner)
{
    if (owner == 0)
        return true;
    uint64_t slot = (owner & UINT32_MAX) - 1;
    return slot < region->slots && !weiss_peer_present(region, (uint32_t)slot, WEISS_CLAIM_GENERATION(owner));
}

/** Granules that @p bytes take. */
static uint64_t granules_of(const weiss_region *region, uint64_t bytes)
{
    return bytes / region->granule_bytes + (bytes % region->granule_bytes != 0);
}

/** Gives back the @p count granules from @p first on. */
static void release_granules(const weiss_region *region, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        atomic_store(weiss_region_owner(region, (uint32_t)(first + i)), 0);
}

/** Claims @p count neighbouring granules. */
static bool claim_granules(weiss_member *member, uint32_t count, uint32_t *first)
{
    const weiss_region *region = member->region;
    uint64_t mine = WEISS_OWNER(member->slot, member->generation);
    uint32_t begin = member->granule_hint % region->granules, have = 0;
    for (uint32_t i = 0; i < region->granules + count; i++) {
        uint32_t granule = (member->granule_hint + i) % region->granules;
        uint64_t owner = atomic_load(weiss_region_owner(region, granule));
        bool claimed = owner != mine && granule_free(region, owner) &&
                       atomic_compare_exchange_strong(weiss_region_owner(region, granule), &owner, mine);
        if (have == 0)
            begin = granule;
        have += claimed;
        if (have == count) {
            *first = begin;
            member->granule_hint = (granule + 1) % region->granules;
            return true;
        }
        if (!claimed ||
            granule == region->granules - 1) { /* the run is interrupted, or at the end of the heap */
            release_granules(region, begin, have);
            have = 0;
        }
    }
    release_granules(region, begin, have);
    return false;
}

/** Class of a block: smallest power of two from WEISS_RING_BLOCK_MIN that holds @p bytes; WEISS_BLOCK_CLASSES: none does. */
static int block_class(uint64_t bytes)
{
    int class = 0;
    while (class < WEISS_BLOCK_CLASSES && (uint64_t)WEISS_RING_BLOCK_MIN << class < bytes)
        class ++;
    return class;
}

static bool spare_add(weiss_member *member, int class, uint64_t offset)
{
    uint32_t capacity = member->spare[class].capacity;
    if (member->spare[class].count == capacity) {
        uint32_t more = capacity == 0 ? 16 : 2 * capacity;
        uint64_t *grown = realloc(member->spare[class].offset, more * sizeof *grown);
        if (grown == NULL)
            return false; /* the block is lost until the member leaves */
        member->spare[class].offset = grown;
        member->spare[class].capacity = more;
    }
    member->spare[class].offset[member->spare[class].count++] = offset;
    return true;
}

/** Takes a block of a class: a spare one, half of a larger spare one, or part of fresh granules. */
static bool take_block(weiss_member *member, int class, uint64_t *offset)
{
    const weiss_region *region = member->region;
    uint64_t bytes = (uint64_t)WEISS_RING_BLOCK_MIN << class;
    int larger = class;
    uint32_t granule;
    while (larger < WEISS_BLOCK_CLASSES && member->spare[larger].count == 0)
        larger++;
    if (larger < WEISS_BLOCK_CLASSES) {
        *offset = member->spare[larger].offset[--member->spare[larger].count];
    } else {
        uint32_t count = (uint32_t)granules_of(region, bytes);
        if (!claim_granules(member, count, &granule))
            return false;
        *offset = region->heap + granule * region->granule_bytes;
        larger = block_class(count * region->granule_bytes);
    }
    while (larger > class) {
        larger--;
        spare_add(member, larger, *offset + ((uint64_t)WEISS_RING_BLOCK_MIN << larger));
    }
    return true;
}

/** Makes the blocks spare that nobody looks into any more. */
static void collect_retired(weiss_member *member)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < member->nretired; i++) {
        struct weiss_retired *block = member->retired + i;
        if (weiss_peer_present(member->region, block->reader, block->reader_generation))
            member->retired[left++] = *block;
        else
            spare_add(member, block_class(block->bytes), block->offset);
    }
    member->nretired = left;
}

void weiss_member_retire(weiss_member *member, uint64_t offset, uint64_t bytes, uint32_t reader,
                         uint32_t reader_generation)
{
    pthread_mutex_lock(&member->lock);
    if (member->nretired == member->retired_capacity) {
        uint32_t capacity = member->nretired == 0 ? 16 : 2 * member->nretired;
        struct weiss_retired *grown = realloc(member->retired, capacity * sizeof *grown);
        if (grown != NULL) {
            member->retired = grown;
            member->retired_capacity = capacity;
        }
    }
    if (member->nretired < member->retired_capacity) /* else the block is lost until the member leaves */
        member->retired[member->nretired++] =
            (struct weiss_retired){offset, bytes, reader, reader_generation};
    pthread_mutex_unlock(&member->lock);
}

int weiss_member_allocate(weiss_member *member, uint64_t bytes, uint64_t *offset, weiss_fault *fault)
{
    int class = block_class(bytes);
    uint32_t granule;
    pthread_mutex_lock(&member->lock);
    collect_retired(member);
    bool found;
    if (class < WEISS_BLOCK_CLASSES) {
        found = take_block(member, class, offset);
    } else {
        uint64_t count = granules_of(member->region, bytes);
        found = count <= member->region->granules && claim_granules(member, (uint32_t)count, &granule);
        if (found)
            *offset = member->region->heap + granule * member->region->granule_bytes;
    }
    pthread_mutex_unlock(&member->lock);
    if (!found)
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "the region has no %llu bytes left: %u of %u pieces are free; use a larger region",
            (unsigned long long)bytes, weiss_member_free_granules(member), member->region->granules);
    return 0;
}

void weiss_member_free(weiss_member *member, uint64_t offset, uint64_t bytes)
{
    int class = block_class(bytes);
    pthread_mutex_lock(&member->lock);
    if (class < WEISS_BLOCK_CLASSES) {
        spare_add(member, class, offset);
    } else {
        uint64_t first = (offset - member->region->heap) / member->region->granule_bytes;
        release_granules(member->region, first, granules_of(member->region, bytes));
    }
    pthread_mutex_unlock(&member->lock);
}

uint32_t weiss_member_free_granules(const weiss_member *member)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < member->region->granules; i++)
        count += granule_free(member->region, atomic_load(weiss_region_owner(member->region, i)));
    return count;
}

void weiss_peer_wake_sleeper(weiss_member *member, uint32_t slot)
{
    weiss_layout_slot *peer = weiss_region_slot(member->region, slot);
    uint32_t wake = peer->wake, bell_peer = peer->bell_peer, bell_vector = peer->bell_vector;
    atomic_store_explicit(&peer->asleep, 0,
                          memory_order_relaxed); /* so that only one of the senders wakes it */
    if (member->device == NULL)
        return;
    if (wake == WEISS_WAKE_FUTEX && weiss_device_how(member->device) == WEISS_DEVICE_FILE)
        syscall(SYS_futex, &peer->asleep, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    else if (wake == WEISS_WAKE_DOORBELL)
        weiss_device_ring(member->device, bell_peer, bell_vector);
}
