/* weiss-fabric-bench: measures the transport that MPI was told to use, on two ranks or more. `weiss bench fabric` starts it;
 * fabric/bench/run.h says what it prints. It needs nothing but MPI and the C library, so that it runs in small virtual
 * machines. */
#include "fabric/bench/mpi-tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct {
    weiss_mpi_test run;
    bool of_all; /* ranks, not only of the first two */
} tests[WEISS_BENCH_TESTS] = {
    [WEISS_BENCH_LATENCY] = {weiss_mpi_latency, false},
    [WEISS_BENCH_BANDWIDTH] = {weiss_mpi_bandwidth, false},
    [WEISS_BENCH_BIBANDWIDTH] = {weiss_mpi_bibandwidth, false},
    [WEISS_BENCH_RATE] = {weiss_mpi_bandwidth, false},
    [WEISS_BENCH_PUT] = {weiss_mpi_put, false},
    [WEISS_BENCH_GET] = {weiss_mpi_get, false},
    [WEISS_BENCH_BARRIER] = {weiss_mpi_barrier, true},
    [WEISS_BENCH_ALLREDUCE] = {weiss_mpi_allreduce, true},
    [WEISS_BENCH_WAIT] = {weiss_mpi_wait, false},
};

/** A barrier in which the ranks that take no part in a test sleep, so that they do not take cores from the others. */
static void meet(const weiss_mpi_bench *b)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    MPI_Request request;
    int done = 0;
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    while (!done) {
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        if (!done && b->rank > 1)
            nanosleep(&pause, NULL);
    }
}

static bool sample(void *self, weiss_bench_test test, size_t bytes, long iterations, weiss_bench_time *time)
{
    weiss_mpi_bench *b = self;
    *time = (weiss_bench_time){0};
    if (tests[test].of_all)
        return tests[test].run(b, bytes, iterations, time);
    bool good = b->rank > 1 || tests[test].run(b, bytes, iterations, time);
    if (b->size > 2)
        meet(b);
    return good;
}

static void agree(void *self, long *value)
{
    (void)self;
    MPI_Bcast(value, 1, MPI_LONG, 0, MPI_COMM_WORLD);
}

static double of_waiter(void *self, double value)
{
    const weiss_mpi_bench *b = self;
    if (b->rank == 1)
        MPI_Send(&value, 1, MPI_DOUBLE, 0, 2, b->pair);
    else if (b->rank == 0)
        MPI_Recv(&value, 1, MPI_DOUBLE, 1, 2, b->pair, MPI_STATUS_IGNORE);
    return value;
}

static bool open_bench(weiss_mpi_bench *b, const weiss_bench_plan *plan)
{
    size_t bytes = plan->size[plan->nsizes - 1] < 4096 ? 4096 : plan->size[plan->nsizes - 1];
    bool onesided = plan->test[WEISS_BENCH_PUT] || plan->test[WEISS_BENCH_GET];
    MPI_Comm_split(MPI_COMM_WORLD, b->rank < 2 ? 0 : MPI_UNDEFINED, b->rank, &b->pair);
    if (onesided && b->rank < 2)
        MPI_Win_allocate((MPI_Aint)bytes, 1, MPI_INFO_NULL, b->pair, &b->exposed, &b->window);
    return posix_memalign((void **)&b->out, 4096, bytes) == 0 &&
           posix_memalign((void **)&b->in, 4096, bytes) == 0;
}

static void close_bench(weiss_mpi_bench *b)
{
    if (b->window != MPI_WIN_NULL)
        MPI_Win_free(&b->window);
    if (b->pair != MPI_COMM_NULL)
        MPI_Comm_free(&b->pair);
    free(b->out);
    free(b->in);
}

int main(int argc, char **argv)
{
    weiss_mpi_bench b = {.pair = MPI_COMM_NULL, .window = MPI_WIN_NULL, .wait = 0.5};
    weiss_bench_plan plan;
    weiss_bench_effort effort;
    weiss_fault fault = {0};
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &b.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &b.size);
    int code = weiss_bench_options(argc, argv, &plan, &effort, &b.wait, &fault);
    if (code == 0 && b.size < 2)
        code = weiss_fault_set(&fault, WEISS_ERR_USAGE, "expected at least 2 ranks: start it by mpirun -n 2");
    if (code != 0) { /* the same on all ranks */
        if (b.rank == 0)
            fprintf(stderr, "weiss-fabric-bench: %s\n", fault.text);
        MPI_Finalize();
        return 2;
    }
    if (!open_bench(&b, &plan))
        code = weiss_fault_set(&fault, WEISS_ERR_MEMORY, "rank %d: no memory for the messages", b.rank);
    const weiss_bench_carrier carrier = {
        .rank = b.rank, .self = &b, .sample = sample, .agree = agree, .of_waiter = of_waiter};
    if (code == 0)
        code = weiss_bench_run(&carrier, &plan, &effort, &fault);
    if (code != 0) {
        fprintf(stderr, "weiss-fabric-bench: %s\n", fault.text);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    close_bench(&b);
    MPI_Finalize();
    return 0;
}
