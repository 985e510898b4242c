/* An MPI program for machines of a lab: each rank says where it runs, and the sum of all ranks and a long sum are checked. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define LONG 20000

int main(int argc, char **argv)
{
    char name[MPI_MAX_PROCESSOR_NAME];
    int rank, size, length, wrong = 0;
    double *values = calloc(LONG, sizeof *values);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Get_processor_name(name, &length);
    for (int i = 0; i < LONG; i++)
        values[i] = (double)i * (rank + 1);
    MPI_Allreduce(MPI_IN_PLACE, values, LONG, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    for (int i = 0; i < LONG; i++)
        wrong += values[i] != (double)i * size * (size + 1) / 2;
    printf("%s rank %d of %d: %d wrong\n", name, rank, size, wrong);
    MPI_Finalize();
    free(values);
    return wrong != 0;
}
