/* The tracer: a library that is preloaded into an MPI program, takes its calls through MPI's profiling interface, counts what
 * each rank sends to each other rank of MPI_COMM_WORLD, takes the time of the calls, and passes them on. Rank 0 writes the
 * traffic file and the file of times in MPI_Finalize. MPI_Pcontrol(0) stops both, MPI_Pcontrol(1) lets them go on, MPI_Pcontrol(2) lets them
 * begin anew.
 * Calls of several threads may come at once.
 *
 * Its state is one structure, since MPI's profiling interface has no place for a pointer of ours. */
#ifndef WEISS_PLAN_TRACE_H
#define WEISS_PLAN_TRACE_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

/** Makes a function of MPI visible in place of the original. */
#define WEISS_TRACED __attribute__((visibility("default")))

/** Where the traffic file goes; without it nothing is written. */
#define WEISS_TRACE_VARIABLE "WEISS_TRACE_FILE"
/** Where the times go; without it they are not written. */
#define WEISS_TRACE_TIMES_VARIABLE "WEISS_TRACE_TIMES"
/** Room for the name of a host. */
#define WEISS_TRACE_HOST 64

/** Begins to count. Called once, after PMPI_Init. */
void weiss_count_begin(void);
/** Counts @p messages and @p bytes from this rank to rank @p to of MPI_COMM_WORLD; ranks that are not of it do not count. */
void weiss_count(int to, double messages, double bytes);
/** Ranks of MPI_COMM_WORLD; 0 before weiss_count_begin. */
int weiss_count_ranks(void);
/** Counts from now on, or does not. */
void weiss_count_switch(bool on);
/** Counts from nothing again. */
void weiss_count_forget(void);
/** Writes all that was asked for. Gathers the counts on rank 0 and writes them. Collective on MPI_COMM_WORLD. */
void weiss_count_end(void);

/** Sets the clock going. Called once, after weiss_count_begin. */
void weiss_time_begin(void);
/** Sets the clock going or stops it. */
void weiss_time_switch(bool on);
/** Forgets all times so far. */
void weiss_time_forget(void);
/** Now, in ticks of a clock that costs some nanoseconds. */
uint64_t weiss_ticks(void);
/** Accounts for a call of MPI that began at @p begin and ends now.
 *  @param collective  its communicator when it returns only with the data of others; MPI_COMM_NULL for all other calls
 *  @return @p code */
int weiss_time_call(uint64_t begin, MPI_Comm collective, int code);
/** Works out what of the time was waiting, and writes the file on the first rank of @p comm, a duplicate of MPI_COMM_WORLD:
 *  rank,host,elapsed_s,compute_s,transfer_s,waiting_s,collectives. waiting_s is nan, and all of the time in MPI under transfer_s, when
 *  the ranks made different numbers of collective calls. Collective on @p comm. */
void weiss_time_write(const char *path, MPI_Comm comm);

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
