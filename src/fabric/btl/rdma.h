/* One-sided operations: puts, gets and atomics. On memory that lies in the region the origin does them itself, with one copy
 * and without the target. On other memory the target does them when it is in MPI: the operation goes to it as a message, and
 * it checks that the memory is what it has registered. */
#ifndef WEISS_BTL_RDMA_H
#define WEISS_BTL_RDMA_H

#include "fabric/btl/btl.h"

/** What a process tells of memory that others may reach; Open MPI carries it around as opaque bytes. */
struct mca_btl_base_registration_handle_t {
    uint64_t base, bytes; /**< in the address space of the process that registered it */
    uint64_t offset; /**< of base in the region; WEISS_NOT_IN_REGION */
    uint64_t token; /**< random */
    uint32_t index; /**< in its table */
    uint32_t slot; /**< of that process */
};
#define WEISS_NOT_IN_REGION UINT64_MAX

int weiss_rdma_make(weiss_btl *btl, weiss_fault *fault);
void weiss_rdma_clear(weiss_btl *btl);
/** Sends what is left of the operations of an endpoint, which is locked. @return 0, WEISS_RETRY, < 0 */
int weiss_rdma_advance(weiss_btl *btl, weiss_endpoint *endpoint, weiss_fault *fault);
/** Takes a message with tag WEISS_BTL_TAG. */
void weiss_rdma_receive(weiss_btl *btl, const weiss_message *message);

/** The endpoint of the peer in @p slot, which is process @p name; made when there is none. NULL: not reachable. */
weiss_endpoint *weiss_btl_endpoint_of(weiss_btl *btl, uint32_t slot, opal_process_name_t name);

mca_btl_base_registration_handle_t *weiss_btl_register_mem(mca_btl_base_module_t *module,
                                                           weiss_endpoint *endpoint, void *base, size_t size,
                                                           uint32_t flags);
int weiss_btl_deregister_mem(mca_btl_base_module_t *module, mca_btl_base_registration_handle_t *handle);

int weiss_btl_put(mca_btl_base_module_t *module, weiss_endpoint *endpoint, void *local_address,
                  uint64_t remote_address, mca_btl_base_registration_handle_t *local_handle,
                  mca_btl_base_registration_handle_t *remote_handle, size_t size, int flags, int order,
                  mca_btl_base_rdma_completion_fn_t callback, void *context, void *data);
int weiss_btl_get(mca_btl_base_module_t *module, weiss_endpoint *endpoint, void *local_address,
                  uint64_t remote_address, mca_btl_base_registration_handle_t *local_handle,
                  mca_btl_base_registration_handle_t *remote_handle, size_t size, int flags, int order,
                  mca_btl_base_rdma_completion_fn_t callback, void *context, void *data);
int weiss_btl_atomic_op(mca_btl_base_module_t *module, weiss_endpoint *endpoint, uint64_t remote_address,
                        mca_btl_base_registration_handle_t *remote_handle, mca_btl_base_atomic_op_t op,
                        uint64_t operand, int flags, int order, mca_btl_base_rdma_completion_fn_t callback,
                        void *context, void *data);
int weiss_btl_atomic_fop(mca_btl_base_module_t *module, weiss_endpoint *endpoint, void *local_address,
                         uint64_t remote_address, mca_btl_base_registration_handle_t *local_handle,
                         mca_btl_base_registration_handle_t *remote_handle, mca_btl_base_atomic_op_t op,
                         uint64_t operand, int flags, int order, mca_btl_base_rdma_completion_fn_t callback,
                         void *context, void *data);
int weiss_btl_atomic_cswap(mca_btl_base_module_t *module, weiss_endpoint *endpoint, void *local_address,
                           uint64_t remote_address, mca_btl_base_registration_handle_t *local_handle,
                           mca_btl_base_registration_handle_t *remote_handle, uint64_t compare,
                           uint64_t value, int flags, int order, mca_btl_base_rdma_completion_fn_t callback,
                           void *context, void *data);

#endif
