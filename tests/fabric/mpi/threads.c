/* MPI_THREAD_MULTIPLE: four threads a rank, each on a communicator of its own, then all on one; then all receive what comes
 * to their rank, whoever it was for. */
#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { NTHREADS = 4 };

typedef struct worker {
    int number, rounds;
    MPI_Comm own, shared, open;
    atomic_int *left; /* messages on `open` that this rank still gets */
} worker;

static size_t random_size(uint64_t seed)
{
    uint64_t luck = test_random(seed, 1, 50);
    return test_random(seed, 2, luck < 35 ? 200 : luck < 49 ? 10000 : 300000);
}

/* Sends to a rank at some distance and receives from that at the same distance on the other side. */
static void exchange(MPI_Comm comm, int tag, int distance, uint64_t seed)
{
    int me = test_rank(), size = test_size(), to = (me + distance) % size,
        from = (me + size - distance % size) % size;
    uint64_t mine = test_seed(seed, (uint64_t)me, (uint64_t)tag),
             theirs = test_seed(seed, (uint64_t)from, (uint64_t)tag);
    size_t nmine = random_size(mine), ntheirs = random_size(theirs);
    unsigned char *out = test_memory(nmine), *in = test_buffer(ntheirs);
    MPI_Request request;
    MPI_Status status;
    test_fill(out, 0, nmine, mine);
    MPI_Isend(out, (int)nmine, MPI_BYTE, to, tag, comm, &request);
    MPI_Recv(in, (int)ntheirs, MPI_BYTE, from, tag, comm, &status);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    test_check_status(&status, from, tag, ntheirs, "exchange of threads");
    test_check_fill(in, 0, ntheirs, theirs, "%zu bytes from rank %d, thread %d", ntheirs, from, tag);
    test_check_guard(in, ntheirs, "exchange of threads");
    free(out);
    free(in);
}

/* Collectives on the thread's own communicator while the others do the same on theirs. */
static void collective(const worker *w, int round)
{
    int me = test_rank(), size = test_size(), root = round % size;
    long sum = 0, value = (long)me * 1000 + w->number * 100 + round, expected = 0;
    unsigned char data[3000];
    uint64_t seed = test_seed(3, (uint64_t)w->number, (uint64_t)round);
    for (int r = 0; r < size; r++)
        expected += (long)r * 1000 + w->number * 100 + round;
    MPI_Allreduce(&value, &sum, 1, MPI_LONG, MPI_SUM, w->own);
    TEST_CHECK(sum == expected, "thread %d: sum is %ld, expected %ld", w->number, sum, expected);
    if (me == root)
        test_fill(data, 0, sizeof data, seed);
    MPI_Bcast(data, sizeof data, MPI_BYTE, root, w->own);
    test_check_fill(data, 0, sizeof data, seed, "broadcast to thread %d", w->number);
    if (round % 8 == 0)
        MPI_Barrier(w->own);
}

static void *on_own_communicator(void *argument)
{
    const worker *w = argument;
    for (int i = 0; i < w->rounds; i++) {
        exchange(w->own, 5, i, test_seed(1, (uint64_t)w->number, (uint64_t)i));
        collective(w, i);
    }
    return NULL;
}

static void *on_shared_communicator(void *argument)
{
    const worker *w = argument;
    for (int i = 0; i < 2 * w->rounds; i++)
        exchange(w->shared, w->number, i + w->number, test_seed(2, 0, (uint64_t)i));
    return NULL;
}

/* Message i of a thread: where it goes. Its tag holds thread and number. */
static int target(int rank, int thread, int i)
{
    return (int)test_random(test_seed(4, (uint64_t)rank, (uint64_t)(thread * 100000 + i)), 3,
                            (uint64_t)test_size());
}

static uint64_t content(int rank, int tag)
{
    return test_seed(5, (uint64_t)rank, (uint64_t)tag);
}

