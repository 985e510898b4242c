/* All collectives of intracommunicators, blocking and nonblocking, with many counts, types and operators, in place and not,
 * on several communicators; then many of them in flight at once, completed in another order. */
#include "operation.h"

#include <stdlib.h>
#include <string.h>

enum { NCOMMS = 5, BATCH = 14 };

static const test_kind *kind_number(int i)
{
    return i < test_nmovements ? &test_movements[i] : &test_reductions[i - test_nmovements];
}

/* The world, a copy, the world backwards, every second rank, and single ranks. */
static void make_communicators(MPI_Comm *comm)
{
    MPI_Comm_dup(MPI_COMM_WORLD, &comm[0]);
    MPI_Comm_dup(comm[0], &comm[1]);
    MPI_Comm_split(MPI_COMM_WORLD, 0, -test_rank(), &comm[2]);
    MPI_Comm_split(MPI_COMM_WORLD, test_rank() % 2, test_rank(), &comm[3]);
    MPI_Comm_dup(MPI_COMM_SELF, &comm[4]);
}

static void one(const test_kind *kind, MPI_Comm comm, uint64_t number, int count, bool nonblocking)
{
    test_operation op;
    test_operation_start(&op, kind, comm, number, count, nonblocking);
    MPI_Wait(&op.request, MPI_STATUS_IGNORE);
    test_operation_end(&op);
}

static bool single(MPI_Comm comm)
{
    int size;
    MPI_Comm_size(comm, &size);
    return size == 1;
}

/* Each kind at each count. The counts of blocks shrink with the number of ranks. */
static void each(const MPI_Comm *comm)
{
    static const int counts[] = {0, 1, 2, 7, 64, 500, 3000, 20000};
    int nkinds = test_nmovements + test_nreductions, repeats = test_scaled(8, 1);
    for (int c = 0; c < NCOMMS; c++)
        for (int k = 0; k < nkinds; k++)
            for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
                for (int repeat = 0; repeat < repeats; repeat++) {
                    uint64_t number = test_seed((uint64_t)(c * nkinds + k), i, (uint64_t)repeat);
                    int count = counts[i] > 500 ? counts[i] * 2 / test_size() : counts[i];
                    /* The largest are slow to compute: once is enough. */
                    if (repeat > 0 && counts[i] > 3000)
                        continue;
                    /* Open MPI 4.1.4 takes the displacements of MPI_Alltoallw, which are in bytes, for items on one rank. */
                    if (!single(comm[c]) || strcmp(kind_number(k)->name, "alltoallw") != 0)
                        one(kind_number(k), comm[c], number, count, false);
                    one(kind_number(k), comm[c], number + 1, count, true);
                }
}

/* Collectives of all kinds in flight on several communicators, finished one by one in the order in which they end, or in
 * a random order. */
static void in_flight(const MPI_Comm *comm, int round)
{
    test_operation op[BATCH];
    MPI_Request request[BATCH];
    uint64_t seed = test_seed(99, (uint64_t)round, 0);
    int *order = test_order(test_seed(seed, (uint64_t)test_rank(), 1), BATCH);
    test_step("%d collectives in flight, round %d", BATCH, round);
    for (int i = 0; i < BATCH; i++) {
        uint64_t draw = test_seed(seed, (uint64_t)i, 2);
        int kind = (int)test_random(draw, 1, (uint64_t)(test_nmovements + test_nreductions));
        int count = (int)test_random(draw, 2, test_random(draw, 3, 8) == 0 ? 8000 : 100);
        test_operation_start(&op[i], kind_number(kind), comm[test_random(draw, 4, 4)], draw, count, true);
        request[i] = op[i].request;
    }
    for (int i = 0; i < BATCH; i++) {
        int done = order[i];
        if (round % 2 == 0)
            MPI_Waitany(BATCH, request, &done, MPI_STATUS_IGNORE);
        else
            MPI_Wait(&request[done], MPI_STATUS_IGNORE);
        if (done != MPI_UNDEFINED)
            test_operation_end(&op[done]);
    }
    free(order);
}

int main(int argc, char **argv)
{
    MPI_Comm comm[NCOMMS];
    test_start(&argc, &argv, "collectives", MPI_THREAD_SINGLE);
    test_movements_begin();
    test_reductions_begin();
    make_communicators(comm);
    each(comm);
    for (int round = 0; round < test_scaled(60, 6); round++)
        in_flight(comm, round);
    for (int c = 0; c < NCOMMS; c++)
        MPI_Comm_free(&comm[c]);
    test_movements_end();
    test_reductions_end();
    return test_end();
}
