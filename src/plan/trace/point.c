/* Messages from one rank to another. */
#include "plan/trace/trace.h"

/* A send that returns when its buffer can be used again, and one that returns at once. */
#define SEND(name)                                                                                           \
    WEISS_TRACED int MPI_##name(const void *buffer, int count, MPI_Datatype type, int to, int tag,           \
                                MPI_Comm comm)                                                               \
    {                                                                                                        \
        weiss_trace_message(comm, to, count, type);                                                          \
        uint64_t begin = weiss_ticks();                                                                      \
        return weiss_time_call(begin, MPI_COMM_NULL, PMPI_##name(buffer, count, type, to, tag, comm));       \
    }
#define SEND_NOW(name)                                                                                       \
    WEISS_TRACED int MPI_##name(const void *buffer, int count, MPI_Datatype type, int to, int tag,           \
                                MPI_Comm comm, MPI_Request *request)                                         \
    {                                                                                                        \
        weiss_trace_message(comm, to, count, type);                                                          \
        uint64_t begin = weiss_ticks();                                                                      \
        return weiss_time_call(begin, MPI_COMM_NULL,                                                         \
                               PMPI_##name(buffer, count, type, to, tag, comm, request));                    \
    }

SEND(Send)
SEND(Ssend)
SEND(Bsend)
SEND(Rsend)
SEND_NOW(Isend)
SEND_NOW(Issend)
SEND_NOW(Ibsend)
SEND_NOW(Irsend)

WEISS_TRACED int MPI_Sendrecv(const void *out, int nout, MPI_Datatype out_type, int to, int out_tag, void *in,
                              int nin, MPI_Datatype in_type, int from, int in_tag, MPI_Comm comm,
                              MPI_Status *status)
{
    weiss_trace_message(comm, to, nout, out_type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(
        begin, MPI_COMM_NULL,
        PMPI_Sendrecv(out, nout, out_type, to, out_tag, in, nin, in_type, from, in_tag, comm, status));
}

WEISS_TRACED int MPI_Sendrecv_replace(void *buffer, int count, MPI_Datatype type, int to, int out_tag,
                                      int from, int in_tag, MPI_Comm comm, MPI_Status *status)
{
    weiss_trace_message(comm, to, count, type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(
        begin, MPI_COMM_NULL,
        PMPI_Sendrecv_replace(buffer, count, type, to, out_tag, from, in_tag, comm, status));
}
