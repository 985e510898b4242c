/* The tests as MPI does them. Ranks 0 and 1 exchange messages; the others sleep meanwhile. */
#ifndef WEISS_FABRIC_BENCH_MPI_TESTS_H
#define WEISS_FABRIC_BENCH_MPI_TESTS_H

#include "fabric/bench/run.h"

#include <mpi.h>

typedef struct weiss_mpi_bench {
    int rank, size; /**< in MPI_COMM_WORLD */
    MPI_Comm pair; /**< of ranks 0 and 1; MPI_COMM_NULL elsewhere */
    MPI_Win window; /**< on pair; MPI_WIN_NULL when no test needs it */
    unsigned char *exposed; /**< memory of window, of the largest size */
    unsigned char *out, *in; /**< of the largest size; owned */
    double wait; /**< seconds that the test of a waiting rank makes it wait */
} weiss_mpi_bench;

/** A test. Collective on pair, or on all ranks for the collective ones.
 *  @return false when wrong bytes arrived here */
typedef bool (*weiss_mpi_test)(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time);

bool weiss_mpi_latency(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time);
bool weiss_mpi_bandwidth(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time);
bool weiss_mpi_bibandwidth(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time);
bool weiss_mpi_wait(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time);
bool weiss_mpi_put(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time);
bool weiss_mpi_get(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time);
bool weiss_mpi_barrier(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time);
bool weiss_mpi_allreduce(weiss_mpi_bench *b, size_t bytes, long iterations, weiss_bench_time *time);

#endif
