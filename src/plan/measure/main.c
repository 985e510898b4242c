/* weiss-plan-measure: times messages between pairs of ranks, one pair after the other, while the other ranks sleep. Its arguments
 * are pairs, `0:3`. For each pair and size it prints `FROM,TO,BYTES,SECONDS`: half the time of a round trip, the median of
 * several batches. */
#include "plan/measure/await.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES 7
#define BATCH_SECONDS 0.01
#define TRIPS_MAX 500
#define TAG 0

static const int sizes[] = {8, 1024, 16384, 131072, 1048576};
#define NSIZES ((int)(sizeof sizes / sizeof *sizes))

static void send(char *buffer, int bytes, int other)
{
    MPI_Request request;
    MPI_Isend(buffer, bytes, MPI_BYTE, other, TAG, MPI_COMM_WORLD, &request);
    weiss_await_all(1, &request);
}

static void receive(char *buffer, int bytes, int other)
{
    MPI_Request request;
    MPI_Irecv(buffer, bytes, MPI_BYTE, other, TAG, MPI_COMM_WORLD, &request);
    weiss_await_all(1, &request);
}

/** Mean time of a message in @p trips round trips, s. */
static double time_trips(char *buffer, int bytes, int other, bool first, int trips)
{
    double begin = MPI_Wtime();
    for (int i = 0; i < trips; i++) {
        if (first)
            send(buffer, bytes, other);
        receive(buffer, bytes, other);
        if (!first)
            send(buffer, bytes, other);
    }
    return (MPI_Wtime() - begin) / (2 * trips);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double measure(char *buffer, int bytes, int other, bool first)
{
    double time[BATCHES];
    int trips = 1;
    time_trips(buffer, bytes, other, first, 3);
    double one = time_trips(buffer, bytes, other, first, 3);
    if (first && one > 0.0)
        trips = 2.0 * one * TRIPS_MAX < BATCH_SECONDS ? TRIPS_MAX : 1 + (int)(BATCH_SECONDS / (2.0 * one));
    if (first)
        MPI_Send(&trips, 1, MPI_INT, other, TAG, MPI_COMM_WORLD);
    else
        MPI_Recv(&trips, 1, MPI_INT, other, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    for (int i = 0; i < BATCHES; i++)
        time[i] = time_trips(buffer, bytes, other, first, trips);
    qsort(time, BATCHES, sizeof *time, ascending);
    return time[BATCHES / 2];
}

static void measure_pair(char *buffer, int rank, int a, int b)
{
    double time[NSIZES];
    if (rank != a && rank != b)
        return;
    for (int s = 0; s < NSIZES; s++)
        time[s] = measure(buffer, sizes[s], rank == a ? b : a, rank == a);
    if (rank == a && a != 0)
        MPI_Send(time, NSIZES, MPI_DOUBLE, 0, TAG + 1, MPI_COMM_WORLD);
    if (rank == a && a == 0)
        for (int s = 0; s < NSIZES; s++)
            printf("%d,%d,%d,%.9g\n", a, b, sizes[s], time[s]);
}

/** Rank 0 prints what rank @p a measured. */
static void print_pair(int rank, int a, int b)
{
    double time[NSIZES];
    if (rank != 0 || a == 0)
        return;
    MPI_Recv(time, NSIZES, MPI_DOUBLE, a, TAG + 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    for (int s = 0; s < NSIZES; s++)
        printf("%d,%d,%d,%.9g\n", a, b, sizes[s], time[s]);
}

int main(int argc, char **argv)
{
    int rank, size, failed = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    weiss_await_prepare();
    char *buffer = calloc(1, (size_t)sizes[NSIZES - 1]);
    for (int i = 1; i < argc && !failed; i++) {
        int a, b;
        char end;
        failed = buffer == NULL || sscanf(argv[i], "%d:%d%c", &a, &b, &end) != 2 || a < 0 || b < 0 ||
                 a >= size || b >= size || a == b;
        if (failed)
            break;
        measure_pair(buffer, rank, a, b);
        weiss_await_meet();
        print_pair(rank, a, b);
    }
    if (failed && rank == 0)
        fprintf(stderr, "weiss-plan-measure: expected pairs of ranks below %d such as 0:1\n", size);
    free(buffer);
    MPI_Finalize();
    return failed;
}
