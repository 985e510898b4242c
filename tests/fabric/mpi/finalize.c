/* The end: ranks call MPI_Finalize while messages that they sent are still on their way, as MPI allows: buffered ones, and
 * those of freed requests whose arrival another message has told. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TAG 3
#define LATE 4
#define ARRIVED 5

static size_t size_of(int i)
{
    return test_random(test_seed(1, 0, 0), (uint64_t)i, i % 10 == 0 ? 60000 : 2000);
}

static void receive(int from, int tag, size_t n, uint64_t seed)
{
    unsigned char *in = test_buffer(n);
    MPI_Status status;
    MPI_Recv(in, (int)n, MPI_BYTE, from, tag, MPI_COMM_WORLD, &status);
    test_check_status(&status, from, tag, n, "late message");
    test_check_fill(in, 0, n, seed, "late message of %zu bytes from %d", n, from);
    test_check_guard(in, n, "late message");
    free(in);
}

int main(int argc, char **argv)
{
    enum { LARGE = 500000 };
    test_start(&argc, &argv, "finalize", MPI_THREAD_SINGLE);
    int me = test_rank(), size = test_size(), n = test_scaled(100, 10), room = 0;
    if (size < 2)
        return test_skip("needs two ranks");
    for (int i = 0; i < n; i++)
        room += (int)size_of(i) + MPI_BSEND_OVERHEAD;
    void *attached = test_memory((size_t)room);
    unsigned char *large = test_memory(LARGE), *data = test_memory(60000);
    MPI_Buffer_attach(attached, room);
    /* Even ranks send to the next one and end; odd ranks come late. The last of an odd number has nobody. */
    int to = me % 2 == 0 && me + 1 < size ? me + 1 : -1, from = me % 2 == 1 ? me - 1 : -1;
    MPI_Request request;
    test_step("messages before the end");
    if (to >= 0) {
        test_fill(large, 0, LARGE, test_seed(2, (uint64_t)me, 0));
        MPI_Isend(large, LARGE, MPI_BYTE, to, LATE, MPI_COMM_WORLD, &request);
        MPI_Request_free(&request);
    }
    if (from >= 0)
        receive(from, LATE, LARGE, test_seed(2, (uint64_t)from, 0));
    if (from >= 0)
        MPI_Send(NULL, 0, MPI_BYTE, from, ARRIVED, MPI_COMM_WORLD);
    if (to >= 0)
        MPI_Recv(NULL, 0, MPI_BYTE, to, ARRIVED, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (me == 0) {
        /* The counts are not summed up: that would be a message after the last one. */
        printf("checked: %d messages a pair\n", n + 1);
        fflush(stdout);
    }
    test_step("late messages");
    for (int i = 0; to >= 0 && i < n; i++) {
        test_fill(data, 0, size_of(i), test_seed(3, (uint64_t)me, (uint64_t)i));
        MPI_Bsend(data, (int)size_of(i), MPI_BYTE, to, TAG, MPI_COMM_WORLD);
    }
    if (from >= 0)
        usleep(300000);
    for (int i = 0; from >= 0 && i < n; i++)
        receive(from, TAG, size_of(i), test_seed(3, (uint64_t)from, (uint64_t)i));
    /* The attached buffer is in use until MPI_Finalize returns. */
    test_end_quietly();
    free(attached);
    free(large);
    free(data);
    return 0;
}
