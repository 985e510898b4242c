/* The tracer: a library that is preloaded into an MPI program, takes its calls through MPI's profiling interface, counts what
 * each rank sends to each other rank of MPI_COMM_WORLD, and passes the calls on. Rank 0 writes the traffic file in MPI_Finalize.
 * Calls of several threads may come at once.
 *
 * Its state is one structure, since MPI's profiling interface has no place for a pointer of ours. */
#ifndef WEISS_PLAN_TRACE_H
#define WEISS_PLAN_TRACE_H

#include <mpi.h>
#include <stdbool.h>

/** Makes a function of MPI visible in place of the original. */
#define WEISS_TRACED __attribute__((visibility("default")))

/** Where the traffic file goes; without it nothing is written. */
#define WEISS_TRACE_VARIABLE "WEISS_TRACE_FILE"

/** Begins to count. Called once, after PMPI_Init. */
void weiss_count_begin(void);
/** Counts @p messages and @p bytes from this rank to rank @p to of MPI_COMM_WORLD; ranks that are not of it do not count. */
void weiss_count(int to, double messages, double bytes);
/** Gathers the counts on rank 0 and writes them. Collective on MPI_COMM_WORLD. */
void weiss_count_end(void);

/** World ranks of a group: of a communicator or a window. */
typedef struct weiss_group {
    int rank; /**< of this process; MPI_UNDEFINED when it is not in the group */
    int size;
    bool inter; /**< the group is the remote one of an intercommunicator */
    int *world; /**< size, MPI_UNDEFINED for a process of another world */
} weiss_group;

/** The peers in @p comm (the remote group of an intercommunicator), kept with it until it is freed. NULL: not known. */
const weiss_group *weiss_group_of(MPI_Comm comm);
/** The same of a window. */
const weiss_group *weiss_group_of_window(MPI_Win window);
/** Makes the places in which groups are kept. Called once, after PMPI_Init. */
void weiss_group_begin(void);

/** Size of @p count elements, bytes. */
double weiss_trace_bytes(long count, MPI_Datatype type);

/** Counts one message to rank @p to of a communicator. */
void weiss_trace_message(MPI_Comm comm, int to, long count, MPI_Datatype type);

#endif
