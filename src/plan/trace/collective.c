/* Collective operations, counted as the messages of a model (plan/pattern.h). Those of intercommunicators are not counted. */
#include "plan/trace/trace.h"

#include "plan/pattern.h"

/** Counts a message of a pattern. @p data is the group. */
static void send(void *data, int to, double messages, double bytes)
{
    const weiss_group *group = data;
    weiss_count(group->world[to], messages, bytes);
}

/** The group of an intracommunicator; NULL: nothing is to be counted. */
static weiss_group *peers(MPI_Comm comm)
{
    const weiss_group *group = weiss_group_of(comm);
    return group != NULL && !group->inter && group->rank >= 0 ? (weiss_group *)group : NULL;
}

static void count_barrier(MPI_Comm comm)
{
    weiss_group *g = peers(comm);
    if (g != NULL)
        weiss_pattern_barrier(g->size, g->rank, send, g);
}

static void count_bcast(long n, MPI_Datatype type, int root, MPI_Comm comm)
{
    weiss_group *g = peers(comm);
    if (g != NULL)
        weiss_pattern_bcast(g->size, g->rank, root, weiss_trace_bytes(n, type), send, g);
}

static void count_reduce(long n, MPI_Datatype type, int root, MPI_Comm comm)
{
    weiss_group *g = peers(comm);
    if (g != NULL)
        weiss_pattern_reduce(g->size, g->rank, root, weiss_trace_bytes(n, type), send, g);
}

static void count_allreduce(long n, MPI_Datatype type, MPI_Comm comm)
{
    weiss_group *g = peers(comm);
    if (g != NULL)
        weiss_pattern_allreduce(g->size, g->rank, weiss_trace_bytes(n, type), send, g);
}

static void count_scan(long n, MPI_Datatype type, MPI_Comm comm)
{
    weiss_group *g = peers(comm);
    if (g != NULL)
        weiss_pattern_scan(g->size, g->rank, weiss_trace_bytes(n, type), send, g);
}

static void count_reduce_scatter(const int *counts, int each, MPI_Datatype type, MPI_Comm comm)
{
    weiss_group *g = peers(comm);
    for (int i = 0; g != NULL && i < g->size; i++)
        if (i != g->rank)
            send(g, i, 1.0, weiss_trace_bytes(counts != NULL ? counts[i] : each, type));
}

static void count_gather(const void *in_place, long n, MPI_Datatype type, int root, MPI_Comm comm)
{
    weiss_group *g = peers(comm);
    if (g != NULL && g->rank != root && in_place != MPI_IN_PLACE)
        send(g, root, 1.0, weiss_trace_bytes(n, type));
}

static void count_scatter(const int *counts, int each, MPI_Datatype type, int root, MPI_Comm comm)
{
    weiss_group *g = peers(comm);
    for (int i = 0; g != NULL && g->rank == root && i < g->size; i++)
        if (i != root)
            send(g, i, 1.0, weiss_trace_bytes(counts != NULL ? counts[i] : each, type));
}

static void count_allgather(const int *counts, int each, MPI_Datatype type, MPI_Comm comm)
{
    weiss_group *g = peers(comm);
    double all = 0.0;
    if (g == NULL)
        return;
    for (int i = 0; i < g->size; i++)
        all += weiss_trace_bytes(counts != NULL ? counts[i] : each, type);
    int next = (g->rank + 1) % g->size;
    weiss_pattern_allgather(g->size, g->rank, all,
                            weiss_trace_bytes(counts != NULL ? counts[next] : each, type), send, g);
}

/** @p types: one for each rank, or NULL and @p type for all. In place, what comes is as large as what goes. */
static void count_alltoall(const int *counts, int each, const MPI_Datatype *types, MPI_Datatype type,
                           MPI_Comm comm)
{
    weiss_group *g = peers(comm);
    for (int i = 0; g != NULL && i < g->size; i++)
        if (i != g->rank)
            send(g, i, 1.0,
                 weiss_trace_bytes(counts != NULL ? counts[i] : each, types != NULL ? types[i] : type));
}

