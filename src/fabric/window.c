/* Windows: the one-sided library of weiss/fabric.h. A window is a block of its owner: two lines and eight words of lock, then
 * the memory. Its owner tells of it in its slot.
 *
 *   0    exclusive   slot and generation of the holder (WEISS_OWNER); many, by compare-and-swap
 *   64   shared      bit s: slot s holds it shared; many, by atomic or and and
 *   256  memory
 *
 * A writer first takes `exclusive`, then waits for the readers; a reader first sets its bit, then looks at `exclusive`. Bits
 * and holders of members that are gone do not count, so nobody who dies holds up the others for long. */
#include "weiss/fabric.h"

#include "fabric/clock.h"
#include "fabric/member.h"

#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_ENDS 256
/** A holder whose pulse stands still for so long is dead. */
#define DEAD_MS 3000
#define BEAT_MS 200
/** How long joining looks for dead members when the region is full. */
#define TAKE_OVER_MS 3000

typedef struct window_lock {
    _Atomic uint64_t exclusive;
    uint8_t padding[WEISS_LINE - 8];
    _Atomic uint64_t shared[WEISS_SLOTS_MAX / 64];
} window_lock;

struct weiss_window {
    weiss_fabric *fabric;
    weiss_window *next;
    uint64_t id, offset, bytes;
    uint32_t owner, owner_generation;
    window_lock *lock;
    uint8_t *memory;
    int held; /**< 0, or kind + 1 */
};

struct weiss_fabric {
    weiss_device *device;
    weiss_region region;
    weiss_member member;
    weiss_window *windows; /**< owned */
    weiss_fault fault;
    pthread_t thread;
    sem_t stop;
    int running;
};

static void *beat(void *self)
{
    weiss_fabric *fabric = self;
    for (;;) {
        struct timespec until;
        weiss_member_beat(&fabric->member);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += BEAT_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (sem_clockwait(&fabric->stop, CLOCK_MONOTONIC, &until) == 0)
            return NULL;
    }
}

static int start_beating(weiss_fabric *fabric)
{
    if (sem_init(&fabric->stop, 0, 0) != 0 || pthread_create(&fabric->thread, NULL, beat, fabric) != 0)
        return weiss_fault_set(&fabric->fault, WEISS_ERR_SYSTEM, "cannot start a thread");
    fabric->running = 1;
    return 0;
}

static int join(weiss_fabric *fabric, const char *region, size_t bytes, const char *label)
{
    weiss_fault *fault = &fabric->fault;
    weiss_identity who = {.label = label};
    WEISS_FAULT_TRY(weiss_device_open(region, bytes, &fabric->device, fault));
    WEISS_FAULT_TRY(weiss_region_attach(weiss_device_memory(fabric->device),
                                        weiss_device_bytes(fabric->device), NULL, &fabric->region, fault));
    WEISS_FAULT_TRY(
        weiss_member_join(&fabric->region, fabric->device, &who, TAKE_OVER_MS, &fabric->member, fault));
    return start_beating(fabric);
}

int weiss_fabric_join(const char *region, size_t bytes, const char *label, weiss_fabric **out, char *error,
                      size_t error_size)
{
    weiss_fabric *fabric = calloc(1, sizeof *fabric);
    *out = NULL;
    if (error != NULL && error_size > 0)
        error[0] = '\0';
    if (fabric == NULL)
        return WEISS_ERR_MEMORY;
    int code = join(fabric, region, bytes, label);
    if (code == 0) {
        *out = fabric;
        return 0;
    }
    if (error != NULL)
        snprintf(error, error_size, "%s", fabric->fault.text);
    weiss_fabric_leave(fabric);
    return code;
}

void weiss_fabric_leave(weiss_fabric *fabric)
{
    if (fabric == NULL)
        return;
    for (weiss_window *window = fabric->windows, *next; window != NULL; window = next) {
        next = window->next;
        if (window->held != 0)
            weiss_unlock(window);
        free(window);
    }
    if (fabric->running) {
        sem_post(&fabric->stop);
        pthread_join(fabric->thread, NULL);
        sem_destroy(&fabric->stop);
    }
    weiss_member_leave(&fabric->member);
    weiss_device_close(fabric->device);
    free(fabric);
}

