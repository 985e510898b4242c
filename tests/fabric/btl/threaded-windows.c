/* One-sided operations by several threads of each rank at once: every put is got back and compared, and a counter in rank 0 ends
 * at the number of all steps.
 *
 * threaded-windows create|allocate: whose memory the window has. */
#include <mpi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define STEPS 100
#define LARGEST 70000
#define COUNTERS 64 /* bytes at the beginning */

static int me, size;
static MPI_Win window;

static void fail(const char *what, long thread, int step, size_t length)
{
    fprintf(stderr, "wrong data: rank %d, thread %ld, step %d: %s of %zu bytes\n", me, thread, step, what,
            length);
    MPI_Abort(MPI_COMM_WORLD, 3);
}

static void *work(void *argument)
{
    long thread = (long)argument, one = 1, before;
    unsigned char *out = malloc(LARGEST), *in = malloc(LARGEST);
    MPI_Aint at = COUNTERS + ((MPI_Aint)me * THREADS + thread) * LARGEST;
    for (int step = 0; step < STEPS && out != NULL && in != NULL; step++) {
        int to = (me + 1 + step) % size;
        size_t length = 1 + (size_t)(step * 7919 + thread * 31) % LARGEST;
        memset(out, (int)(step + thread + me), length);
        memset(in, 0, length);
        MPI_Put(out, (int)length, MPI_BYTE, to, at, (int)length, MPI_BYTE, window);
        MPI_Win_flush(to, window);
        MPI_Get(in, (int)length, MPI_BYTE, to, at, (int)length, MPI_BYTE, window);
        MPI_Win_flush(to, window);
        if (memcmp(out, in, length) != 0)
            fail("put and get", thread, step, length);
        MPI_Fetch_and_op(&one, &before, MPI_LONG, 0, 0, MPI_SUM, window);
        MPI_Win_flush(0, window);
    }
    free(in);
    free(out);
    return NULL;
}

int main(int argc, char **argv)
{
    int provided;
    pthread_t thread[THREADS];
    long *memory, counted;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Aint bytes = COUNTERS + (MPI_Aint)size * THREADS * LARGEST;
    int own = argc > 1 && strcmp(argv[1], "create") == 0;
    if (own) {
        memory = calloc(1, (size_t)bytes);
        MPI_Win_create(memory, bytes, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    } else {
        MPI_Win_allocate(bytes, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
        memset(memory, 0, (size_t)bytes);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_lock_all(0, window);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, work, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    MPI_Win_unlock_all(window);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, window);
    MPI_Get(&counted, 1, MPI_LONG, 0, 0, 1, MPI_LONG, window);
    MPI_Win_unlock(0, window);
    if (counted != (long)size * THREADS * STEPS)
        fail("counter", counted, STEPS, sizeof counted);
    MPI_Win_free(&window);
    if (own)
        free(memory);
    MPI_Finalize();
    return 0;
}
