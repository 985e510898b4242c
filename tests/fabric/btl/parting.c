/* Parents start a child, exchange a message with it and part from it; it ends. They live on.
 *
 * parting SECONDS */
#include <mpi.h>
#include <stdlib.h>
#include <time.h>

static void as_parent(char *program, int seconds)
{
    MPI_Comm child;
    int rank, message = 1;
    MPI_Comm_spawn(program, MPI_ARGV_NULL, 1, MPI_INFO_NULL, 0, MPI_COMM_WORLD, &child, MPI_ERRCODES_IGNORE);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Send(&message, 1, MPI_INT, 0, rank, child);
    MPI_Recv(&message, 1, MPI_INT, 0, rank, child, MPI_STATUS_IGNORE);
    MPI_Comm_disconnect(&child);
    nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
    MPI_Barrier(MPI_COMM_WORLD);
}

static void as_child(MPI_Comm parents)
{
    int count, message;
    MPI_Comm_remote_size(parents, &count);
    for (int i = 0; i < count; i++) {
        MPI_Recv(&message, 1, MPI_INT, i, i, parents, MPI_STATUS_IGNORE);
        MPI_Send(&message, 1, MPI_INT, i, i, parents);
    }
    MPI_Comm_disconnect(&parents);
}

int main(int argc, char **argv)
{
    MPI_Comm parents;
    MPI_Init(&argc, &argv);
    MPI_Comm_get_parent(&parents);
    if (parents == MPI_COMM_NULL)
        as_parent(argv[0], argc > 1 ? atoi(argv[1]) : 1);
    else
        as_child(parents);
    MPI_Finalize();
    return 0;
}
