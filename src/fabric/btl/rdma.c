#include "fabric/btl/rdma.h"

#include "fabric/btl/atomic.h"
#include "fabric/btl/operation.h"
#include "fabric/btl/send.h"

#include <string.h>

/** Answers the origin of @p asked. */
static void answer(weiss_btl *btl, const weiss_message *message, const weiss_rdma_header *asked, uint8_t kind,
                   const void *source, uint64_t bytes, uint64_t value)
{
    opal_process_name_t name = {.jobid = asked->jobid, .vpid = asked->vpid};
    weiss_endpoint *endpoint = weiss_btl_endpoint_of(btl, message->from, name);
    weiss_operation *op = endpoint != NULL ? weiss_operation_new(endpoint, kind) : NULL;
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
    weiss_operation_launch(btl, endpoint, op);
}

/** Copies @p bytes bytes of a message's body, which begins behind the header in its head. */
static void copy_body(void *to, const weiss_message *message, uint64_t bytes)
{
    size_t in_head = message->head_bytes - sizeof(weiss_rdma_header);
    if (in_head > bytes)
        in_head = bytes;
    memcpy(to, message->head + sizeof(weiss_rdma_header), in_head);
    if (bytes > in_head)
        memcpy((uint8_t *)to + in_head, message->body, bytes - in_head);
}

/** Does an atomic operation on registered memory. @return false when it is not one of ours */
static bool serve_atomic(void *memory, const weiss_rdma_header *asked, uint64_t *before)
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
static void serve(weiss_btl *btl, const weiss_message *message, const weiss_rdma_header *asked)
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

/** Takes what an answer brings. @return false when it does not fit the weiss_operation */
static bool take_answer(weiss_operation *op, const weiss_message *message, const weiss_rdma_header *header)
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
static void conclude(weiss_btl *btl, const weiss_message *message, const weiss_rdma_header *header)
{
    bool complete = header->kind != ANSWER_DATA || header->last;
    weiss_operation *op = weiss_operation_awaited(btl, header->cookie, message->from, complete);
    if (op == NULL)
        return;
    weiss_endpoint *endpoint = op->endpoint;
    const weiss_completion end = op->end;
    if (header->kind == ANSWER_REFUSED)
        answered_wrongly(btl, endpoint, "refuses");
    else if (!take_answer(op, message, header))
        answered_wrongly(btl, endpoint, "gives too much or too little for");
    else if (complete)
        weiss_operation_finish(btl, endpoint, &end, OPAL_SUCCESS);
    if (complete)
        OBJ_RELEASE(op);
}

void weiss_rdma_receive(weiss_btl *btl, const weiss_message *message)
{
    weiss_rdma_header header;
    if (message->head_bytes < sizeof header)
        return;
    memcpy(&header, message->head, sizeof header);
    if (header.kind >= ASK_PUT && header.kind <= ASK_CSWAP)
        serve(btl, message, &header);
    else if (header.kind <= ANSWER_REFUSED)
        conclude(btl, message, &header);
}