const char *weiss_fabric_error(const weiss_fabric *fabric)
{
    return fabric->fault.text;
}

static weiss_window *window_new(weiss_fabric *fabric, uint64_t id, uint64_t offset, uint64_t bytes,
                                uint32_t owner, uint32_t generation)
{
    weiss_window *window = calloc(1, sizeof *window);
    if (window == NULL)
        return NULL;
    *window = (weiss_window){.fabric = fabric,
                             .next = fabric->windows,
                             .id = id,
                             .offset = offset,
                             .bytes = bytes,
                             .owner = owner,
                             .owner_generation = generation};
    window->lock = (window_lock *)(fabric->region.base + offset);
    window->memory = fabric->region.base + offset + WINDOW_ENDS;
    fabric->windows = window;
    return window;
}

/** Looks for the window @p id in all slots. @return 0, WEISS_RETRY, WEISS_ERR_REGION */
static int look_for(weiss_fabric *fabric, uint64_t id, weiss_layout_window *found, uint32_t *owner,
                    uint32_t *generation)
{
    for (uint32_t slot = 0; slot < fabric->region.slots; slot++) {
        weiss_layout_slot *shared = weiss_region_slot(&fabric->region, slot);
        uint64_t claim = atomic_load(&shared->claim);
        for (int i = 0; i < WEISS_WINDOWS_MAX && (claim & WEISS_CLAIM_TAKEN) != 0; i++) {
            if (atomic_load_explicit(&shared->window[i].id, memory_order_acquire) != id)
                continue;
            found->offset = shared->window[i].offset;
            found->bytes = shared->window[i].bytes;
            *owner = slot;
            *generation = WEISS_CLAIM_GENERATION(claim);
            if (found->offset % WINDOW_ENDS == 0 && found->bytes <= fabric->region.bytes - WINDOW_ENDS &&
                weiss_region_in_heap(&fabric->region, found->offset, WINDOW_ENDS + found->bytes))
                return 0;
            return weiss_fault_set(&fabric->fault, WEISS_ERR_REGION,
                                   "slot %u tells of window %llu outside of the region", slot,
                                   (unsigned long long)id);
        }
    }
    return WEISS_RETRY;
}

int weiss_window_make(weiss_fabric *fabric, uint64_t id, size_t bytes, weiss_window **out)
{
    weiss_layout_slot *shared = fabric->member.shared;
    weiss_layout_window known;
    uint32_t owner, generation;
    uint64_t offset;
    int place = 0;
    *out = NULL;
    weiss_fault_clear(&fabric->fault);
    if (id == 0 || bytes == 0 || look_for(fabric, id, &known, &owner, &generation) == 0)
        return weiss_fault_set(
            &fabric->fault, WEISS_ERR_VALUE,
            "window %llu of %zu bytes: expected a number that is not 0 and that no window has, and a size",
            (unsigned long long)id, bytes);
    while (place < WEISS_WINDOWS_MAX && atomic_load(&shared->window[place].id) != 0)
        place++;
    if (place == WEISS_WINDOWS_MAX)
        return weiss_fault_set(&fabric->fault, WEISS_ERR_VALUE, "a process can have %d windows",
                               WEISS_WINDOWS_MAX);
    WEISS_FAULT_TRY(weiss_member_allocate(&fabric->member, WINDOW_ENDS + bytes, &offset, &fabric->fault));
    *out = window_new(fabric, id, offset, bytes, fabric->member.slot, fabric->member.generation);
    if (*out == NULL) {
        weiss_member_free(&fabric->member, offset, WINDOW_ENDS + bytes);
        return WEISS_ERR_MEMORY;
    }
    memset(fabric->region.base + offset, 0, WINDOW_ENDS + bytes);
    shared->window[place].offset = offset;
    shared->window[place].bytes = bytes;
    atomic_store_explicit(&shared->window[place].id, id, memory_order_release);
    return 0;
}

