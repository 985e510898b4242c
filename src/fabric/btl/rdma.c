#include "fabric/btl/rdma.h"

#include "fabric/btl/atomic.h"
#include "fabric/btl/registration.h"
#include "fabric/btl/send.h"

#include <string.h>

/** What is asked of a target, and what it answers. */
enum { ASK_PUT = 1, ASK_GET, ASK_ATOMIC, ASK_CSWAP, ANSWER_DONE, ANSWER_DATA, ANSWER_VALUE, ANSWER_REFUSED };
/** A body of more bytes goes through a chunk when there is one. */
#define INLINE_BODY 2048

/** Head of the component's own messages. It is sealed as a whole; its numbers are those of the peer all the same. */
typedef struct rdma_header {
    uint8_t kind, last;
    uint16_t op;
    int32_t flags;
    uint32_t cookie; /**< the origin's operation */
    uint32_t registration;
    uint64_t token, address;
    uint64_t bytes; /**< asked for; of the answer: of this piece */
    uint64_t operand, compare; /**< the value of an answer is in operand */
    uint32_t jobid, vpid; /**< of the origin */
} rdma_header;
static_assert(sizeof(rdma_header) <= WEISS_BTL_HEAD_MAX, "header");

/** Something to send in pieces, and at the origin something to wait for. The endpoint's list holds a reference until all is
 *  sent, the table of those that wait for an answer another one: the answer can come while the sender is not yet done. */
typedef struct operation {
    opal_list_item_t super;
    weiss_endpoint *endpoint;
    rdma_header header;
    const uint8_t *source; /**< of the body */
    uint64_t bytes, sent;
    uint8_t *target; /**< where an answer's data or value goes */
    uint64_t expected, arrived; /**< bytes of the answer */
    mca_btl_base_rdma_completion_fn_t callback;
    void *local_address, *context, *data;
    mca_btl_base_registration_handle_t *local_handle;
} operation;
static OBJ_CLASS_INSTANCE(operation, opal_list_item_t, NULL, NULL);

/** Operations that wait for an answer at most. An origin that has more hears that there is no room, makes progress and tries
 *  again: without a bound a target that is not in MPI would let its memory grow. */
#define WAITING_MAX (1u << 16)
#define NO_PLACE UINT32_MAX

/** Place of the table of operations that wait for an answer; its index is the cookie. */
typedef struct place {
    operation *op; /**< NULL: free */
    uint32_t next; /**< of a free one: the next free one, or NO_PLACE */
} place;

struct weiss_rdma {
    weiss_registrations registrations;
    place *place; /**< owned */
    uint32_t capacity, free; /**< the first free one, or NO_PLACE */
};

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

static operation *operation_new(weiss_endpoint *endpoint, uint8_t kind)
{
    opal_process_name_t self = OPAL_PROC_MY_NAME;
    operation *op = OBJ_NEW(operation);
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
    place *grown = capacity <= WAITING_MAX ? realloc(rdma->place, capacity * sizeof *grown) : NULL;
    if (grown == NULL)
        return false;
    for (uint32_t i = rdma->capacity; i < capacity; i++)
        grown[i] = (place){.next = i + 1 < capacity ? i + 1 : NO_PLACE};
    rdma->free = rdma->capacity;
    rdma->place = grown;
    rdma->capacity = capacity;
    return true;
}

/** Gives an operation a place in the table, whose index the answer will name. */
static bool await(weiss_btl *btl, operation *op)
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

/** Finds an operation in the table, or takes it out; NULL when @p cookie names none to that peer. */
static operation *awaited(weiss_btl *btl, uint32_t cookie, uint32_t slot, bool take)
{
    OPAL_THREAD_LOCK(&btl->lock);
    struct weiss_rdma *rdma = btl->rdma;
    operation *op = cookie < rdma->capacity ? rdma->place[cookie].op : NULL;
    if (op != NULL && op->endpoint->address.slot != slot)
        op = NULL;
    if (op != NULL && take) {
        rdma->place[cookie] = (place){.next = rdma->free};
        rdma->free = cookie;
    }
    OPAL_THREAD_UNLOCK(&btl->lock);
    return op;
}

