#include "fabric/region.h"

#include "fabric/random.h"
#include "fabric/seal.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/** How long a process that formats may take before another one takes over. It needs microseconds. */
#define FORMAT_PATIENCE_MS 3000

static uint64_t round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

/** Largest power of two that is at most @p value; at least 1. */
static uint64_t power_below(uint64_t value)
{
    uint64_t power = 1;
    while (power <= value / 2)
        power *= 2;
    return power;
}

static uint64_t header_check(const weiss_layout_header *header)
{
    static const weiss_key key = {{UINT64_C(0x5765697373), UINT64_C(0x66616272696331)}};
    weiss_layout_header copy;
    memcpy(&copy, header, offsetof(weiss_layout_header, check));
    atomic_store_explicit(&copy.state, 0, memory_order_relaxed);
    uint64_t words[offsetof(weiss_layout_header, check) / 8];
    memcpy(words, &copy, sizeof words);
    return weiss_seal_words(weiss_seal_begin(&key), words, sizeof words / sizeof *words);
}

/** Fills in the places of all tables. @return false when they leave no heap worth the name */
static bool divide(weiss_layout_header *header)
{
    uint64_t at = sizeof *header + (uint64_t)header->slots * sizeof(weiss_layout_slot);
    header->directory = at;
    at = round_up(at + (uint64_t)header->slots * header->slots * 8, WEISS_LINE);
    header->owners = at;
    uint64_t most = header->bytes / header->granule_bytes;
    at = round_up(at + most * 8, header->granule_bytes);
    if (at >= header->bytes)
        return false;
    header->heap = at;
    header->granules = (uint32_t)((header->bytes - at) / header->granule_bytes);
    return header->granules >= 2;
}

/** The shape that suits a size: a slot a megabyte, granules of a 2048th, within the limits. */
static void choose_shape(uint64_t bytes, const weiss_region_shape *shape, weiss_layout_header *header)
{
    uint64_t slots = power_below(bytes >> 20), granule = power_below(bytes >> 11);
    slots = slots < 16 ? 16 : slots > WEISS_SLOTS_MAX ? WEISS_SLOTS_MAX : slots;
    granule = granule < WEISS_GRANULE_MIN   ? WEISS_GRANULE_MIN
              : granule > WEISS_GRANULE_MAX ? WEISS_GRANULE_MAX
                                            : granule;
    header->slots = shape != NULL && shape->slots != 0 ? shape->slots : (uint32_t)slots;
    header->granule_bytes = shape != NULL && shape->granule_bytes != 0 ? shape->granule_bytes : granule;
}

static bool granule_fits(uint64_t bytes)
{
    return bytes >= WEISS_GRANULE_MIN && bytes <= WEISS_GRANULE_MAX && (bytes & (bytes - 1)) == 0;
}

static int fill_in(weiss_layout_header *header, uint64_t bytes, const weiss_region_shape *shape,
                   weiss_fault *fault)
{
    memset(header, 0, sizeof *header);
    header->magic = WEISS_MAGIC;
    header->version = WEISS_LAYOUT_VERSION;
    header->bytes = bytes;
    choose_shape(bytes, shape, header);
    if (header->slots < WEISS_SLOTS_MIN || header->slots > WEISS_SLOTS_MAX)
        return weiss_fault_set(fault, WEISS_ERR_REGION, "a region of %" PRIu32 " slots: expected %d to %d",
                               header->slots, WEISS_SLOTS_MIN, WEISS_SLOTS_MAX);
    if (!granule_fits(header->granule_bytes))
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "granules of %" PRIu64 " bytes: expected a power of two from %" PRIu64
                               " to %" PRIu64,
                               header->granule_bytes, WEISS_GRANULE_MIN, WEISS_GRANULE_MAX);
    if (!divide(header))
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "a region of %" PRIu64 " bytes is too small for %" PRIu32
                               " peers; make it larger",
                               bytes, header->slots);
    WEISS_FAULT_TRY(weiss_random(header->group, sizeof header->group, fault));
    header->check = header_check(header);
    return 0;
}

/** Writes the header. @param turn  the state by which this process claimed the work
 *  @return 0, WEISS_RETRY (it took so long that another one has taken over), WEISS_ERR_REGION, WEISS_ERR_SYSTEM */
static int format(weiss_layout_header *shared, uint32_t turn, uint64_t bytes, const weiss_region_shape *shape,
                  weiss_fault *fault)
{
    weiss_layout_header header;
    int code = fill_in(&header, bytes, shape, fault);
    if (code != 0) {
        atomic_compare_exchange_strong(&shared->state, &turn, WEISS_REGION_RAW);
        return code;
    }
    if (atomic_load(&shared->state) != turn)
        return WEISS_RETRY;
    memcpy(&shared->bytes, &header.bytes, sizeof header - offsetof(weiss_layout_header, bytes));
    shared->version = header.version;
    shared->magic = header.magic;
    return atomic_compare_exchange_strong(&shared->state, &turn, WEISS_REGION_READY) ? 0 : WEISS_RETRY;
}

/** True when all is zero; the state does not count. */
static bool blank(const weiss_layout_header *header)
{
    const unsigned char *byte = (const unsigned char *)header, *rest = (const unsigned char *)&header->bytes;
    return header->magic == 0 && header->version == 0 && rest[0] == 0 &&
           memcmp(rest, rest + 1, sizeof *header - 1 - (size_t)(rest - byte)) == 0;
}

/** True when the memory holds something else. While one process looks, another one may begin to format: only what is there
 *  before and after counts. */
