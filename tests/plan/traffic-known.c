/* An MPI program of four ranks whose traffic is known. `traffic-known PART` does one part of it; trace.py has the numbers. */
#include <mpi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RANKS 4

static int rank;
static double out[1000], in[4000];

/* Rank 0 sends 10 doubles to 1 in each mode, 1 to 2, 2 to 3, 3 to 0. */
static void do_point(void)
{
    static char room[8000 + MPI_BSEND_OVERHEAD];
    MPI_Request receive, send;
    int to = (rank + 1) % RANKS, from = (rank + RANKS - 1) % RANKS;
    void *old;
    int size;
    for (int mode = 0; mode < 5; mode++) {
        MPI_Irecv(in, 10, MPI_DOUBLE, from, 0, MPI_COMM_WORLD, &receive);
        MPI_Barrier(MPI_COMM_SELF); /* of one rank: no messages */
        if (mode == 0)
            MPI_Send(out, 10, MPI_DOUBLE, to, 0, MPI_COMM_WORLD);
        else if (mode == 1)
            MPI_Ssend(out, 10, MPI_DOUBLE, to, 0, MPI_COMM_WORLD);
        else if (mode == 2) {
            MPI_Buffer_attach(room, sizeof room);
            MPI_Bsend(out, 10, MPI_DOUBLE, to, 0, MPI_COMM_WORLD);
            MPI_Buffer_detach(&old, &size);
        } else if (mode == 3) {
            MPI_Isend(out, 10, MPI_DOUBLE, to, 0, MPI_COMM_WORLD, &send);
            MPI_Wait(&send, MPI_STATUS_IGNORE);
        } else if (mode == 4) {
            MPI_Issend(out, 10, MPI_DOUBLE, to, 0, MPI_COMM_WORLD, &send);
            MPI_Wait(&send, MPI_STATUS_IGNORE);
        }
        MPI_Wait(&receive, MPI_STATUS_IGNORE);
    }
    MPI_Sendrecv(out, 10, MPI_DOUBLE, to, 0, in, 10, MPI_DOUBLE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Sendrecv_replace(out, 10, MPI_DOUBLE, to, 0, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Send(out, 10, MPI_DOUBLE, MPI_PROC_NULL, 0, MPI_COMM_WORLD);
}

/* Ranks in reverse order, and only the odd ones: communicators with other numbers. */
static void do_communicators(void)
{
    MPI_Comm reverse, odd;
    int own;
    MPI_Comm_split(MPI_COMM_WORLD, 0, -rank, &reverse);
    MPI_Comm_rank(reverse, &own);
    if (own == 0) /* rank 3 to rank 2 */
        MPI_Send(out, 5, MPI_INT, 1, 0, reverse);
    else if (own == 1)
        MPI_Recv(in, 5, MPI_INT, 0, 0, reverse, MPI_STATUS_IGNORE);
    MPI_Comm_split(MPI_COMM_WORLD, rank % 2 == 1 ? 0 : MPI_UNDEFINED, rank, &odd);
    if (odd != MPI_COMM_NULL) {
        if (rank == 1)
            MPI_Send(out, 3, MPI_INT, 1, 0, odd); /* rank 1 to rank 3 */
        else
            MPI_Recv(in, 3, MPI_INT, 0, 0, odd, MPI_STATUS_IGNORE);
        MPI_Comm_free(&odd);
    }
    MPI_Comm_free(&reverse);
}

/* Rank 0 starts a send of 100 bytes to rank 2 three times. */
static void do_persistent(void)
{
    MPI_Request request;
    if (rank != 0 && rank != 2)
        return;
    if (rank == 0)
        MPI_Send_init(out, 100, MPI_BYTE, 2, 0, MPI_COMM_WORLD, &request);
    else
        MPI_Recv_init(in, 100, MPI_BYTE, 0, 0, MPI_COMM_WORLD, &request);
    for (int i = 0; i < 3; i++) {
        if (i < 2)
            MPI_Start(&request);
        else
            MPI_Startall(1, &request);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
    MPI_Request_free(&request);
}

/* Rank 1 puts 4 doubles into rank 3's window, gets 2 and accumulates 1. */
static void do_onesided(void)
{
    MPI_Win window;
    void *memory;
    MPI_Win_allocate(sizeof in, sizeof(double), MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
    if (rank == 1) {
        MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 3, 0, window);
        MPI_Put(out, 4, MPI_DOUBLE, 3, 0, 4, MPI_DOUBLE, window);
        MPI_Win_flush(3, window);
        MPI_Get(out, 2, MPI_DOUBLE, 3, 0, 2, MPI_DOUBLE, window);
        MPI_Accumulate(out + 10, 1, MPI_DOUBLE, 3, 10, 1, MPI_DOUBLE, MPI_SUM, window);
        MPI_Win_unlock(3, window);
    }
    MPI_Win_free(&window);
}

static void do_collectives(void)
{
    MPI_Request request;
    MPI_Bcast(out, 10, MPI_DOUBLE, 1, MPI_COMM_WORLD);
    MPI_Reduce(out, in, 10, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    MPI_Allreduce(out, in, 2, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Iallreduce(out, in, 2, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    MPI_Gather(out, 3, MPI_DOUBLE, in, 3, MPI_DOUBLE, 2, MPI_COMM_WORLD);
    MPI_Scatter(out, 3, MPI_DOUBLE, in, 3, MPI_DOUBLE, 2, MPI_COMM_WORLD);
    MPI_Allgather(out, 5, MPI_DOUBLE, in, 5, MPI_DOUBLE, MPI_COMM_WORLD);
    MPI_Alltoall(out, 7, MPI_DOUBLE, in, 7, MPI_DOUBLE, MPI_COMM_WORLD);
    MPI_Reduce_scatter_block(out, in, 6, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Scan(out, in, 9, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
}

/* A ring as a grid of one dimension, and a graph in which all but rank 0 send to rank 0. */
static void do_neighbours(void)
{
    MPI_Comm ring, star;
    int n = RANKS, periodic = 1, zero = 0, nin = rank == 0 ? 3 : 0, nout = rank == 0 ? 0 : 1;
    int others[] = {1, 2, 3}, weights[] = {1, 1, 1};
    MPI_Cart_create(MPI_COMM_WORLD, 1, &n, &periodic, 0, &ring);
    MPI_Neighbor_alltoall(out, 2, MPI_DOUBLE, in, 2, MPI_DOUBLE, ring);
    MPI_Comm_free(&ring);
    MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, nin, others, weights, nout, &zero, weights, MPI_INFO_NULL,
                                   0, &star);
    MPI_Neighbor_allgather(out, 1, MPI_DOUBLE, in, 1, MPI_DOUBLE, star);
    MPI_Comm_free(&star);
}

#define SENDS 500

static void *send_many(void *data)
{
    MPI_Comm comm = *(MPI_Comm *)data;
    for (int i = 0; i < SENDS; i++)
        MPI_Send(out, 8, MPI_BYTE, 1, 0, comm);
    return NULL;
}

static void *receive_many(void *data)
{
    double room;
    MPI_Comm comm = *(MPI_Comm *)data;
    for (int i = 0; i < SENDS; i++)
        MPI_Recv(&room, 8, MPI_BYTE, 0, 0, comm, MPI_STATUS_IGNORE);
    return NULL;
}

/* Four threads of rank 0 send to four of rank 1. */
static void do_threads(void)
{
    pthread_t thread[4];
    MPI_Comm comm[4];
    for (int i = 0; i < 4; i++)
        MPI_Comm_dup(MPI_COMM_WORLD, &comm[i]);
    for (int i = 0; i < 4 && rank < 2; i++)
        pthread_create(&thread[i], NULL, rank == 0 ? send_many : receive_many, &comm[i]);
    for (int i = 0; i < 4 && rank < 2; i++)
        pthread_join(thread[i], NULL);
}

static void sleep_for(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&t, NULL);
}

/* Rank r computes r tenths of a second before each of three operations that all take part in, and before one in which it waits for
 * the next one's message. What comes before MPI_Pcontrol(2) and after MPI_Pcontrol(0) does not count. */
static void do_times(void)
{
    int to = (rank + RANKS - 1) % RANKS, from = (rank + 1) % RANKS;
    MPI_Send(out, 10, MPI_DOUBLE, to, 0, MPI_COMM_WORLD);
    MPI_Recv(in, 10, MPI_DOUBLE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    sleep_for(0.1 * (RANKS - rank));
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Pcontrol(2);
    for (int i = 0; i < 3; i++) {
        sleep_for(0.1 * rank);
        MPI_Allreduce(out, in, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    }
    sleep_for(0.1 * rank);
    MPI_Send(out, 10, MPI_DOUBLE, to, 0, MPI_COMM_WORLD);
    MPI_Recv(in, 10, MPI_DOUBLE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Pcontrol(0);
    sleep_for(0.2);
    MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {{"point", do_point},
                 {"communicators", do_communicators},
                 {"persistent", do_persistent},
                 {"onesided", do_onesided},
                 {"collectives", do_collectives},
                 {"neighbours", do_neighbours},
                 {"threads", do_threads},
                 {"times", do_times}};
    int size, given, found = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &given);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && size == RANKS && argc == 2; i++) {
        if (strcmp(parts[i].name, argv[1]) == 0) {
            parts[i].run();
            found = 1;
        }
    }
    if (argc == 2 && strcmp(argv[1], "die") == 0)
        _Exit(3);
    MPI_Finalize();
    return found ? 0 : 2;
}
