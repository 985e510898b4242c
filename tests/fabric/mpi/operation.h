/* One collective operation: its buffers, what they must hold afterwards, and how it is started. All ranks of the
 * communicator make the same operation from the same numbers. */
#ifndef WEISS_TESTS_MPI_OPERATION_H
#define WEISS_TESTS_MPI_OPERATION_H

#include "suite.h"

typedef struct test_operation test_operation;

/** A kind of operation, as "allgatherv" or "exscan". */
typedef struct test_kind {
    const char *name;
    /** Makes the buffers from comm, number, count, root, nonblocking and in_place. */
    void (*prepare)(const struct test_kind *kind, test_operation *op);
    void (*start)(test_operation *op);
    int shape; /* what it means is up to prepare */
    bool may_be_in_place;
} test_kind;

extern const test_kind test_movements[], test_reductions[];
extern const int test_nmovements, test_nreductions;

struct test_operation {
    const test_kind *kind;
    MPI_Comm comm;
    int rank, size, root, count;
    uint64_t number; /* chooses contents and types */
    bool nonblocking, in_place;
    MPI_Request request; /* MPI_REQUEST_NULL when it is done */
    const void *from; /* what is passed to MPI: send, or MPI_IN_PLACE */
    void *to;
    unsigned char *send, *receive, *expected;
    size_t send_bytes, receive_bytes, checked_bytes; /* the guard included when all of it is checked */
    int *scounts, *sdispls, *rcounts, *rdispls; /* per rank of the communicator, where it varies */
    MPI_Datatype type, *stypes, *rtypes;
    MPI_Op op;
    char text[80]; /* what it is, for messages */
};

/** Makes and starts an operation. */
void test_operation_start(test_operation *op, const test_kind *kind, MPI_Comm comm, uint64_t number,
                          int count, bool nonblocking);
/** Checks an operation that is done, and frees its buffers. */
void test_operation_end(test_operation *op);

/** Types, operators: collective because they are MPI objects; before the first and after the last operation. */
void test_reductions_begin(void);
void test_reductions_end(void);
void test_movements_begin(void);
void test_movements_end(void);

/** The blocking or the nonblocking function of a collective. */
#define TEST_START(op, Name, iname, ...)                                                                     \
    ((op)->nonblocking ? MPI_I##iname(__VA_ARGS__, &(op)->request) : MPI_##Name(__VA_ARGS__))

#endif
