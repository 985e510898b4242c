/* How ranks wait.
 *
 * waiting idle SECONDS: rank 0 sleeps so long before it sends; the others wait in MPI_Recv and print "cpu PERCENT" of a core.
 * waiting naps ROUNDS MS SEED: the ranks of each pair send to and fro; each waits up to so long before it sends, so that the
 *   other one sleeps when the message comes. Prints "median MS longest MS": from sending to receiving.
 * waiting ring ROUNDS: a token goes around, and all meet in an Allreduce. Prints "us US" per round. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static int me, size;

static double cpu_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void nap(double seconds)
{
    struct timespec rest = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&rest, NULL);
}

static void idle(double seconds)
{
    int token = 0;
    MPI_Barrier(MPI_COMM_WORLD);
    if (me == 0) {
        nap(seconds);
        for (int to = 1; to < size; to++)
            MPI_Send(&token, 1, MPI_INT, to, 0, MPI_COMM_WORLD);
        return;
    }
    double cpu = cpu_seconds(), time = MPI_Wtime();
    MPI_Recv(&token, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    printf("cpu %.2f\n", 100 * (cpu_seconds() - cpu) / (MPI_Wtime() - time));
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* In turn, each rank of a pair lets the other one wait, and then sends the time. */
static void naps(int rounds, double longest, int seed)
{
    int partner = me ^ 1, count = 0;
    double *delay = calloc((size_t)rounds + 1, sizeof *delay), sent;
    srand((unsigned)(seed * 1000 + me));
    for (int i = 0; i < rounds && partner < size && delay != NULL; i++) {
        if (i % 2 == me % 2) {
            nap(longest * (0.5 + rand() / 2.0 / RAND_MAX));
            sent = now();
            MPI_Send(&sent, 1, MPI_DOUBLE, partner, 0, MPI_COMM_WORLD);
        } else {
            MPI_Recv(&sent, 1, MPI_DOUBLE, partner, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            delay[count++] = now() - sent;
        }
    }
    if (count > 0) {
        qsort(delay, (size_t)count, sizeof *delay, by_size);
        printf("median %.3f longest %.3f ms\n", delay[count / 2] * 1e3, delay[count - 1] * 1e3);
    }
    free(delay);
}

static void ring(int rounds)
{
    int token = 0, to = (me + 1) % size, from = (me - 1 + size) % size;
    double sum, mine = me;
    MPI_Barrier(MPI_COMM_WORLD);
    double time = MPI_Wtime();
    for (int i = 0; i < rounds; i++) {
        if (me == 0)
            MPI_Send(&token, 1, MPI_INT, to, 0, MPI_COMM_WORLD);
        MPI_Recv(&token, 1, MPI_INT, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (me != 0)
            MPI_Send(&token, 1, MPI_INT, to, 0, MPI_COMM_WORLD);
        MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    }
    if (me == 0)
        printf("us %.2f\n", (MPI_Wtime() - time) * 1e6 / rounds);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc > 2 && strcmp(argv[1], "idle") == 0)
        idle(atof(argv[2]));
    else if (argc > 4 && strcmp(argv[1], "naps") == 0)
        naps(atoi(argv[2]), atof(argv[3]) / 1e3, atoi(argv[4]));
    else if (argc > 2 && strcmp(argv[1], "ring") == 0)
        ring(atoi(argv[2]));
    else
        MPI_Abort(MPI_COMM_WORLD, 2);
    MPI_Finalize();
    return 0;
}