/* Takes one message of any sender by a matched probe, which no other thread can steal. */
static void take_one(MPI_Comm comm, int turn)
{
    MPI_Message message;
    MPI_Status status;
    int bytes;
    if (turn % 2 == 0) {
        MPI_Mprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &message, &status);
    } else {
        for (int found = 0; !found;)
            MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &found, &message, &status);
    }
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    uint64_t seed = content(status.MPI_SOURCE, status.MPI_TAG);
    TEST_CHECK((size_t)bytes == random_size(seed), "%d bytes with tag %d from %d, expected %zu", bytes,
               status.MPI_TAG, status.MPI_SOURCE, random_size(seed));
    unsigned char *in = test_buffer((size_t)bytes);
    MPI_Mrecv(in, bytes, MPI_BYTE, &message, &status);
    test_check_fill(in, 0, (size_t)bytes, seed, "%d bytes with tag %d from %d", bytes, status.MPI_TAG,
                    status.MPI_SOURCE);
    test_check_guard(in, (size_t)bytes, "matched receive");
    free(in);
}

static void *on_open_communicator(void *argument)
{
    const worker *w = argument;
    MPI_Request *request = test_memory((size_t)w->rounds * sizeof *request);
    unsigned char **data = test_memory((size_t)w->rounds * sizeof *data);
    for (int i = 0; i < w->rounds; i++) {
        int tag = w->number * w->rounds + i;
        size_t n = random_size(content(test_rank(), tag));
        data[i] = test_memory(n);
        test_fill(data[i], 0, n, content(test_rank(), tag));
        MPI_Isend(data[i], (int)n, MPI_BYTE, target(test_rank(), w->number, i), tag, w->open, &request[i]);
    }
    for (int turn = w->number; atomic_fetch_sub(w->left, 1) > 0; turn++)
        take_one(w->open, turn);
    MPI_Waitall(w->rounds, request, MPI_STATUSES_IGNORE);
    for (int i = 0; i < w->rounds; i++)
        free(data[i]);
    free(data);
    free(request);
    return NULL;
}

static void run(worker *workers, void *(*work)(void *), const char *what)
{
    pthread_t thread[NTHREADS];
    test_step("%s", what);
    for (int t = 1; t < NTHREADS; t++)
        TEST_CHECK(pthread_create(&thread[t], NULL, work, &workers[t]) == 0, "thread %d cannot be started",
                   t);
    work(&workers[0]);
    for (int t = 1; t < NTHREADS; t++)
        pthread_join(thread[t], NULL);
    MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
    worker workers[NTHREADS];
    atomic_int left = 0;
    int rounds;
    if (test_start(&argc, &argv, "threads", MPI_THREAD_MULTIPLE) < MPI_THREAD_MULTIPLE)
        return test_skip("this MPI does not provide MPI_THREAD_MULTIPLE");
    rounds = test_scaled(120, 10);
    for (int t = 0; t < NTHREADS; t++) {
        workers[t] = (worker){.number = t, .rounds = rounds, .left = &left};
        MPI_Comm_dup(MPI_COMM_WORLD, &workers[t].own);
    }
    MPI_Comm_dup(MPI_COMM_WORLD, &workers[0].shared);
    MPI_Comm_dup(MPI_COMM_WORLD, &workers[0].open);
    for (int t = 0; t < NTHREADS; t++) {
        workers[t].shared = workers[0].shared;
        workers[t].open = workers[0].open;
        for (int rank = 0; rank < test_size(); rank++)
            for (int i = 0; i < rounds; i++)
                left += target(rank, t, i) == test_rank();
    }
    run(workers, on_own_communicator, "threads on their own communicators");
    run(workers, on_shared_communicator, "threads on a shared communicator");
    run(workers, on_open_communicator, "threads that receive for each other");
    for (int t = 0; t < NTHREADS; t++)
        MPI_Comm_free(&workers[t].own);
    MPI_Comm_free(&workers[0].shared);
    MPI_Comm_free(&workers[0].open);
    return test_end();
}
