/* One-sided operations that a target has to do: what is asked and answered, and the table of those that wait for an answer. */
#ifndef WEISS_BTL_OPERATION_H
#define WEISS_BTL_OPERATION_H

#include "fabric/btl/rdma.h"
#include "fabric/btl/registration.h"

/** What is asked of a target, and what it answers. */
enum { ASK_PUT = 1, ASK_GET, ASK_ATOMIC, ASK_CSWAP, ANSWER_DONE, ANSWER_DATA, ANSWER_VALUE, ANSWER_REFUSED };

/** Head of the component's own messages. It is sealed as a whole; its numbers are those of the peer all the same. */
typedef struct weiss_rdma_header {
    uint8_t kind, last;
    uint16_t op;
    int32_t flags;
    uint32_t cookie; /**< the origin's operation */
    uint32_t registration;
    uint64_t token, address;
    uint64_t bytes; /**< asked for; of the answer: of this piece */
    uint64_t operand, compare; /**< the value of an answer is in operand */
    uint32_t jobid, vpid; /**< of the origin */
} weiss_rdma_header;
static_assert(sizeof(weiss_rdma_header) <= WEISS_BTL_HEAD_MAX, "header");

/** What an origin wants to hear at the end. */
typedef struct weiss_completion {
    mca_btl_base_rdma_completion_fn_t callback;
    void *local_address, *context, *data;
    mca_btl_base_registration_handle_t *local_handle;
} weiss_completion;

/** Something to send in pieces, and at the origin something to wait for. The endpoint's list holds a reference until all is
 *  sent, the table of those that wait for an answer another one: the answer can come while the sender is not yet done. */
typedef struct weiss_operation {
    opal_list_item_t super;
    weiss_endpoint *endpoint;
    weiss_rdma_header header;
    const uint8_t *source; /**< of the body */
    uint64_t bytes, sent;
    uint8_t *target; /**< where an answer's data or value goes */
    uint64_t expected, arrived; /**< bytes of the answer */
    weiss_completion end;
} weiss_operation;

typedef struct weiss_operation_place weiss_operation_place;

struct weiss_rdma {
    weiss_registrations registrations;
    weiss_operation_place *place; /**< owned; the table, whose index is the cookie */
    uint32_t capacity, free; /**< the first free place, or UINT32_MAX */
};

/** A new one, for one reference; NULL: out of memory. */
weiss_operation *weiss_operation_new(weiss_endpoint *endpoint, uint8_t kind);
/** Gives an operation a place in the table, whose index the answer will name. @return false: there is no room */
bool weiss_operation_await(weiss_btl *btl, weiss_operation *op);
/** Finds an operation in the table, or takes it out; NULL when @p cookie names none to that peer. */
weiss_operation *weiss_operation_awaited(weiss_btl *btl, uint32_t cookie, uint32_t slot, bool take);
/** Sends an operation as far as there is room now, the rest from progress. Takes over the reference.
 *  @return OPAL_SUCCESS, OPAL_ERROR */
int weiss_operation_launch(weiss_btl *btl, weiss_endpoint *endpoint, weiss_operation *op);
/** Tells the origin. @return OPAL_SUCCESS */
int weiss_operation_finish(weiss_btl *btl, weiss_endpoint *endpoint, const weiss_completion *end, int status);

#endif