int weiss_window_find(weiss_fabric *fabric, uint64_t id, int patience_ms, weiss_window **out)
{
    weiss_layout_window found;
    uint32_t owner, generation;
    uint64_t until = weiss_clock_ns() + (uint64_t)(patience_ms > 0 ? patience_ms : 0) * 1000000u;
    int code;
    *out = NULL;
    weiss_fault_clear(&fabric->fault);
    while ((code = look_for(fabric, id, &found, &owner, &generation)) == WEISS_RETRY &&
           weiss_clock_ns() < until)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    if (code != 0)
        return code;
    *out = window_new(fabric, id, found.offset, found.bytes, owner, generation);
    return *out != NULL ? 0 : WEISS_ERR_MEMORY;
}

size_t weiss_window_bytes(const weiss_window *window)
{
    return window->bytes;
}

void *weiss_window_memory(const weiss_window *window)
{
    return window->memory;
}

/** Checks that [offset, offset + bytes) is in the window and that the window still is. */
static int check(weiss_window *window, size_t offset, size_t bytes)
{
    weiss_fault_clear(&window->fabric->fault);
    if (offset > window->bytes || bytes > window->bytes - offset)
        return weiss_fault_set(&window->fabric->fault, WEISS_ERR_VALUE,
                               "%zu bytes at %zu are not within window %llu of %llu bytes", bytes, offset,
                               (unsigned long long)window->id, (unsigned long long)window->bytes);
    if (!weiss_peer_present(&window->fabric->region, window->owner, window->owner_generation))
        return weiss_fault_set(&window->fabric->fault, WEISS_ERR_PEER,
                               "the process that has window %llu is gone", (unsigned long long)window->id);
    return 0;
}

int weiss_put(weiss_window *window, size_t offset, const void *data, size_t bytes)
{
    WEISS_FAULT_TRY(check(window, offset, bytes));
    memcpy(window->memory + offset, data, bytes);
    atomic_thread_fence(memory_order_release);
    return 0;
}

int weiss_get(weiss_window *window, size_t offset, void *data, size_t bytes)
{
    WEISS_FAULT_TRY(check(window, offset, bytes));
    atomic_thread_fence(memory_order_acquire);
    memcpy(data, window->memory + offset, bytes);
    return 0;
}

static int word_of(weiss_window *window, size_t offset, _Atomic uint64_t **word)
{
    WEISS_FAULT_TRY(check(window, offset, 8));
    if (offset % 8 != 0)
        return weiss_fault_set(&window->fabric->fault, WEISS_ERR_VALUE, "place %zu: expected a multiple of 8",
                               offset);
    *word = (_Atomic uint64_t *)(window->memory + offset);
    return 0;
}

int weiss_fetch_add(weiss_window *window, size_t offset, uint64_t value, uint64_t *before)
{
    _Atomic uint64_t *word;
    WEISS_FAULT_TRY(word_of(window, offset, &word));
    *before = atomic_fetch_add(word, value);
    return 0;
}

int weiss_compare_swap(weiss_window *window, size_t offset, uint64_t compare, uint64_t value,
                       uint64_t *before)
{
    _Atomic uint64_t *word;
    WEISS_FAULT_TRY(word_of(window, offset, &word));
    *before = compare;
    atomic_compare_exchange_strong(word, before, value);
    return 0;
}

/** A member that is watched while one waits for it. */
typedef struct watched {
    uint64_t owner, pulse, since_ns;
} watched;

/** True when the member that @p owner names has left, or its pulse has stood still for DEAD_MS since it is watched. */
static bool gone(const weiss_region *region, uint64_t owner, watched *watch)
{
    uint64_t slot = (owner & UINT32_MAX) - 1;
    if (slot >= region->slots || !weiss_peer_present(region, (uint32_t)slot, WEISS_CLAIM_GENERATION(owner)))
        return true;
    uint64_t pulse = atomic_load(&weiss_region_slot(region, (uint32_t)slot)->pulse), now = weiss_clock_ns();
    if (owner != watch->owner || pulse != watch->pulse)
        *watch = (watched){owner, pulse, now};
    return now - watch->since_ns > DEAD_MS * UINT64_C(1000000);
}

/** Rests between two looks, the longer the longer it has waited. @return false when the time is over */
static bool rest(int *looks, uint64_t until)
{
    if (weiss_clock_ns() >= until)
        return false;
    if (++*looks < 1000)
        weiss_relax();
    else if (*looks < 2000)
        sched_yield();
    else
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    return true;
}

