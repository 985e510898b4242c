#include "fabric/btl/atomic.h"
#include "fabric/btl/operation.h"

#include <string.h>

mca_btl_base_registration_handle_t *weiss_btl_register_mem(mca_btl_base_module_t *module,
                                                           weiss_endpoint *endpoint, void *base, size_t size,
                                                           uint32_t flags)
{
    weiss_btl *btl = (weiss_btl *)module;
    uint64_t start = (uint64_t)(uintptr_t)btl->region.base, address = (uint64_t)(uintptr_t)base;
    bool inside = address >= start && weiss_region_in_heap(&btl->region, address - start, size);
    (void)endpoint;
    /* Two-sided messages ask whether they could be put or got instead: only where that saves a copy. */
    if (!inside && (flags & MCA_BTL_REG_FLAG_REMOTE_ATOMIC) == 0)
        return NULL;
    OPAL_THREAD_LOCK(&btl->lock);
    mca_btl_base_registration_handle_t *handle =
        weiss_registration_add(&btl->rdma->registrations, btl, base, size);
    OPAL_THREAD_UNLOCK(&btl->lock);
    return handle;
}

int weiss_btl_deregister_mem(mca_btl_base_module_t *module, mca_btl_base_registration_handle_t *handle)
{
    weiss_btl *btl = (weiss_btl *)module;
    OPAL_THREAD_LOCK(&btl->lock);
    weiss_registration_remove(&btl->rdma->registrations, handle);
    OPAL_THREAD_UNLOCK(&btl->lock);
    return OPAL_SUCCESS;
}

/** The memory of a remote operation as this process sees it: in the region, or its own. NULL: only its owner can reach it.
 *  No handle comes with memory of a process of the same machine that Open MPI has mapped here (osc/rdma, 4.1): then the
 *  address is one of this process. */
static void *reach(weiss_btl *btl, const mca_btl_base_registration_handle_t *handle, uint64_t address,
                   uint64_t bytes)
{
    if (handle == NULL)
        return (void *)(uintptr_t)address;
    void *direct = weiss_registration_direct(btl, handle, address, bytes);
    if (direct != NULL || handle->slot != btl->member.slot)
        return direct;
    OPAL_THREAD_LOCK(&btl->lock);
    direct = weiss_registration_find(&btl->rdma->registrations, handle->index, handle->token, address, bytes);
    OPAL_THREAD_UNLOCK(&btl->lock);
    return direct;
}

/** An operation that the target has to do. */
static weiss_operation *ask(weiss_btl *btl, weiss_endpoint *endpoint, uint8_t kind,
                            const mca_btl_base_registration_handle_t *handle, uint64_t address,
                            uint64_t bytes, const weiss_completion *end)
{
    weiss_operation *op = weiss_operation_new(endpoint, kind);
    if (op == NULL)
        return NULL;
    op->header.registration = handle->index;
    op->header.token = handle->token;
    op->header.address = address;
    op->header.bytes = bytes;
    op->end = *end;
    if (weiss_operation_await(btl, op))
        return op;
    OBJ_RELEASE(op);
    return NULL;
}

/** A put or a get: done here when the memory can be reached, else by its owner. */
static inline int transfer(weiss_btl *btl, weiss_endpoint *endpoint, uint8_t kind,
                           const mca_btl_base_registration_handle_t *remote_handle, uint64_t remote_address,
                           size_t size, const weiss_completion *end)
{
    void *there = reach(btl, remote_handle, remote_address, size);
    bool put = kind == ASK_PUT;
    if (there != NULL && put) {
        memcpy(there, end->local_address, size);
        atomic_thread_fence(memory_order_release);
        endpoint->counts.puts++;
        endpoint->counts.put_bytes += size;
    } else if (there != NULL) {
        atomic_thread_fence(memory_order_acquire);
        memcpy(end->local_address, there, size);
        endpoint->counts.gets++;
        endpoint->counts.get_bytes += size;
    }
    if (there != NULL)
        return weiss_operation_finish(btl, endpoint, end, OPAL_SUCCESS);
    weiss_operation *op = ask(btl, endpoint, kind, remote_handle, remote_address, size, end);
    if (op == NULL)
        return OPAL_ERR_OUT_OF_RESOURCE;
    op->source = put ? end->local_address : NULL;
    op->bytes = put ? size : 0;
    op->target = put ? NULL : end->local_address;
    op->expected = put ? 0 : size;
    return weiss_operation_launch(btl, endpoint, op);
}

