/* Neighbourhood collectives: one message to each neighbour of the communicator's topology. */
#include "plan/trace/trace.h"

#include <stdlib.h>

/** Neighbours that this rank sends to, free with free(); @p *n of them. NULL: none known. */
static int *graph_neighbours(MPI_Comm comm, int *n)
{
    int rank;
    PMPI_Comm_rank(comm, &rank);
    PMPI_Graph_neighbors_count(comm, rank, n);
    int *to = malloc(((size_t)*n + 1) * sizeof *to);
    if (to != NULL)
        PMPI_Graph_neighbors(comm, rank, *n, to);
    return to;
}

static int *distributed_neighbours(MPI_Comm comm, int *n)
{
    int nin, weighted;
    PMPI_Dist_graph_neighbors_count(comm, &nin, n, &weighted);
    int *numbers = malloc(2 * ((size_t)nin + (size_t)*n + 1) * sizeof *numbers);
    if (numbers == NULL)
        return NULL;
    /* Sources and weights are of no use here. */
    int *to = malloc(((size_t)*n + 1) * sizeof *to);
    if (to != NULL)
        PMPI_Dist_graph_neighbors(comm, nin, numbers, numbers + nin, *n, to, numbers + 2 * (size_t)nin);
    free(numbers);
    return to;
}

static int *grid_neighbours(MPI_Comm comm, int *n)
{
    int dimensions = 0;
    PMPI_Cartdim_get(comm, &dimensions);
    *n = 2 * dimensions;
    int *to = malloc(((size_t)*n + 1) * sizeof *to);
    for (int d = 0; to != NULL && d < dimensions; d++)
        PMPI_Cart_shift(comm, d, 1, &to[2 * d], &to[2 * d + 1]);
    return to;
}

static int *neighbours(MPI_Comm comm, int *n)
{
    int kind = MPI_UNDEFINED;
    *n = 0;
    PMPI_Topo_test(comm, &kind);
    return kind == MPI_CART         ? grid_neighbours(comm, n)
           : kind == MPI_GRAPH      ? graph_neighbours(comm, n)
           : kind == MPI_DIST_GRAPH ? distributed_neighbours(comm, n)
                                    : NULL;
}

/** @p counts and @p types: one for each neighbour, or NULL and the same for all. */
static void count(MPI_Comm comm, const int *counts, int each, const MPI_Datatype *types, MPI_Datatype type)
{
    int n, *to = neighbours(comm, &n);
    for (int i = 0; to != NULL && i < n; i++)
        weiss_trace_message(comm, to[i], counts != NULL ? counts[i] : each, types != NULL ? types[i] : type);
    free(to);
}

#define EXPAND(...) __VA_ARGS__
#define BOTH(name, iname, parameters, words, counting)                                                       \
    WEISS_TRACED int MPI_##name(EXPAND parameters, MPI_Comm comm)                                            \
    {                                                                                                        \
        counting;                                                                                            \
        uint64_t begin = weiss_ticks();                                                                      \
        return weiss_time_call(begin, MPI_COMM_NULL, PMPI_##name(EXPAND words, comm));                       \
    }                                                                                                        \
    WEISS_TRACED int MPI_##iname(EXPAND parameters, MPI_Comm comm, MPI_Request *request)                     \
    {                                                                                                        \
        counting;                                                                                            \
        uint64_t begin = weiss_ticks();                                                                      \
        return weiss_time_call(begin, MPI_COMM_NULL, PMPI_##iname(EXPAND words, comm, request));             \
    }

BOTH(Neighbor_allgather, Ineighbor_allgather,
     (const void *out, int n, MPI_Datatype type, void *in, int nin, MPI_Datatype in_type),
     (out, n, type, in, nin, in_type), count(comm, NULL, n, NULL, type))
BOTH(Neighbor_allgatherv, Ineighbor_allgatherv,
     (const void *out, int n, MPI_Datatype type, void *in, const int *in_counts, const int *in_starts,
      MPI_Datatype in_type),
     (out, n, type, in, in_counts, in_starts, in_type), count(comm, NULL, n, NULL, type))
BOTH(Neighbor_alltoall, Ineighbor_alltoall,
     (const void *out, int n, MPI_Datatype type, void *in, int nin, MPI_Datatype in_type),
     (out, n, type, in, nin, in_type), count(comm, NULL, n, NULL, type))
BOTH(Neighbor_alltoallv, Ineighbor_alltoallv,
     (const void *out, const int *counts, const int *starts, MPI_Datatype type, void *in,
      const int *in_counts, const int *in_starts, MPI_Datatype in_type),
     (out, counts, starts, type, in, in_counts, in_starts, in_type), count(comm, counts, 0, NULL, type))
BOTH(Neighbor_alltoallw, Ineighbor_alltoallw,
     (const void *out, const int *counts, const MPI_Aint *starts, const MPI_Datatype *types, void *in,
      const int *in_counts, const MPI_Aint *in_starts, const MPI_Datatype *in_types),
     (out, counts, starts, types, in, in_counts, in_starts, in_types),
     count(comm, counts, 0, types, MPI_DATATYPE_NULL))