/** Slot of a living member that holds the window shared; -1: none. Bits of the dead are taken away. */
static int64_t reader(weiss_window *window, watched *watch)
{
    const weiss_region *region = &window->fabric->region;
    for (uint32_t slot = 0; slot < region->slots; slot++) {
        uint64_t bit = UINT64_C(1) << slot % 64;
        if ((atomic_load(&window->lock->shared[slot / 64]) & bit) == 0)
            continue;
        uint64_t claim = atomic_load(&weiss_region_slot(region, slot)->claim);
        if ((claim & WEISS_CLAIM_TAKEN) != 0 &&
            !gone(region, WEISS_OWNER(slot, WEISS_CLAIM_GENERATION(claim)), watch))
            return slot;
        atomic_fetch_and(&window->lock->shared[slot / 64], ~bit);
    }
    return -1;
}

static int lock_exclusive(weiss_window *window, uint64_t mine, uint64_t until)
{
    watched watch = {0};
    int looks = 0, code = 0;
    for (;;) {
        uint64_t holder = 0;
        if (atomic_compare_exchange_strong(&window->lock->exclusive, &holder, mine))
            break;
        if (gone(&window->fabric->region, holder, &watch) &&
            atomic_compare_exchange_strong(&window->lock->exclusive, &holder, mine)) {
            code = WEISS_OWNER_DIED;
            break;
        }
        if (!rest(&looks, until))
            return WEISS_RETRY;
    }
    while (reader(window, &watch) >= 0) {
        if (!rest(&looks, until)) {
            atomic_store(&window->lock->exclusive, 0);
            return WEISS_RETRY;
        }
    }
    return code;
}

static int lock_shared(weiss_window *window, uint64_t until)
{
    uint32_t slot = window->fabric->member.slot;
    uint64_t bit = UINT64_C(1) << slot % 64, holder;
    watched watch = {0};
    int looks = 0, code = 0;
    for (;;) {
        atomic_fetch_or(&window->lock->shared[slot / 64], bit);
        holder = atomic_load(&window->lock->exclusive);
        if (holder == 0)
            return code;
        atomic_fetch_and(&window->lock->shared[slot / 64], ~bit);
        if (gone(&window->fabric->region, holder, &watch) &&
            atomic_compare_exchange_strong(&window->lock->exclusive, &holder, 0))
            code = WEISS_OWNER_DIED;
        else if (!rest(&looks, until))
            return WEISS_RETRY;
    }
}

int weiss_lock(weiss_window *window, weiss_lock_kind kind, int patience_ms)
{
    weiss_fabric *fabric = window->fabric;
    uint64_t until = weiss_clock_ns() + (uint64_t)(patience_ms > 0 ? patience_ms : 0) * 1000000u;
    WEISS_FAULT_TRY(check(window, 0, 0));
    if (window->held != 0)
        return weiss_fault_set(&fabric->fault, WEISS_ERR_VALUE,
                               "window %llu is locked by this process already",
                               (unsigned long long)window->id);
    int code =
        kind == WEISS_LOCK_EXCLUSIVE
            ? lock_exclusive(window, WEISS_OWNER(fabric->member.slot, fabric->member.generation), until)
            : lock_shared(window, until);
    if (code != WEISS_RETRY)
        window->held = (int)kind + 1;
    return code;
}

int weiss_unlock(weiss_window *window)
{
    weiss_fabric *fabric = window->fabric;
    uint32_t slot = fabric->member.slot;
    uint64_t mine = WEISS_OWNER(slot, fabric->member.generation);
    if (window->held == 0)
        return weiss_fault_set(&fabric->fault, WEISS_ERR_VALUE, "window %llu is not locked by this process",
                               (unsigned long long)window->id);
    if (window->held == (int)WEISS_LOCK_EXCLUSIVE + 1)
        atomic_compare_exchange_strong(&window->lock->exclusive, &mine, 0);
    else
        atomic_fetch_and(&window->lock->shared[slot / 64], ~(UINT64_C(1) << slot % 64));
    window->held = 0;
    return 0;
}
