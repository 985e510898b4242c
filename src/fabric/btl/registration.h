/* Memory that this process has registered for the one-sided operations of others. */
#ifndef WEISS_BTL_REGISTRATION_H
#define WEISS_BTL_REGISTRATION_H

#include "fabric/btl/rdma.h"

typedef struct weiss_registrations {
    mca_btl_base_registration_handle_t **handle; /**< owned; NULL: a free place */
    uint32_t capacity;
} weiss_registrations;

/** Registers memory. Not thread-safe. @return NULL: out of memory */
mca_btl_base_registration_handle_t *weiss_registration_add(weiss_registrations *table, const weiss_btl *btl,
                                                           void *base, size_t size);
void weiss_registration_remove(weiss_registrations *table, mca_btl_base_registration_handle_t *handle);
void weiss_registration_clear(weiss_registrations *table);
/** Address of [address, address + bytes) when @p index and @p token name registered memory that holds it; else NULL. */
void *weiss_registration_find(const weiss_registrations *table, uint32_t index, uint64_t token,
                              uint64_t address, uint64_t bytes);
/** Address in this process of memory of another one that lies in the region; NULL when it does not, or not within it. */
void *weiss_registration_direct(const weiss_btl *btl, const mca_btl_base_registration_handle_t *handle,
                                uint64_t address, uint64_t bytes);

#endif
