/* Calls in which a rank may wait and that send nothing: receives, waits, tests. Only their time is of interest. */
#include "plan/trace/trace.h"

#define TIMED(name, parameters, words)                                                                       \
    WEISS_TRACED int MPI_##name parameters                                                                   \
    {                                                                                                        \
        uint64_t begin = weiss_ticks();                                                                      \
        return weiss_time_call(begin, MPI_COMM_NULL, PMPI_##name words);                                     \
    }

TIMED(Recv, (void *to, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status *status),
      (to, n, type, from, tag, comm, status))
TIMED(Irecv, (void *to, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request *request),
      (to, n, type, from, tag, comm, request))
TIMED(Mrecv, (void *to, int n, MPI_Datatype type, MPI_Message *message, MPI_Status *status),
      (to, n, type, message, status))
TIMED(Probe, (int from, int tag, MPI_Comm comm, MPI_Status *status), (from, tag, comm, status))
TIMED(Mprobe, (int from, int tag, MPI_Comm comm, MPI_Message *message, MPI_Status *status),
      (from, tag, comm, message, status))
TIMED(Iprobe, (int from, int tag, MPI_Comm comm, int *flag, MPI_Status *status),
      (from, tag, comm, flag, status))
TIMED(Wait, (MPI_Request * request, MPI_Status *status), (request, status))
TIMED(Waitall, (int n, MPI_Request requests[], MPI_Status statuses[]), (n, requests, statuses))
TIMED(Waitany, (int n, MPI_Request requests[], int *which, MPI_Status *status), (n, requests, which, status))
TIMED(Waitsome, (int n, MPI_Request requests[], int *ndone, int which[], MPI_Status statuses[]),
      (n, requests, ndone, which, statuses))
TIMED(Test, (MPI_Request * request, int *flag, MPI_Status *status), (request, flag, status))
TIMED(Testall, (int n, MPI_Request requests[], int *flag, MPI_Status statuses[]),
      (n, requests, flag, statuses))
TIMED(Testany, (int n, MPI_Request requests[], int *which, int *flag, MPI_Status *status),
      (n, requests, which, flag, status))
TIMED(Testsome, (int n, MPI_Request requests[], int *ndone, int which[], MPI_Status statuses[]),
      (n, requests, ndone, which, statuses))
TIMED(Win_fence, (int assert, MPI_Win window), (assert, window))
TIMED(Win_lock, (int type, int rank, int assert, MPI_Win window), (type, rank, assert, window))
TIMED(Win_unlock, (int rank, MPI_Win window), (rank, window))
TIMED(Win_flush, (int rank, MPI_Win window), (rank, window))
TIMED(Win_flush_all, (MPI_Win window), (window))
TIMED(Win_start, (MPI_Group group, int assert, MPI_Win window), (group, assert, window))
TIMED(Win_complete, (MPI_Win window), (window))
TIMED(Win_wait, (MPI_Win window), (window))