/** Sends the next piece of an operation; an operation without a body is one piece. */
static int send_piece(weiss_btl *btl, weiss_endpoint *endpoint, operation *op, weiss_fault *fault)
{
    uint64_t left = op->bytes - op->sent, chunk, piece = left;
    bool chunked = left > INLINE_BODY && weiss_chunk_take(btl, endpoint, &chunk);
    uint64_t most =
        chunked ? btl->pool.chunk_bytes : weiss_ring_longest(btl->ring_block) - sizeof(rdma_header);
    rdma_header header = op->header;
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
        operation *op = (operation *)opal_list_get_first(&endpoint->operations);
        do
            WEISS_FAULT_TRY(send_piece(btl, endpoint, op, fault));
        while (op->sent < op->bytes);
        opal_list_remove_first(&endpoint->operations);
        OBJ_RELEASE(op);
    }
    return 0;
}

/** Sends an operation as far as there is room now, the rest from progress. */
static int launch(weiss_btl *btl, weiss_endpoint *endpoint, operation *op)
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

/** What an origin wants to hear at the end. */
typedef struct completion {
    mca_btl_base_rdma_completion_fn_t callback;
    void *local_address, *context, *data;
    mca_btl_base_registration_handle_t *local_handle;
} completion;

static int finish(weiss_btl *btl, weiss_endpoint *endpoint, const completion *end, int status)
{
    weiss_waiter_busy(&btl->waiter); /* who does one-sided operations is not waiting */
    if (end->callback != NULL)
        end->callback(&btl->super, endpoint, end->local_address, end->local_handle, end->context, end->data,
                      status);
    return OPAL_SUCCESS;
}

/** An operation that the target has to do. */
static operation *ask(weiss_btl *btl, weiss_endpoint *endpoint, uint8_t kind,
                      const mca_btl_base_registration_handle_t *handle, uint64_t address, uint64_t bytes,
                      const completion *end)
{
    operation *op = operation_new(endpoint, kind);
    if (op == NULL)
        return NULL;
    op->header.registration = handle->index;
    op->header.token = handle->token;
    op->header.address = address;
    op->header.bytes = bytes;
    op->callback = end->callback;
    op->local_address = end->local_address;
    op->local_handle = end->local_handle;
    op->context = end->context;
    op->data = end->data;
    if (await(btl, op))
        return op;
    OBJ_RELEASE(op);
    return NULL;
}

int weiss_btl_put(mca_btl_base_module_t *module, weiss_endpoint *endpoint, void *local_address,
                  uint64_t remote_address, mca_btl_base_registration_handle_t *local_handle,
                  mca_btl_base_registration_handle_t *remote_handle, size_t size, int flags, int order,
                  mca_btl_base_rdma_completion_fn_t callback, void *context, void *data)
{
    weiss_btl *btl = (weiss_btl *)module;
    completion end = {callback, local_address, context, data, local_handle};
    void *there = reach(btl, remote_handle, remote_address, size);
    (void)flags, (void)order;
    if (there != NULL) {
        memcpy(there, local_address, size);
        atomic_thread_fence(memory_order_release);
        endpoint->counts.puts++;
        endpoint->counts.put_bytes += size;
        return finish(btl, endpoint, &end, OPAL_SUCCESS);
    }
    operation *op = ask(btl, endpoint, ASK_PUT, remote_handle, remote_address, size, &end);
    if (op == NULL)
        return OPAL_ERR_OUT_OF_RESOURCE;
    op->source = local_address;
    op->bytes = size;
    return launch(btl, endpoint, op);
}

