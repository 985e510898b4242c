/* Two-sided tests: latency, bandwidth, and what a waiting rank costs. */
#include "fabric/bench/mpi-tests.h"

#include <string.h>
#include <time.h>

#define TAG 1

static void prepare(weiss_mpi_bench *b, size_t bytes)
{
    weiss_bench_fill(b->out, bytes, b->rank);
    memset(b->in, 0, bytes);
    MPI_Barrier(b->pair);
}

bool weiss_mpi_latency(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time)
{
    int n = (int)bytes;
    prepare(b, bytes);
    weiss_bench_time begin = weiss_bench_now();
    for (long i = 0; i < iterations; i++) {
        if (b->rank == 0)
            MPI_Send(b->out, n, MPI_BYTE, 1, TAG, b->pair);
        MPI_Recv(b->in, n, MPI_BYTE, 1 - b->rank, TAG, b->pair, MPI_STATUS_IGNORE);
        if (b->rank == 1)
            MPI_Send(b->out, n, MPI_BYTE, 0, TAG, b->pair);
    }
    *time = weiss_bench_since(begin);
    return weiss_bench_check(b->in, bytes, 1 - b->rank);
}

/* All messages of a window share one buffer, as is usual in this field: memory stays small, and every transport meets the
 * same caches. */
static int post(weiss_mpi_bench *b, size_t bytes, bool receive, bool send, MPI_Request *request)
{
    int n = 0, other = 1 - b->rank;
    for (int k = 0; receive && k < WEISS_BENCH_WINDOW; k++)
        MPI_Irecv(b->in, (int)bytes, MPI_BYTE, other, TAG, b->pair, &request[n++]);
    for (int k = 0; send && k < WEISS_BENCH_WINDOW; k++)
        MPI_Isend(b->out, (int)bytes, MPI_BYTE, other, TAG, b->pair, &request[n++]);
    return n;
}

bool weiss_mpi_bandwidth(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time)
{
    MPI_Request request[WEISS_BENCH_WINDOW];
    int acknowledged = 0;
    prepare(b, bytes);
    weiss_bench_time begin = weiss_bench_now();
    for (long i = 0; i < iterations; i++) {
        int n = post(b, bytes, b->rank == 1, b->rank == 0, request);
        MPI_Waitall(n, request, MPI_STATUSES_IGNORE);
        if (b->rank == 0)
            MPI_Recv(&acknowledged, 1, MPI_INT, 1, TAG, b->pair, MPI_STATUS_IGNORE);
        else
            MPI_Send(&acknowledged, 1, MPI_INT, 0, TAG, b->pair);
    }
    *time = weiss_bench_since(begin);
    return b->rank == 0 || weiss_bench_check(b->in, bytes, 0);
}

bool weiss_mpi_bibandwidth(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time)
{
    MPI_Request request[2 * WEISS_BENCH_WINDOW];
    prepare(b, bytes);
    weiss_bench_time begin = weiss_bench_now();
    for (long i = 0; i < iterations; i++) {
        int n = post(b, bytes, true, true, request);
        MPI_Waitall(n, request, MPI_STATUSES_IGNORE);
    }
    *time = weiss_bench_since(begin);
    return weiss_bench_check(b->in, bytes, 1 - b->rank);
}

static void sleep_for(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds, .tv_nsec = (long)(1e9 * (seconds - (time_t)seconds))};
    while (nanosleep(&left, &left) != 0)
        continue;
}

/* Rank 1 takes the time of its waiting, rank 0 that of waking it and getting its answer. */
bool weiss_mpi_wait(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time)
{
    int n = (int)bytes;
    *time = (weiss_bench_time){0};
    for (long i = 0; i < iterations; i++) {
        prepare(b, bytes);
        if (b->rank == 0)
            sleep_for(b->wait);
        weiss_bench_time begin = weiss_bench_now();
        if (b->rank == 0)
            MPI_Send(b->out, n, MPI_BYTE, 1, TAG, b->pair);
        MPI_Recv(b->in, n, MPI_BYTE, 1 - b->rank, TAG, b->pair, MPI_STATUS_IGNORE);
        if (b->rank == 1)
            MPI_Send(b->out, n, MPI_BYTE, 0, TAG, b->pair);
        weiss_bench_time took = weiss_bench_since(begin);
        time->wall += took.wall;
        time->cpu += took.cpu;
    }
    return weiss_bench_check(b->in, bytes, 1 - b->rank);
}
