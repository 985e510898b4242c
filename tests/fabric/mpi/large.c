/* Large messages: a count of blocks of 1 MiB, contiguous and with gaps, between the two halves of the job; more than
 * 2 GiB in one message with --huge. */
#include "suite.h"

#include <stdlib.h>

#define MIB ((size_t)1 << 20)

static void check_count(const MPI_Status *status, MPI_Datatype block, int count)
{
    MPI_Count elements;
    int n;
    MPI_Get_count(status, block, &n);
    MPI_Get_elements_x(status, MPI_BYTE, &elements);
    TEST_CHECK(n == count && elements == (MPI_Count)MIB * count,
               "status has %d blocks, %lld bytes; expected %d, %zu", n, (long long)elements, count,
               MIB * (size_t)count);
}

/* One way, then the other; blocks of 1 MiB. */
static void contiguous(int count, int with)
{
    size_t bytes = (size_t)count * MIB;
    unsigned char *data = test_buffer(bytes);
    MPI_Datatype block;
    MPI_Status status;
    MPI_Type_contiguous((int)MIB, MPI_BYTE, &block);
    MPI_Type_commit(&block);
    for (int turn = 0; turn < 2; turn++) {
        test_step("%d MiB with rank %d, turn %d", count, with, turn);
        if ((turn == 0) == (test_rank() < with)) {
            test_fill(data, 0, bytes, test_seed((uint64_t)test_rank(), bytes, 0));
            MPI_Send(data, count, block, with, turn, MPI_COMM_WORLD);
        } else {
            test_blank(data, bytes);
            MPI_Recv(data, count, block, with, turn, MPI_COMM_WORLD, &status);
            check_count(&status, block, count);
            test_check_fill(data, 0, bytes, test_seed((uint64_t)with, bytes, 0), "%zu bytes from %d", bytes,
                            with);
            test_check_guard(data, bytes, "large message");
        }
    }
    MPI_Type_free(&block);
    free(data);
}

/* Both ways at once, into blocks with a gap of 512 KiB between. */
static void gaps(int count, int with)
{
    size_t bytes = (size_t)count * MIB, stride = MIB + MIB / 2;
    unsigned char *out = test_memory(bytes), *in = test_buffer((size_t)count * stride);
    MPI_Datatype flat, spread;
    MPI_Status status;
    test_step("%d MiB into blocks with gaps, with rank %d", count, with);
    MPI_Type_contiguous((int)MIB, MPI_BYTE, &flat);
    MPI_Type_commit(&flat);
    MPI_Type_create_resized(flat, 0, (MPI_Aint)stride, &spread);
    MPI_Type_commit(&spread);
    test_fill(out, 0, bytes, test_seed((uint64_t)test_rank(), bytes, 1));
    MPI_Sendrecv(out, count, flat, with, 5, in, count, spread, with, 5, MPI_COMM_WORLD, &status);
    check_count(&status, flat, count);
    for (int i = 0; i < count; i++) {
        unsigned char *block = in + (size_t)i * stride;
        test_check_fill(block, (size_t)i * MIB, MIB, test_seed((uint64_t)with, bytes, 1), "block %d from %d",
                        i, with);
        test_check_guard(block, MIB, "gap between blocks");
    }
    MPI_Type_free(&flat);
    MPI_Type_free(&spread);
    free(out);
    free(in);
}

static void collective(int count)
{
    size_t bytes = (size_t)count * MIB;
    unsigned char *data = test_buffer(bytes);
    test_step("broadcast of %d MiB", count);
    for (int root = 0; root < test_size(); root += test_size() - 1) {
        test_blank(data, bytes);
        if (test_rank() == root)
            test_fill(data, 0, bytes, test_seed((uint64_t)root, bytes, 2));
        MPI_Bcast(data, (int)bytes, MPI_BYTE, root, MPI_COMM_WORLD);
        test_check_fill(data, 0, bytes, test_seed((uint64_t)root, bytes, 2), "broadcast from %d", root);
        test_check_guard(data, bytes, "broadcast");
    }
    free(data);
}

int main(int argc, char **argv)
{
    test_start(&argc, &argv, "large", MPI_THREAD_SINGLE);
    if (test_size() < 2)
        return test_skip("needs two ranks");
    int half = test_rounds(test_size()) / 2, with = test_partner(test_rank(), test_size(), half);
    /* The same amount of memory in all, whatever the number of ranks. */
    int count = test_scaled(256 / test_size(), 4);
    if (with >= 0) {
        contiguous(count, with);
        contiguous(3 * count / 4 + 1, with);
        gaps(count / 2, with);
    }
    collective(count / 2);
    if (test_huge() && (test_rank() == 0 || test_rank() == half))
        contiguous(2200, half - test_rank());
    return test_end();
}