int weiss_btl_get(mca_btl_base_module_t *module, weiss_endpoint *endpoint, void *local_address,
                  uint64_t remote_address, mca_btl_base_registration_handle_t *local_handle,
                  mca_btl_base_registration_handle_t *remote_handle, size_t size, int flags, int order,
                  mca_btl_base_rdma_completion_fn_t callback, void *context, void *data)
{
    weiss_btl *btl = (weiss_btl *)module;
    completion end = {callback, local_address, context, data, local_handle};
    void *there = reach(btl, remote_handle, remote_address, size);
    (void)flags, (void)order;
    if (there != NULL) {
        atomic_thread_fence(memory_order_acquire);
        memcpy(local_address, there, size);
        endpoint->counts.gets++;
        endpoint->counts.get_bytes += size;
        return finish(btl, endpoint, &end, OPAL_SUCCESS);
    }
    operation *op = ask(btl, endpoint, ASK_GET, remote_handle, remote_address, size, &end);
    if (op == NULL)
        return OPAL_ERR_OUT_OF_RESOURCE;
    op->target = local_address;
    op->expected = size;
    return launch(btl, endpoint, op);
}

/** An atomic operation, or compare-and-swap. @p local_address gets the value before, when it is not NULL. */
static int atomic_operation(weiss_btl *btl, weiss_endpoint *endpoint, uint8_t kind, uint64_t remote_address,
                            const mca_btl_base_registration_handle_t *remote_handle, const rdma_header *what,
                            const completion *end)
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
        return finish(btl, endpoint, end, OPAL_SUCCESS);
    }
    operation *op = ask(btl, endpoint, kind, remote_handle, remote_address, size, end);
    if (op == NULL)
        return OPAL_ERR_OUT_OF_RESOURCE;
    op->header.op = what->op;
    op->header.flags = what->flags;
    op->header.operand = what->operand;
    op->header.compare = what->compare;
    op->target = end->local_address;
    op->expected = size;
    return launch(btl, endpoint, op);
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
    rdma_header what = {.op = (uint16_t)op, .flags = flags, .operand = operand};
    completion end = {callback, local_address, context, data, local_handle};
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
    rdma_header what = {.flags = flags, .operand = value, .compare = compare};
    completion end = {callback, local_address, context, data, local_handle};
    (void)order;
    return atomic_operation((weiss_btl *)module, endpoint, ASK_CSWAP, remote_address, remote_handle, &what,
                            &end);
}

/** Answers the origin of @p asked. */
static void answer(weiss_btl *btl, const weiss_message *message, const rdma_header *asked, uint8_t kind,
                   const void *source, uint64_t bytes, uint64_t value)
{
    opal_process_name_t name = {.jobid = asked->jobid, .vpid = asked->vpid};
    weiss_endpoint *endpoint = weiss_btl_endpoint_of(btl, message->from, name);
    operation *op = endpoint != NULL ? operation_new(endpoint, kind) : NULL;
    if (op == NULL) {
        weiss_fault fault = {WEISS_ERR_PEER,
                             "a one-sided operation cannot be answered: its origin is not reachable"};
        weiss_btl_fail(btl, endpoint, &fault);
        return;
    }
    op->header.cookie = asked->cookie;
    op->header.operand = value;
    op->source = source;
    op->bytes = bytes;
    launch(btl, endpoint, op);
}

/** Copies @p bytes bytes of a message's body, which begins behind the header in its head. */
static void copy_body(void *to, const weiss_message *message, uint64_t bytes)
{
    size_t in_head = message->head_bytes - sizeof(rdma_header);
    if (in_head > bytes)
        in_head = bytes;
    memcpy(to, message->head + sizeof(rdma_header), in_head);
    if (bytes > in_head)
        memcpy((uint8_t *)to + in_head, message->body, bytes - in_head);
}

/** Does an atomic operation on registered memory. @return false when it is not one of ours */
static bool serve_atomic(void *memory, const rdma_header *asked, uint64_t *before)
{
    uint64_t size = (asked->flags & MCA_BTL_ATOMIC_FLAG_32BIT) != 0 ? 4 : 8;
    if (asked->bytes != size || asked->address % size != 0)
        return false;
    if (asked->kind == ASK_ATOMIC)
        return weiss_atomic_apply(memory, (mca_btl_base_atomic_op_t)asked->op, asked->operand, asked->flags,
                                  before);
    *before = weiss_atomic_cswap(memory, asked->compare, asked->operand, asked->flags);
    return true;
}

