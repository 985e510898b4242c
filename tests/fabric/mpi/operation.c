#include "operation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void test_operation_start(test_operation *op, const test_kind *kind, MPI_Comm comm, uint64_t number,
                          int count, bool nonblocking)
{
    *op = (test_operation){
        .kind = kind, .comm = comm, .number = number, .count = count, .nonblocking = nonblocking};
    MPI_Comm_rank(comm, &op->rank);
    MPI_Comm_size(comm, &op->size);
    op->root = (int)test_random(number, 1, (uint64_t)op->size);
    op->in_place = kind->may_be_in_place && test_random(number, 2, 3) == 0;
    op->request = MPI_REQUEST_NULL;
    snprintf(op->text, sizeof op->text, "%s%s, count %d, root %d%s, %d ranks", nonblocking ? "i" : "",
             kind->name, count, op->root, op->in_place ? ", in place" : "", op->size);
    test_step("%s, number %llu", op->text, (unsigned long long)number);
    op->scounts = calloc((size_t)op->size * 4, sizeof *op->scounts);
    op->stypes = calloc((size_t)op->size * 2, sizeof *op->stypes);
    TEST_CHECK(op->scounts != NULL && op->stypes != NULL, "no memory");
    op->sdispls = op->scounts + op->size;
    op->rcounts = op->sdispls + op->size;
    op->rdispls = op->rcounts + op->size;
    op->rtypes = op->stypes + op->size;
    kind->prepare(kind, op);
    kind->start(op);
}

void test_operation_end(test_operation *op)
{
    if (op->receive != NULL)
        test_check_bytes(op->receive, op->expected, op->checked_bytes, "%s", op->text);
    free(op->send);
    free(op->receive);
    free(op->expected);
    free(op->scounts);
    free(op->stypes);
    memset(op, 0, sizeof *op);
}
