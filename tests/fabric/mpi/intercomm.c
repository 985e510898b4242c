/* Intercommunicators between the lower and the upper part of the world: messages, collectives, merging. */
#include "suite.h"

#include <stdlib.h>

static int me, size, split_at;
static bool upper;

/* Every rank to every rank of the other side and back. */
static void messages(MPI_Comm inter, size_t n)
{
    int rank, nremote;
    MPI_Comm_rank(inter, &rank);
    MPI_Comm_remote_size(inter, &nremote);
    test_step("messages of %zu bytes between the sides", n);
    MPI_Request *request = test_memory((size_t)(2 * nremote) * sizeof *request);
    unsigned char *out = test_memory((n + 1) * (size_t)nremote),
                  *in = test_memory((n + TEST_GUARD) * (size_t)nremote);
    for (int r = 0; r < nremote; r++) {
        unsigned char *place = in + (size_t)r * (n + TEST_GUARD);
        test_blank(place, n);
        test_fill(out + (size_t)r * n, 0, n, test_seed(upper, (uint64_t)rank, (uint64_t)r));
        MPI_Irecv(place, (int)n, MPI_BYTE, r, 1, inter, &request[r]);
        MPI_Isend(out + (size_t)r * n, (int)n, MPI_BYTE, r, 1, inter, &request[nremote + r]);
    }
    MPI_Waitall(2 * nremote, request, MPI_STATUSES_IGNORE);
    for (int r = 0; r < nremote; r++) {
        unsigned char *place = in + (size_t)r * (n + TEST_GUARD);
        test_check_fill(place, 0, n, test_seed(!upper, (uint64_t)r, (uint64_t)rank),
                        "message from remote rank %d", r);
        test_check_guard(place, n, "message from the other side");
    }
    free(request);
    free(out);
    free(in);
}

/* From one rank of one side to all of the other side, and from all of a side to one of the other. */
static void rooted(MPI_Comm inter, size_t n, bool from_upper)
{
    int rank, nlocal, nremote;
    uint64_t seed = test_seed(7, n, from_upper);
    unsigned char *data = test_buffer(n);
    long sum = 0, value;
    MPI_Comm_rank(inter, &rank);
    MPI_Comm_size(inter, &nlocal);
    MPI_Comm_remote_size(inter, &nremote);
    int root_rank = (from_upper ? size - split_at : split_at) - 1;
    test_step("broadcast and reduce of %zu bytes between the sides", n);
    if (upper == from_upper && rank == root_rank)
        test_fill(data, 0, n, seed);
    MPI_Bcast(data, (int)n, MPI_BYTE,
              upper != from_upper ? root_rank
              : rank == root_rank ? MPI_ROOT
                                  : MPI_PROC_NULL,
              inter);
    if (upper != from_upper || rank == root_rank)
        test_check_fill(data, 0, n, seed, "broadcast to the other side");
    test_check_guard(data, n, "broadcast to the other side");
    /* Back: the side that received sums up, for that root. */
    value = me + 1;
    MPI_Reduce(&value, &sum, 1, MPI_LONG, MPI_SUM,
               upper != from_upper ? root_rank
               : rank == root_rank ? MPI_ROOT
                                   : MPI_PROC_NULL,
               inter);
    if (upper == from_upper && rank == root_rank) {
        long expected = 0;
        for (int r = from_upper ? 0 : split_at; r < (from_upper ? split_at : size); r++)
            expected += r + 1;
        TEST_CHECK(sum == expected, "sum of the other side is %ld, expected %ld", sum, expected);
    }
    free(data);
}

/* Each side gets what the other one has. */
static void everyone(MPI_Comm inter, size_t n)
{
    int rank, nlocal, nremote;
    MPI_Comm_rank(inter, &rank);
    MPI_Comm_size(inter, &nlocal);
    MPI_Comm_remote_size(inter, &nremote);
    unsigned char *out = test_memory(n * (size_t)nremote), *in = test_buffer(n * (size_t)nremote);
    long value = me + 1, sum = 0, expected = 0;
    test_step("allgather, alltoall, allreduce, barrier of %zu bytes between the sides", n);
    test_fill(out, 0, n, test_seed(8, upper, (uint64_t)rank));
    MPI_Allgather(out, (int)n, MPI_BYTE, in, (int)n, MPI_BYTE, inter);
    for (int r = 0; r < nremote; r++)
        test_check_fill(in + (size_t)r * n, 0, n, test_seed(8, !upper, (uint64_t)r),
                        "allgather from remote rank %d", r);
    test_check_guard(in, n * (size_t)nremote, "allgather");
    for (int r = 0; r < nremote; r++)
        test_fill(out + (size_t)r * n, 0, n, test_seed(9 + upper, (uint64_t)rank, (uint64_t)r));
    test_blank(in, n * (size_t)nremote);
    MPI_Alltoall(out, (int)n, MPI_BYTE, in, (int)n, MPI_BYTE, inter);
    for (int r = 0; r < nremote; r++)
        test_check_fill(in + (size_t)r * n, 0, n, test_seed(9 + !upper, (uint64_t)r, (uint64_t)rank),
                        "alltoall from remote rank %d", r);
    test_check_guard(in, n * (size_t)nremote, "alltoall");
    MPI_Allreduce(&value, &sum, 1, MPI_LONG, MPI_SUM, inter);
    for (int r = upper ? 0 : split_at; r < (upper ? split_at : size); r++)
        expected += r + 1;
    TEST_CHECK(sum == expected, "allreduce gives %ld, expected the other side's %ld", sum, expected);
    MPI_Barrier(inter);
    free(out);
    free(in);
}

/* One intracommunicator of both, the upper side first or last. */
static void merge(MPI_Comm inter, bool upper_last)
{
    MPI_Comm both;
    int rank, expected = upper_last ? me : upper ? me - split_at : me + size - split_at;
    long sum = me;
    test_step("merge");
    MPI_Intercomm_merge(inter, upper == upper_last, &both);
    MPI_Comm_rank(both, &rank);
    TEST_CHECK(rank == expected, "rank %d in the merged communicator, expected %d", rank, expected);
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_LONG, MPI_SUM, both);
    TEST_CHECK(sum == (long)size * (size - 1) / 2, "sum of ranks is %ld", sum);
    MPI_Comm_free(&both);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {0, 1, 100, 4097, 70000, 1000000};
    MPI_Comm side, inter, copy;
    test_start(&argc, &argv, "intercomm", MPI_THREAD_SINGLE);
    me = test_rank();
    size = test_size();
    if (size < 2)
        return test_skip("needs two ranks");
    for (int round = 0; round < test_scaled(2, 2); round++) {
        /* Sides of different sizes where there are enough ranks. */
        split_at = round % 2 == 0 ? (size + 1) / 2 : 1;
        upper = me >= split_at;
        test_step("making the intercommunicator");
        MPI_Comm_split(MPI_COMM_WORLD, upper, me, &side);
        MPI_Intercomm_create(side, 0, MPI_COMM_WORLD, upper ? 0 : split_at, 17, &inter);
        MPI_Comm_dup(inter, &copy);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            messages(i % 2 == 0 ? inter : copy, sizes[i]);
            rooted(inter, sizes[i], false);
            rooted(copy, sizes[i], true);
            everyone(inter, sizes[i] / 10);
        }
        merge(inter, true);
        merge(copy, false);
        MPI_Comm_free(&copy);
        MPI_Comm_free(&inter);
        MPI_Comm_free(&side);
    }
    return test_end();
}
