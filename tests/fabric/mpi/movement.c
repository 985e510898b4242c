/* Collectives that move data. The block from rank a to rank b is a sequence that belongs to the operation, a and b; where a
 * rank sends the same to all, b counts as 0. */
#include "operation.h"

#include <stdlib.h>
#include <string.h>

/* The shape of a kind. */
enum {
    SENDS_EACH = 1, /* a block of its own to every rank */
    GETS_EACH = 2, /* a block from every rank */
    ROOT_SENDS = 4, /* only the root sends */
    ROOT_GETS = 8, /* only the root receives */
    VARIES = 16, /* blocks of different lengths, not in the order of ranks, with gaps */
    TYPES_VARY = 32 /* of different types as well */
};

enum { NITEMS = 4 };
static const size_t item_bytes[NITEMS] = {1, 4, 8, 12};
static MPI_Datatype item_type[NITEMS] = {MPI_BYTE, MPI_INT, MPI_DOUBLE, MPI_DATATYPE_NULL};

void test_movements_begin(void)
{
    MPI_Type_contiguous(3, MPI_INT, &item_type[3]);
    MPI_Type_commit(&item_type[3]);
}

void test_movements_end(void)
{
    MPI_Type_free(&item_type[3]);
}

static int to_of(const test_kind *kind, int to)
{
    return kind->shape & SENDS_EACH ? to : 0;
}

/* Number of items from a rank to another one. In place, both ways have the same. */
static int block_count(const test_operation *op, const test_kind *kind, int from, int to)
{
    to = to_of(kind, to);
    if (!(kind->shape & VARIES))
        return op->count;
    if (op->in_place && kind->shape & SENDS_EACH && !(kind->shape & ROOT_SENDS) && from > to)
        return block_count(op, kind, to, from);
    int count =
        (int)test_random(test_seed(op->number, (uint64_t)from, (uint64_t)to), 1, 2 * (uint64_t)op->count + 1);
    /* Open MPI 4.1.4 forgets a nonblocking one in place on a rank where all counts are 0, and hangs in the next one. */
    bool may_be_empty = !(op->in_place && kind->shape & SENDS_EACH && kind->shape & GETS_EACH);
    return count == 0 && op->count > 0 && !may_be_empty ? 1 : count;
}

static int block_item(const test_operation *op, const test_kind *kind, int from, int to)
{
    if (!(kind->shape & TYPES_VARY))
        return (int)test_random(op->number, 3, NITEMS);
    if (op->in_place && from > to)
        return block_item(op, kind, to, from);
    return (int)test_random(test_seed(op->number, (uint64_t)from, (uint64_t)to), 2, NITEMS);
}

/* Where the blocks of this rank are, to (outgoing) or from every rank. @return bytes in all */
static size_t place_blocks(const test_operation *op, const test_kind *kind, bool outgoing, int *counts,
                           int *displs, MPI_Datatype *types)
{
    int n = kind->shape & (outgoing ? SENDS_EACH : GETS_EACH) ? op->size : 1;
    /* A single block has no displacement. */
    bool varies = kind->shape & VARIES && kind->shape & (outgoing ? SENDS_EACH : GETS_EACH);
    size_t at = 0;
    for (int k = 0; k < n; k++) {
        int i = varies ? n - 1 - k : k, other = n > 1 ? i : outgoing ? 0 : op->root;
        int from = outgoing ? op->rank : other, to = outgoing ? other : op->rank;
        int item = block_item(op, kind, from, to);
        counts[i] = block_count(op, kind, from, to);
        types[i] = item_type[item];
        /* Displacements are in items; with types that vary, in bytes. */
        size_t unit = kind->shape & TYPES_VARY ? 1 : item_bytes[item];
        at = varies ? (at + 2 * unit) / unit * unit : at;
        displs[i] = (int)(at / unit);
        at += (size_t)counts[i] * item_bytes[item];
    }
    return at;
}

static void fill_block(const test_operation *op, const test_kind *kind, unsigned char *buffer, bool outgoing,
                       int other)
{
    int from = outgoing ? op->rank : other, to = outgoing ? other : op->rank;
    int n = kind->shape & (outgoing ? SENDS_EACH : GETS_EACH) ? other : 0;
    int item = block_item(op, kind, from, to);
    size_t unit = kind->shape & TYPES_VARY ? 1 : item_bytes[item];
    size_t at = (size_t)(outgoing ? op->sdispls : op->rdispls)[n] * unit;
    size_t bytes = (size_t)block_count(op, kind, from, to) * item_bytes[item];
    test_fill(buffer + at, 0, bytes, test_seed(op->number, (uint64_t)from, 1000 + (uint64_t)to_of(kind, to)));
}

/* What is in the receive buffer before, when the operation works in place. */
static void prepare_in_place(const test_kind *kind, test_operation *op)
{
    if (kind->shape & ROOT_SENDS) {
        if (op->rank == op->root)
            op->to = MPI_IN_PLACE;
        return;
    }
    if (kind->shape & ROOT_GETS && op->rank != op->root)
        return;
    op->from = MPI_IN_PLACE;
    if (kind->shape & SENDS_EACH) {
        /* The blocks to all lie where those from all will be. */
        memcpy(op->sdispls, op->rdispls, (size_t)op->size * sizeof *op->sdispls);
        for (int i = 0; i < op->size; i++)
            fill_block(op, kind, op->receive, true, i);
    } else {
        fill_block(op, kind, op->receive, false, op->rank);
    }
}

