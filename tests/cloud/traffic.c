/* An MPI program for machines of several servers: every pair of ranks exchanges messages, each byte of which is checked. Each
 * rank says what was wrong, and how long the exchange with each other took. usage: traffic BYTES TIMES */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned char value(int from, int to, int number, int i)
{
    return (unsigned char)(from * 31 + to * 7 + number * 13 + i * 3);
}

/** Exchanges with @p peer. @return number of wrong bytes */
static long exchange(int rank, int peer, int bytes, int times, unsigned char *out, unsigned char *in)
{
    long wrong = 0;
    for (int number = 0; number < times; number++) {
        for (int i = 0; i < bytes; i++)
            out[i] = value(rank, peer, number, i);
        MPI_Sendrecv(out, bytes, MPI_BYTE, peer, number, in, bytes, MPI_BYTE, peer, number, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        for (int i = 0; i < bytes; i++)
            wrong += in[i] != value(peer, rank, number, i);
    }
    return wrong;
}

int main(int argc, char **argv)
{
    char name[MPI_MAX_PROCESSOR_NAME];
    int rank, size, length;
    long wrong = 0;
    MPI_Init(&argc, &argv);
    int bytes = argc > 1 ? atoi(argv[1]) : 1, times = argc > 2 ? atoi(argv[2]) : 1;
    unsigned char *out = malloc((size_t)bytes), *in = malloc((size_t)bytes);
    double *seconds;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Get_processor_name(name, &length);
    seconds = calloc((size_t)size, sizeof *seconds);
    /* One pair at a time, so that the times are its own. */
    for (int first = 0; first < size; first++) {
        for (int second = first + 1; second < size; second++) {
            MPI_Barrier(MPI_COMM_WORLD);
            if (rank != first && rank != second)
                continue;
            int peer = first + second - rank;
            double begin = MPI_Wtime();
            wrong += exchange(rank, peer, bytes, times, out, in);
            seconds[peer] = MPI_Wtime() - begin;
        }
    }
    printf("{\"rank\": %d, \"host\": \"%s\", \"wrong\": %ld, \"seconds\": [", rank, name, wrong);
    for (int i = 0; i < size; i++)
        printf("%s%.6f", i > 0 ? ", " : "", seconds[i]);
    printf("]}\n");
    MPI_Finalize();
    free(out);
    free(in);
    free(seconds);
    return wrong != 0;
}
