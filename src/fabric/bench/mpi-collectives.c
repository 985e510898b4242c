/* Collective tests, on all ranks. */
#include "fabric/bench/mpi-tests.h"

bool weiss_mpi_barrier(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time)
{
    (void)b;
    (void)bytes;
    MPI_Barrier(MPI_COMM_WORLD);
    weiss_bench_time begin = weiss_bench_now();
    for (long i = 0; i < iterations; i++)
        MPI_Barrier(MPI_COMM_WORLD);
    *time = weiss_bench_since(begin);
    return true;
}

bool weiss_mpi_allreduce(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time)
{
    float *out = (float *)b->out, *in = (float *)b->in;
    size_t n = bytes / sizeof *out;
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)((i + (size_t)b->rank) % 1000); /* small whole numbers: the sum is exact */
        in[i] = -1.0F;
    }
    MPI_Barrier(MPI_COMM_WORLD);
    weiss_bench_time begin = weiss_bench_now();
    for (long i = 0; i < iterations; i++)
        MPI_Allreduce(out, in, (int)n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    *time = weiss_bench_since(begin);
    for (size_t i = 0; i < n; i++) {
        float sum = 0.0F;
        for (int r = 0; r < b->size; r++)
            sum += (float)((i + (size_t)r) % 1000);
        if (in[i] != sum)
            return false;
    }
    return true;
}