static bool foreign(const weiss_layout_header *shared)
{
    uint64_t magic = shared->magic;
    if (magic == 0)
        return atomic_load(&shared->state) == WEISS_REGION_RAW && !blank(shared) &&
               atomic_load(&shared->state) == WEISS_REGION_RAW;
    return magic != WEISS_MAGIC;
}

static int damaged(uint32_t state, weiss_fault *fault)
{
    return weiss_fault_set(fault, WEISS_ERR_REGION,
                           "the header of the region is damaged: its state is %" PRIu32
                           "; clear the region (`weiss fabric clear`) when no job uses it",
                           state);
}

/** The formatter died. Either it had finished all but the last store, or this process takes its turn. */
static int take_over(weiss_layout_header *shared, uint32_t state, uint64_t bytes,
                     const weiss_region_shape *shape, weiss_fault *fault)
{
    bool complete = shared->magic == WEISS_MAGIC;
    uint32_t next = complete ? WEISS_REGION_READY : state + WEISS_REGION_TURN;
    if (!atomic_compare_exchange_strong(&shared->state, &state, next))
        return WEISS_RETRY;
    return complete ? 0 : format(shared, next, bytes, shape, fault);
}

/** Waits until somebody has formatted the region, or does it. */
static int become_ready(weiss_layout_header *shared, uint64_t bytes, const weiss_region_shape *shape,
                        weiss_fault *fault)
{
    int waited_ms = 0, code = WEISS_RETRY;
    uint32_t last = WEISS_REGION_RAW;
    if (foreign(shared))
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "this memory holds something that is no region of Weiss; zero it first if it may be used "
            "(`weiss fabric clear`)");
    while (code == WEISS_RETRY) {
        uint32_t state = atomic_load_explicit(&shared->state, memory_order_acquire);
        if (state == WEISS_REGION_READY)
            return 0;
        if (state == WEISS_REGION_RAW && shared->magic == 0) {
            if (atomic_compare_exchange_strong(&shared->state, &state, WEISS_REGION_FORMATTING))
                code = format(shared, WEISS_REGION_FORMATTING, bytes, shape, fault);
            continue;
        }
        if (state % WEISS_REGION_TURN != WEISS_REGION_FORMATTING)
            return damaged(state, fault);
        waited_ms = state == last ? waited_ms + 1 : 0;
        last = state;
        if (waited_ms >= FORMAT_PATIENCE_MS)
            code = take_over(shared, state, bytes, shape, fault);
        else
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return code;
}

/** Checks a private copy of the header against what it must be, and keeps what is needed of it. */
static int adopt(const weiss_layout_header *header, uint64_t mapped, weiss_region *region, weiss_fault *fault)
{
    weiss_layout_header expected = *header;
    if (header->magic != WEISS_MAGIC)
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "this memory is no region of Weiss: it begins with %016" PRIx64,
                               header->magic);
    if (header->version != WEISS_LAYOUT_VERSION)
        return weiss_fault_set(
            fault, WEISS_ERR_REGION,
            "the region has layout version %" PRIu32 ", this program needs version %d; let all machines use "
            "the same release, or clear the region (`weiss fabric clear`) when no job uses it",
            header->version, WEISS_LAYOUT_VERSION);
    if (header->bytes > mapped || header->bytes < WEISS_REGION_BYTES_MIN)
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "the header of the region says %" PRIu64 " bytes, but %" PRIu64 " are mapped",
                               header->bytes, mapped);
    if (header->check != header_check(header) || header->slots < WEISS_SLOTS_MIN ||
        header->slots > WEISS_SLOTS_MAX || !granule_fits(header->granule_bytes) || !divide(&expected) ||
        expected.heap != header->heap || expected.owners != header->owners ||
        expected.directory != header->directory || expected.granules != header->granules)
        return weiss_fault_set(fault, WEISS_ERR_REGION,
                               "the header of the region is damaged; clear the region (`weiss fabric clear`) "
                               "when no job uses it");
    region->bytes = header->bytes;
    region->granule_bytes = header->granule_bytes;
    region->slots = header->slots;
    region->granules = header->granules;
    region->directory = header->directory;
    region->owners = header->owners;
    region->heap = header->heap;
    memcpy(region->group, header->group, sizeof region->group);
    return 0;
}

int weiss_region_attach(void *base, size_t bytes, const weiss_region_shape *shape, weiss_region *region,
                        weiss_fault *fault)
{
    weiss_layout_header header;
    memset(region, 0, sizeof *region);
    if (bytes < WEISS_REGION_BYTES_MIN || bytes > WEISS_REGION_BYTES_MAX)
        return weiss_fault_set(fault, WEISS_ERR_REGION, "a region of %zu bytes: expected 1 MiB to 1 TiB",
                               bytes);
    WEISS_FAULT_TRY(become_ready(base, bytes, shape, fault));
    memcpy(&header, base, sizeof header);
    WEISS_FAULT_TRY(adopt(&header, bytes, region, fault));
    region->base = base;
    return 0;
}

int weiss_region_look(void *base, size_t bytes, weiss_region *region, weiss_fault *fault)
{
    weiss_layout_header header;
    memset(region, 0, sizeof *region);
    if (bytes < WEISS_REGION_BYTES_MIN)
        return weiss_fault_set(fault, WEISS_ERR_REGION, "a region of %zu bytes: expected at least 1 MiB",
                               bytes);
    memcpy(&header, base, sizeof header);
    if (blank(&header))
        return WEISS_RETRY;
    WEISS_FAULT_TRY(adopt(&header, bytes, region, fault));
    region->base = base;
    return 0;
}

bool weiss_region_recognised(const void *base, size_t bytes)
{
    weiss_layout_header header;
    if (bytes < sizeof header)
        return false;
    memcpy(&header, base, sizeof header);
    return header.magic == WEISS_MAGIC || blank(&header);
}