/** Does what a peer asks for, and answers: a put in pieces is answered once, at its last one. */
static void serve(weiss_btl *btl, const weiss_message *message, const rdma_header *asked)
{
    uint64_t body = message->head_bytes - sizeof *asked + message->body_bytes, value = 0;
    OPAL_THREAD_LOCK(&btl->lock);
    void *memory = weiss_registration_find(&btl->rdma->registrations, asked->registration, asked->token,
                                           asked->address, asked->bytes);
    OPAL_THREAD_UNLOCK(&btl->lock);
    bool known = memory != NULL;
    if (asked->kind == ASK_PUT) {
        known = known && asked->bytes == body;
        if (known)
            copy_body(memory, message, body);
        if (asked->last)
            answer(btl, message, asked, known ? ANSWER_DONE : ANSWER_REFUSED, NULL, 0, 0);
    } else if (asked->kind == ASK_GET && known) {
        answer(btl, message, asked, ANSWER_DATA, memory, asked->bytes, 0);
    } else {
        known = known && asked->kind != ASK_GET && serve_atomic(memory, asked, &value);
        answer(btl, message, asked, known ? ANSWER_VALUE : ANSWER_REFUSED, NULL, 0, value);
    }
}

/** Ends the job: a wrong result must not pass for a right one, and Open MPI would take it for that. */
static void answered_wrongly(weiss_btl *btl, weiss_endpoint *endpoint, const char *how)
{
    weiss_fault fault = {0};
    weiss_fault_set(
        &fault, WEISS_ERR_PEER,
        "rank %u %s a one-sided operation of this process: it is not on memory of a window. The program has "
        "freed the window, or Open MPI, before 4.1.6, has taken one rank for another, as it does when "
        "machines "
        "have different numbers of ranks: --mca osc ^rdma goes round that",
        (unsigned)endpoint->name.vpid, how);
    weiss_btl_fail(btl, endpoint, &fault);
}

/** Takes what an answer brings. @return false when it does not fit the operation */
static bool take_answer(operation *op, const weiss_message *message, const rdma_header *header)
{
    uint64_t body = message->head_bytes - sizeof *header + message->body_bytes;
    if (header->kind == ANSWER_DATA) {
        if (op->target == NULL || body > op->expected - op->arrived)
            return false;
        copy_body(op->target + op->arrived, message, body);
        op->arrived += body;
        return !header->last || op->arrived == op->expected;
    }
    if (header->kind == ANSWER_VALUE && op->target != NULL && op->expected <= 8)
        memcpy(op->target, &header->operand, op->expected);
    return true;
}

/** An answer has come: completes the operation when that was all. */
static void conclude(weiss_btl *btl, const weiss_message *message, const rdma_header *header)
{
    bool complete = header->kind != ANSWER_DATA || header->last;
    operation *op = awaited(btl, header->cookie, message->from, complete);
    if (op == NULL)
        return;
    weiss_endpoint *endpoint = op->endpoint;
    completion end = {op->callback, op->local_address, op->context, op->data, op->local_handle};
    if (header->kind == ANSWER_REFUSED)
        answered_wrongly(btl, endpoint, "refuses");
    else if (!take_answer(op, message, header))
        answered_wrongly(btl, endpoint, "gives too much or too little for");
    else if (complete)
        finish(btl, endpoint, &end, OPAL_SUCCESS);
    if (complete)
        OBJ_RELEASE(op);
}

void weiss_rdma_receive(weiss_btl *btl, const weiss_message *message)
{
    rdma_header header;
    if (message->head_bytes < sizeof header)
        return;
    memcpy(&header, message->head, sizeof header);
    if (header.kind >= ASK_PUT && header.kind <= ASK_CSWAP)
        serve(btl, message, &header);
    else if (header.kind <= ANSWER_REFUSED)
        conclude(btl, message, &header);
}
