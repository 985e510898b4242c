/* One-sided tests under a passive-target lock. The target waits in MPI_Barrier. */
#include "fabric/bench/mpi-tests.h"

#include <string.h>

typedef void (*transfer)(weiss_mpi_bench *b, int n);

static void put(weiss_mpi_bench *b, int n)
{
    MPI_Put(b->out, n, MPI_BYTE, 1, 0, n, MPI_BYTE, b->window);
}

static void get(weiss_mpi_bench *b, int n)
{
    MPI_Get(b->in, n, MPI_BYTE, 1, 0, n, MPI_BYTE, b->window);
}

/** Puts what the window of this rank should hold before the test into it. */
static void expose(weiss_mpi_bench *b, size_t bytes, bool filled)
{
    MPI_Win_lock(MPI_LOCK_EXCLUSIVE, b->rank, 0, b->window);
    if (filled)
        weiss_bench_fill(b->exposed, bytes, b->rank);
    else
        memset(b->exposed, 0, bytes);
    MPI_Win_unlock(b->rank, b->window);
}

static bool holds(weiss_mpi_bench *b, size_t bytes, int rank)
{
    MPI_Win_lock(MPI_LOCK_SHARED, b->rank, 0, b->window);
    bool good = weiss_bench_check(b->exposed, bytes, rank);
    MPI_Win_unlock(b->rank, b->window);
    return good;
}

static void repeat(weiss_mpi_bench *b, size_t bytes, long iterations, transfer one, weiss_bench_time *time)
{
    MPI_Barrier(b->pair);
    weiss_bench_time begin = weiss_bench_now();
    for (long i = 0; b->rank == 0 && i < iterations; i++) {
        MPI_Win_lock(MPI_LOCK_SHARED, 1, 0, b->window);
        one(b, (int)bytes);
        MPI_Win_unlock(1, b->window);
    }
    if (b->rank == 0)
        *time = weiss_bench_since(begin);
    MPI_Barrier(b->pair);
    if (b->rank == 1)
        *time = weiss_bench_since(begin);
}

bool weiss_mpi_put(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time)
{
    weiss_bench_fill(b->out, bytes, b->rank);
    expose(b, bytes, false);
    repeat(b, bytes, iterations, put, time);
    return b->rank == 0 || holds(b, bytes, 0);
}

bool weiss_mpi_get(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time)
{
    memset(b->in, 0, bytes);
    expose(b, bytes, true);
    repeat(b, bytes, iterations, get, time);
    return b->rank == 1 || weiss_bench_check(b->in, bytes, 1);
}