/* An operation and its nonblocking form. @p parameters and @p words, in brackets, are what stands before the communicator. */
#define EXPAND(...) __VA_ARGS__
#define BOTH(name, iname, parameters, words, count)                                                          \
    WEISS_TRACED int MPI_##name(EXPAND parameters, MPI_Comm comm)                                            \
    {                                                                                                        \
        count;                                                                                               \
        uint64_t begin = weiss_ticks();                                                                      \
        return weiss_time_call(begin, comm, PMPI_##name(EXPAND words, comm));                                \
    }                                                                                                        \
    WEISS_TRACED int MPI_##iname(EXPAND parameters, MPI_Comm comm, MPI_Request *request)                     \
    {                                                                                                        \
        count;                                                                                               \
        uint64_t begin = weiss_ticks();                                                                      \
        return weiss_time_call(begin, MPI_COMM_NULL, PMPI_##iname(EXPAND words, comm, request));             \
    }

#define OUT const void *out, int nout, MPI_Datatype out_type
#define OUT_WORDS out, nout, out_type
#define OUT_V const void *out, const int *out_counts, const int *out_starts, MPI_Datatype out_type
#define OUT_V_WORDS out, out_counts, out_starts, out_type
#define OUT_W const void *out, const int *out_counts, const int *out_starts, const MPI_Datatype *out_types
#define OUT_W_WORDS out, out_counts, out_starts, out_types
#define IN void *in, int nin, MPI_Datatype in_type
#define IN_WORDS in, nin, in_type
#define IN_V void *in, const int *in_counts, const int *in_starts, MPI_Datatype in_type
#define IN_V_WORDS in, in_counts, in_starts, in_type
#define IN_W void *in, const int *in_counts, const int *in_starts, const MPI_Datatype *in_types
#define IN_W_WORDS in, in_counts, in_starts, in_types
#define FOLD const void *out, void *in, int n, MPI_Datatype type, MPI_Op op
#define FOLD_WORDS out, in, n, type, op

WEISS_TRACED int MPI_Barrier(MPI_Comm comm)
{
    count_barrier(comm);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, comm, PMPI_Barrier(comm));
}

WEISS_TRACED int MPI_Ibarrier(MPI_Comm comm, MPI_Request *request)
{
    count_barrier(comm);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL, PMPI_Ibarrier(comm, request));
}

BOTH(Bcast, Ibcast, (void *buffer, int n, MPI_Datatype type, int root), (buffer, n, type, root),
     count_bcast(n, type, root, comm))
BOTH(Reduce, Ireduce, (FOLD, int root), (FOLD_WORDS, root), count_reduce(n, type, root, comm))
BOTH(Allreduce, Iallreduce, (FOLD), (FOLD_WORDS), count_allreduce(n, type, comm))
BOTH(Scan, Iscan, (FOLD), (FOLD_WORDS), count_scan(n, type, comm))
BOTH(Exscan, Iexscan, (FOLD), (FOLD_WORDS), count_scan(n, type, comm))
BOTH(Reduce_scatter, Ireduce_scatter,
     (const void *out, void *in, const int *counts, MPI_Datatype type, MPI_Op op),
     (out, in, counts, type, op), count_reduce_scatter(counts, 0, type, comm))
BOTH(Reduce_scatter_block, Ireduce_scatter_block, (FOLD), (FOLD_WORDS),
     count_reduce_scatter(NULL, n, type, comm))
BOTH(Gather, Igather, (OUT, IN, int root), (OUT_WORDS, IN_WORDS, root),
     count_gather(out, nout, out_type, root, comm))
BOTH(Gatherv, Igatherv, (OUT, IN_V, int root), (OUT_WORDS, IN_V_WORDS, root),
     count_gather(out, nout, out_type, root, comm))
BOTH(Scatter, Iscatter, (OUT, IN, int root), (OUT_WORDS, IN_WORDS, root),
     count_scatter(NULL, nout, out_type, root, comm))
BOTH(Scatterv, Iscatterv, (OUT_V, IN, int root), (OUT_V_WORDS, IN_WORDS, root),
     count_scatter(out_counts, 0, out_type, root, comm))
BOTH(Allgather, Iallgather, (OUT, IN), (OUT_WORDS, IN_WORDS), count_allgather(NULL, nin, in_type, comm))
BOTH(Allgatherv, Iallgatherv, (OUT, IN_V), (OUT_WORDS, IN_V_WORDS),
     count_allgather(in_counts, 0, in_type, comm))
BOTH(Alltoall, Ialltoall, (OUT, IN), (OUT_WORDS, IN_WORDS),
     count_alltoall(NULL, out == MPI_IN_PLACE ? nin : nout, NULL, out == MPI_IN_PLACE ? in_type : out_type,
                    comm))
BOTH(Alltoallv, Ialltoallv, (OUT_V, IN_V), (OUT_V_WORDS, IN_V_WORDS),
     count_alltoall(out == MPI_IN_PLACE ? in_counts : out_counts, 0, NULL,
                    out == MPI_IN_PLACE ? in_type : out_type, comm))
BOTH(Alltoallw, Ialltoallw, (OUT_W, IN_W), (OUT_W_WORDS, IN_W_WORDS),
     count_alltoall(out == MPI_IN_PLACE ? in_counts : out_counts, 0,
                    out == MPI_IN_PLACE ? in_types : out_types, MPI_DATATYPE_NULL, comm))