int weiss_btl_put(mca_btl_base_module_t *module, weiss_endpoint *endpoint, void *local_address,
                  uint64_t remote_address, mca_btl_base_registration_handle_t *local_handle,
                  mca_btl_base_registration_handle_t *remote_handle, size_t size, int flags, int order,
                  mca_btl_base_rdma_completion_fn_t callback, void *context, void *data)
{
    const weiss_completion end = {callback, local_address, context, data, local_handle};
    (void)flags, (void)order;
    return transfer((weiss_btl *)module, endpoint, ASK_PUT, remote_handle, remote_address, size, &end);
}

int weiss_btl_get(mca_btl_base_module_t *module, weiss_endpoint *endpoint, void *local_address,
                  uint64_t remote_address, mca_btl_base_registration_handle_t *local_handle,
                  mca_btl_base_registration_handle_t *remote_handle, size_t size, int flags, int order,
                  mca_btl_base_rdma_completion_fn_t callback, void *context, void *data)
{
    const weiss_completion end = {callback, local_address, context, data, local_handle};
    (void)flags, (void)order;
    return transfer((weiss_btl *)module, endpoint, ASK_GET, remote_handle, remote_address, size, &end);
}

/** An atomic operation, or compare-and-swap. @p local_address gets the value before, when it is not NULL. */
static int atomic_operation(weiss_btl *btl, weiss_endpoint *endpoint, uint8_t kind, uint64_t remote_address,
                            const mca_btl_base_registration_handle_t *remote_handle,
                            const weiss_rdma_header *what, const weiss_completion *end)
{
    size_t size = (what->flags & MCA_BTL_ATOMIC_FLAG_32BIT) != 0 ? 4 : 8;
    void *there = reach(btl, remote_handle, remote_address, size);
    uint64_t before = 0;
    if (remote_address % size != 0)
        return OPAL_ERR_NOT_AVAILABLE;
    if (there != NULL) {
        if (kind == ASK_CSWAP)
            before = weiss_atomic_cswap(there, what->compare, what->operand, what->flags);
        else if (!weiss_atomic_apply(there, (mca_btl_base_atomic_op_t)what->op, what->operand, what->flags,
                                     &before))
            return OPAL_ERR_NOT_AVAILABLE;
        if (end->local_address != NULL)
            memcpy(end->local_address, &before, size);
        return weiss_operation_finish(btl, endpoint, end, OPAL_SUCCESS);
    }
    weiss_operation *op = ask(btl, endpoint, kind, remote_handle, remote_address, size, end);
    if (op == NULL)
        return OPAL_ERR_OUT_OF_RESOURCE;
    op->header.op = what->op;
    op->header.flags = what->flags;
    op->header.operand = what->operand;
    op->header.compare = what->compare;
    op->target = end->local_address;
    op->expected = size;
    return weiss_operation_launch(btl, endpoint, op);
}

int weiss_btl_atomic_op(mca_btl_base_module_t *module, weiss_endpoint *endpoint, uint64_t remote_address,
                        mca_btl_base_registration_handle_t *remote_handle, mca_btl_base_atomic_op_t op,
                        uint64_t operand, int flags, int order, mca_btl_base_rdma_completion_fn_t callback,
                        void *context, void *data)
{
    return weiss_btl_atomic_fop(module, endpoint, NULL, remote_address, NULL, remote_handle, op, operand,
                                flags, order, callback, context, data);
}

int weiss_btl_atomic_fop(mca_btl_base_module_t *module, weiss_endpoint *endpoint, void *local_address,
                         uint64_t remote_address, mca_btl_base_registration_handle_t *local_handle,
                         mca_btl_base_registration_handle_t *remote_handle, mca_btl_base_atomic_op_t op,
                         uint64_t operand, int flags, int order, mca_btl_base_rdma_completion_fn_t callback,
                         void *context, void *data)
{
    weiss_rdma_header what = {.op = (uint16_t)op, .flags = flags, .operand = operand};
    weiss_completion end = {callback, local_address, context, data, local_handle};
    (void)order;
    return atomic_operation((weiss_btl *)module, endpoint, ASK_ATOMIC, remote_address, remote_handle, &what,
                            &end);
}

int weiss_btl_atomic_cswap(mca_btl_base_module_t *module, weiss_endpoint *endpoint, void *local_address,
                           uint64_t remote_address, mca_btl_base_registration_handle_t *local_handle,
                           mca_btl_base_registration_handle_t *remote_handle, uint64_t compare,
                           uint64_t value, int flags, int order, mca_btl_base_rdma_completion_fn_t callback,
                           void *context, void *data)
{
    weiss_rdma_header what = {.flags = flags, .operand = value, .compare = compare};
    weiss_completion end = {callback, local_address, context, data, local_handle};
    (void)order;
    return atomic_operation((weiss_btl *)module, endpoint, ASK_CSWAP, remote_address, remote_handle, &what,
                            &end);
}
