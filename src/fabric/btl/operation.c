#include "fabric/btl/operation.h"

#include "fabric/btl/send.h"

#include <string.h>

/** A body of more bytes goes through a chunk when there is one. */
#define INLINE_BODY 2048
/** Operations that wait for an answer at most. An origin that has more hears that there is no room, makes progress and tries
 *  again: without a bound a target that is not in MPI would let its memory grow. */
#define WAITING_MAX (1u << 16)
#define NO_PLACE UINT32_MAX

struct weiss_operation_place {
    weiss_operation *op; /**< NULL: free */
    uint32_t next; /**< of a free one: the next free one, or NO_PLACE */
};

static OBJ_CLASS_INSTANCE(weiss_operation, opal_list_item_t, NULL, NULL);

int weiss_rdma_make(weiss_btl *btl, weiss_fault *fault)
{
    btl->rdma = calloc(1, sizeof *btl->rdma);
    if (btl->rdma == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    btl->rdma->free = NO_PLACE;
    return 0;
}

void weiss_rdma_clear(weiss_btl *btl)
{
    if (btl->rdma == NULL)
        return;
    for (uint32_t i = 0; i < btl->rdma->capacity; i++)
        if (btl->rdma->place[i].op != NULL)
            OBJ_RELEASE(btl->rdma->place[i].op);
    free(btl->rdma->place);
    weiss_registration_clear(&btl->rdma->registrations);
    free(btl->rdma);
    btl->rdma = NULL;
}

weiss_operation *weiss_operation_new(weiss_endpoint *endpoint, uint8_t kind)
{
    opal_process_name_t self = OPAL_PROC_MY_NAME;
    weiss_operation *op = OBJ_NEW(weiss_operation);
    if (op == NULL)
        return NULL;
    memset((uint8_t *)op + sizeof op->super, 0, sizeof *op - sizeof op->super);
    op->endpoint = endpoint;
    op->header.kind = kind;
    op->header.jobid = self.jobid;
    op->header.vpid = self.vpid;
    return op;
}

/** Makes the table larger when no place is free. @return true when one is free now */
static bool make_room(struct weiss_rdma *rdma)
{
    if (rdma->free != NO_PLACE)
        return true;
    uint32_t capacity = rdma->capacity == 0 ? 64 : 2 * rdma->capacity;
    weiss_operation_place *grown =
        capacity <= WAITING_MAX ? realloc(rdma->place, capacity * sizeof *grown) : NULL;
    if (grown == NULL)
        return false;
    for (uint32_t i = rdma->capacity; i < capacity; i++)
        grown[i] = (weiss_operation_place){.next = i + 1 < capacity ? i + 1 : NO_PLACE};
    rdma->free = rdma->capacity;
    rdma->place = grown;
    rdma->capacity = capacity;
    return true;
}

bool weiss_operation_await(weiss_btl *btl, weiss_operation *op)
{
    struct weiss_rdma *rdma = btl->rdma;
    OPAL_THREAD_LOCK(&btl->lock);
    bool done = make_room(rdma);
    if (done) {
        op->header.cookie = rdma->free;
        rdma->free = rdma->place[op->header.cookie].next;
        OBJ_RETAIN(op);
        rdma->place[op->header.cookie].op = op;
    }
    OPAL_THREAD_UNLOCK(&btl->lock);
    return done;
}

weiss_operation *weiss_operation_awaited(weiss_btl *btl, uint32_t cookie, uint32_t slot, bool take)
{
    OPAL_THREAD_LOCK(&btl->lock);
    struct weiss_rdma *rdma = btl->rdma;
    weiss_operation *op = cookie < rdma->capacity ? rdma->place[cookie].op : NULL;
    if (op != NULL && op->endpoint->address.slot != slot)
        op = NULL;
    if (op != NULL && take) {
        rdma->place[cookie] = (weiss_operation_place){.next = rdma->free};
        rdma->free = cookie;
    }
    OPAL_THREAD_UNLOCK(&btl->lock);
    return op;
}

/** Sends the next piece of an operation; an operation without a body is one piece. */
static int send_piece(weiss_btl *btl, weiss_endpoint *endpoint, weiss_operation *op, weiss_fault *fault)
{
    uint64_t left = op->bytes - op->sent, chunk, piece = left;
    bool chunked = left > INLINE_BODY && weiss_chunk_take(btl, endpoint, &chunk);
    uint64_t most =
        chunked ? btl->pool.chunk_bytes : weiss_ring_longest(btl->ring_block) - sizeof(weiss_rdma_header);
    weiss_rdma_header header = op->header;
    if (piece > most)
        piece = most;
    header.last = piece == left;
    header.address += op->sent;
    if (op->source != NULL)
        header.bytes = piece;
    int code;
    if (chunked) {
        memcpy(btl->region.base + chunk, op->source + op->sent, piece);
        code = weiss_outlet_send_chunk(&endpoint->outlet, WEISS_BTL_TAG, &header, sizeof header, chunk, piece,
                                       fault);
        if (code != 0) {
            OPAL_THREAD_LOCK(&btl->lock);
            weiss_pool_give(&btl->pool, chunk);
            OPAL_THREAD_UNLOCK(&btl->lock);
        }
    } else {
        code = weiss_outlet_send(&endpoint->outlet, WEISS_BTL_TAG, &header, sizeof header,
                                 op->source != NULL ? op->source + op->sent : NULL, piece, fault);
    }
    if (code == 0) {
        op->sent += piece;
        endpoint->counts.messages++;
        endpoint->counts.bytes += sizeof header + piece;
    }
    return code;
}

int weiss_rdma_advance(weiss_btl *btl, weiss_endpoint *endpoint, weiss_fault *fault)
{
    while (!opal_list_is_empty(&endpoint->operations)) {
        weiss_operation *op = (weiss_operation *)opal_list_get_first(&endpoint->operations);
        do
            WEISS_FAULT_TRY(send_piece(btl, endpoint, op, fault));
        while (op->sent < op->bytes);
        opal_list_remove_first(&endpoint->operations);
        OBJ_RELEASE(op);
    }
    return 0;
}

int weiss_operation_launch(weiss_btl *btl, weiss_endpoint *endpoint, weiss_operation *op)
{
    weiss_fault fault;
    weiss_fault_clear(&fault);
    OPAL_THREAD_LOCK(&endpoint->lock);
    bool first = opal_list_is_empty(&endpoint->operations);
    opal_list_append(&endpoint->operations, &op->super);
    int code = first ? weiss_rdma_advance(btl, endpoint, &fault) : WEISS_RETRY;
    if (code == WEISS_RETRY)
        weiss_endpoint_stall(btl, endpoint);
    OPAL_THREAD_UNLOCK(&endpoint->lock);
    if (code >= 0)
        return OPAL_SUCCESS;
    weiss_btl_fail(btl, endpoint, &fault);
    return OPAL_ERROR;
}

int weiss_operation_finish(weiss_btl *btl, weiss_endpoint *endpoint, const weiss_completion *end, int status)
{
    weiss_waiter_busy(&btl->waiter); /* who does one-sided operations is not waiting */
    if (end->callback != NULL)
        end->callback(&btl->super, endpoint, end->local_address, end->local_handle, end->context, end->data,
                      status);
    return OPAL_SUCCESS;
}
