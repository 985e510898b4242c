/* Processes that start later: children of MPI_Comm_spawn exchange data with their parents, merge with them and leave, again
 * and again; then the two halves of the job find each other through a port. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { NCHILDREN = 2 };

/* Data from every rank to every rank of the other side; both sides call it. */
static void exchange(MPI_Comm inter, bool child, size_t n)
{
    int rank, nremote;
    MPI_Comm_rank(inter, &rank);
    MPI_Comm_remote_size(inter, &nremote);
    unsigned char *out = test_memory(n), *in = test_buffer(n);
    for (int r = 0; r < nremote; r++) {
        MPI_Request request;
        MPI_Status status;
        test_step("%s: %zu bytes with remote rank %d", child ? "child" : "parent", n, r);
        test_fill(out, 0, n, test_seed(child, (uint64_t)rank, n));
        test_blank(in, n);
        MPI_Isend(out, (int)n, MPI_BYTE, r, 1, inter, &request);
        MPI_Recv(in, (int)n, MPI_BYTE, r, 1, inter, &status);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        test_check_status(&status, r, 1, n, "from the other side");
        test_check_fill(in, 0, n, test_seed(!child, (uint64_t)r, n), "%zu bytes from remote rank %d", n, r);
        test_check_guard(in, n, "from the other side");
    }
    free(out);
    free(in);
}

/* A broadcast from rank 0 of the parents (or of the side that connected). */
static void broadcast(MPI_Comm inter, bool child, size_t n)
{
    unsigned char *data = test_buffer(n);
    int rank;
    MPI_Comm_rank(inter, &rank);
    test_step("%s: broadcast between the sides", child ? "child" : "parent");
    if (!child && rank == 0)
        test_fill(data, 0, n, test_seed(5, n, 0));
    MPI_Bcast(data, (int)n, MPI_BYTE, child ? 0 : rank == 0 ? MPI_ROOT : MPI_PROC_NULL, inter);
    if (child || rank == 0)
        test_check_fill(data, 0, n, test_seed(5, n, 0), "broadcast to the other side");
    free(data);
}

/* Both sides as one communicator. */
static void together(MPI_Comm inter, bool child)
{
    MPI_Comm all;
    int rank, size, nlocal, nremote, got;
    test_step("%s: merge", child ? "child" : "parent");
    MPI_Comm_size(inter, &nlocal);
    MPI_Comm_remote_size(inter, &nremote);
    MPI_Intercomm_merge(inter, child, &all);
    MPI_Comm_rank(all, &rank);
    MPI_Comm_size(all, &size);
    TEST_CHECK(size == nlocal + nremote, "%d ranks in all, expected %d", size, nlocal + nremote);
    TEST_CHECK(child == (rank >= size - (child ? nlocal : nremote)), "the side that comes last has rank %d",
               rank);
    for (int distance = 0; distance < size; distance++) {
        int to = (rank + distance) % size, from = (rank + size - distance) % size;
        MPI_Sendrecv(&rank, 1, MPI_INT, to, 2, &got, 1, MPI_INT, from, 2, all, MPI_STATUS_IGNORE);
        TEST_CHECK(got == from, "got %d from rank %d", got, from);
    }
    long sum = rank;
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_LONG, MPI_SUM, all);
    TEST_CHECK(sum == (long)size * (size - 1) / 2, "sum of ranks is %ld", sum);
    MPI_Comm_free(&all);
}

static void meet(MPI_Comm *inter, bool child)
{
    static const size_t sizes[] = {0, 8, 70000, 300000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        exchange(*inter, child, sizes[i]);
    broadcast(*inter, child, 10000);
    together(*inter, child);
    test_step("%s: disconnect", child ? "child" : "parent");
    MPI_Comm_disconnect(inter);
}

static void spawn(const char *program, char **arguments, int round)
{
    MPI_Comm inter;
    int codes[NCHILDREN], nremote;
    test_step("MPI_Comm_spawn, round %d", round);
    MPI_Comm_spawn(program, arguments, NCHILDREN, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &inter, codes);
    for (int i = 0; i < NCHILDREN; i++)
        TEST_CHECK(codes[i] == MPI_SUCCESS, "child %d: error %d", i, codes[i]);
    MPI_Comm_remote_size(inter, &nremote);
    TEST_CHECK(nremote == NCHILDREN, "%d children, expected %d", nremote, NCHILDREN);
    meet(&inter, false);
    test_step("the parents, round %d", round);
    MPI_Barrier(MPI_COMM_WORLD);
}

/* Every rank starts children of its own at the same time; nobody else knows them. */
static void spawn_alone(const char *program, char **arguments)
{
    MPI_Comm inter;
    test_step("MPI_Comm_spawn by a single rank");
    if (test_rank() == test_size() - 1) {
        MPI_Comm_spawn(program, arguments, NCHILDREN, MPI_INFO_NULL, 0, MPI_COMM_SELF, &inter,
                       MPI_ERRCODES_IGNORE);
        meet(&inter, false);
    }
    test_step("the parents, afterwards");
    MPI_Barrier(MPI_COMM_WORLD);
}

/* The lower half accepts, the upper one connects. */
static void ports(int round)
{
    char port[MPI_MAX_PORT_NAME] = "";
    MPI_Comm half, inter;
    int split_at = (test_size() + 1) / 2;
    bool upper = test_rank() >= split_at;
    test_step("MPI_Comm_accept and MPI_Comm_connect, round %d", round);
    MPI_Comm_split(MPI_COMM_WORLD, upper, test_rank(), &half);
    if (test_rank() == 0)
        MPI_Open_port(MPI_INFO_NULL, port);
    MPI_Bcast(port, MPI_MAX_PORT_NAME, MPI_CHAR, 0, MPI_COMM_WORLD);
    if (upper)
        MPI_Comm_connect(port, MPI_INFO_NULL, 0, half, &inter);
    else
        MPI_Comm_accept(port, MPI_INFO_NULL, 0, half, &inter);
    meet(&inter, upper);
    if (test_rank() == 0)
        MPI_Close_port(port);
    MPI_Comm_free(&half);
    MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
    MPI_Comm parent;
    char **arguments = malloc((size_t)argc * sizeof *arguments);
    /* MPI_Init may change them. */
    for (int i = 1; arguments != NULL && i <= argc; i++)
        arguments[i - 1] = i < argc ? strdup(argv[i]) : NULL;
    const char *program = argv[0];
    test_start(&argc, &argv, "spawn", MPI_THREAD_SINGLE);
    MPI_Comm_get_parent(&parent);
    if (parent != MPI_COMM_NULL) {
        int size = test_size();
        TEST_CHECK(size == NCHILDREN, "%d children, expected %d", size, NCHILDREN);
        meet(&parent, true);
        return test_end_quietly();
    }
    for (int round = 0; round < test_scaled(5, 2); round++)
        spawn(program, arguments, round);
    spawn_alone(program, arguments);
    if (test_size() > 1)
        for (int round = 0; round < test_scaled(3, 1); round++)
            ports(round);
    return test_end();
}