static void prepare(const test_kind *kind, test_operation *op)
{
    bool sends = !(kind->shape & ROOT_SENDS) || op->rank == op->root;
    bool gets = !(kind->shape & ROOT_GETS) || op->rank == op->root;
    op->type = item_type[block_item(op, kind, 0, 0)];
    op->send_bytes = place_blocks(op, kind, true, op->scounts, op->sdispls, op->stypes);
    op->receive_bytes = place_blocks(op, kind, false, op->rcounts, op->rdispls, op->rtypes);
    if (sends) {
        op->send = test_buffer(op->send_bytes);
        for (int i = 0; i < (kind->shape & SENDS_EACH ? op->size : 1); i++)
            fill_block(op, kind, op->send, true, i);
    }
    if (gets) {
        op->receive = test_buffer(op->receive_bytes);
        op->expected = test_buffer(op->receive_bytes);
        op->checked_bytes = op->receive_bytes + TEST_GUARD;
        for (int i = 0; i < op->size; i++)
            if (kind->shape & GETS_EACH || i == op->root)
                fill_block(op, kind, op->expected, false, i);
    }
    op->from = op->send;
    op->to = op->receive;
    if (op->in_place)
        prepare_in_place(kind, op);
    if (op->to == MPI_IN_PLACE)
        test_blank(op->expected, op->receive_bytes);
}

/* The root's buffer holds what all shall have. */
static void prepare_bcast(const test_kind *kind, test_operation *op)
{
    prepare(kind, op);
    if (op->rank == op->root)
        memcpy(op->receive, op->expected, op->receive_bytes);
}

static void prepare_nothing(const test_kind *kind, test_operation *op)
{
    (void)kind;
    (void)op;
}

static void start_barrier(test_operation *op)
{
    TEST_START(op, Barrier, barrier, op->comm);
}

static void start_bcast(test_operation *op)
{
    TEST_START(op, Bcast, bcast, op->to, op->count, op->type, op->root, op->comm);
}

static void start_gather(test_operation *op)
{
    TEST_START(op, Gather, gather, op->from, op->count, op->type, op->to, op->count, op->type, op->root,
               op->comm);
}

static void start_gatherv(test_operation *op)
{
    TEST_START(op, Gatherv, gatherv, op->from, op->scounts[0], op->type, op->to, op->rcounts, op->rdispls,
               op->type, op->root, op->comm);
}

static void start_scatter(test_operation *op)
{
    TEST_START(op, Scatter, scatter, op->from, op->count, op->type, op->to, op->count, op->type, op->root,
               op->comm);
}

static void start_scatterv(test_operation *op)
{
    TEST_START(op, Scatterv, scatterv, op->from, op->scounts, op->sdispls, op->type, op->to, op->rcounts[0],
               op->type, op->root, op->comm);
}

static void start_allgather(test_operation *op)
{
    TEST_START(op, Allgather, allgather, op->from, op->count, op->type, op->to, op->count, op->type,
               op->comm);
}

static void start_allgatherv(test_operation *op)
{
    TEST_START(op, Allgatherv, allgatherv, op->from, op->scounts[0], op->type, op->to, op->rcounts,
               op->rdispls, op->type, op->comm);
}

static void start_alltoall(test_operation *op)
{
    TEST_START(op, Alltoall, alltoall, op->from, op->count, op->type, op->to, op->count, op->type, op->comm);
}

static void start_alltoallv(test_operation *op)
{
    TEST_START(op, Alltoallv, alltoallv, op->from, op->scounts, op->sdispls, op->type, op->to, op->rcounts,
               op->rdispls, op->type, op->comm);
}

static void start_alltoallw(test_operation *op)
{
    TEST_START(op, Alltoallw, alltoallw, op->from, op->scounts, op->sdispls, op->stypes, op->to, op->rcounts,
               op->rdispls, op->rtypes, op->comm);
}

const test_kind test_movements[] = {
    {"barrier", prepare_nothing, start_barrier, 0, false},
    {"bcast", prepare_bcast, start_bcast, ROOT_SENDS, false},
    {"gather", prepare, start_gather, GETS_EACH | ROOT_GETS, true},
    {"gatherv", prepare, start_gatherv, GETS_EACH | ROOT_GETS | VARIES, true},
    {"scatter", prepare, start_scatter, SENDS_EACH | ROOT_SENDS, true},
    {"scatterv", prepare, start_scatterv, SENDS_EACH | ROOT_SENDS | VARIES, true},
    {"allgather", prepare, start_allgather, GETS_EACH, true},
    {"allgatherv", prepare, start_allgatherv, GETS_EACH | VARIES, true},
    {"alltoall", prepare, start_alltoall, SENDS_EACH | GETS_EACH, true},
    {"alltoallv", prepare, start_alltoallv, SENDS_EACH | GETS_EACH | VARIES, true},
    {"alltoallw", prepare, start_alltoallw, SENDS_EACH | GETS_EACH | VARIES | TYPES_VARY, true},
};
const int test_nmovements = sizeof test_movements / sizeof *test_movements;
