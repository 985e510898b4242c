#include "fabric/btl/registration.h"

#include "fabric/random.h"

#include <stdlib.h>
#include <string.h>

/** Finds a free place, with a larger table when there is none. @return its index, or -1 */
static int64_t free_place(weiss_registrations *table)
{
    for (uint32_t i = 0; i < table->capacity; i++)
        if (table->handle[i] == NULL)
            return i;
    uint32_t capacity = table->capacity == 0 ? 16 : 2 * table->capacity;
    void *grown = realloc(table->handle, capacity * sizeof *table->handle);
    if (grown == NULL)
        return -1;
    table->handle = grown;
    memset(table->handle + table->capacity, 0, (capacity - table->capacity) * sizeof *table->handle);
    int64_t place = table->capacity;
    table->capacity = capacity;
    return place;
}

mca_btl_base_registration_handle_t *weiss_registration_add(weiss_registrations *table, const weiss_btl *btl,
                                                           void *base, size_t size)
{
    uint64_t address = (uint64_t)(uintptr_t)base, start = (uint64_t)(uintptr_t)btl->region.base;
    mca_btl_base_registration_handle_t *handle = calloc(1, sizeof *handle);
    int64_t place = free_place(table);
    if (handle == NULL || place < 0 || weiss_random(&handle->token, sizeof handle->token, NULL) != 0) {
        free(handle);
        return NULL;
    }
    handle->base = address;
    handle->bytes = size;
    handle->index = (uint32_t)place;
    handle->slot = btl->member.slot;
    handle->offset = WEISS_NOT_IN_REGION;
    if (address >= start && weiss_region_in_heap(&btl->region, address - start, size))
        handle->offset = address - start;
    table->handle[place] = handle;
    return handle;
}

void weiss_registration_remove(weiss_registrations *table, mca_btl_base_registration_handle_t *handle)
{
    if (handle->index < table->capacity && table->handle[handle->index] == handle)
        table->handle[handle->index] = NULL;
    free(handle);
}

void weiss_registration_clear(weiss_registrations *table)
{
    for (uint32_t i = 0; i < table->capacity; i++)
        free(table->handle[i]);
    free(table->handle);
    memset(table, 0, sizeof *table);
}

static bool within(const mca_btl_base_registration_handle_t *handle, uint64_t address, uint64_t bytes)
{
    return address >= handle->base && address - handle->base <= handle->bytes &&
           bytes <= handle->bytes - (address - handle->base);
}

void *weiss_registration_find(const weiss_registrations *table, uint32_t index, uint64_t token,
                              uint64_t address, uint64_t bytes)
{
    const mca_btl_base_registration_handle_t *handle = index < table->capacity ? table->handle[index] : NULL;
    if (handle == NULL || handle->token != token || !within(handle, address, bytes))
        return NULL;
    return (void *)(uintptr_t)address;
}

void *weiss_registration_direct(const weiss_btl *btl, const mca_btl_base_registration_handle_t *handle,
                                uint64_t address, uint64_t bytes)
{
    if (handle->offset == WEISS_NOT_IN_REGION || !within(handle, address, bytes))
        return NULL;
    uint64_t offset = handle->offset + (address - handle->base);
    return weiss_region_in_heap(&btl->region, offset, bytes) ? btl->region.base + offset : NULL;
}
