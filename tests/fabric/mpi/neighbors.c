/* Neighbourhood collectives on Cartesian and distributed-graph topologies, and a halo exchange with derived types on a grid
 * that every rank can compute. */
#include "suite.h"

#include <stdlib.h>

enum { MOST_NEIGHBORS = 64 };

/* Neighbours of this rank, in MPI's order. A source's block for us is number `slot` among its targets. */
typedef struct neighbors {
    MPI_Comm comm;
    int me, size, nsources, ntargets;
    bool doubled; /* some rank is neighbour of another one twice */
    int source[MOST_NEIGHBORS], target[MOST_NEIGHBORS], slot[MOST_NEIGHBORS];
} neighbors;

/* Sequence of the block from a rank to its target number slot. */
static uint64_t block(const neighbors *n, int from, int slot, uint64_t number)
{
    return test_seed((uint64_t)from, (uint64_t)slot, number + 1000 * (uint64_t)n->size);
}

/* Length of that block, where lengths vary. */
static int length(const neighbors *n, int from, int slot, uint64_t number, int most)
{
    return (int)test_random(block(n, from, slot, number), 1, (uint64_t)most + 1);
}

static void wait_for(MPI_Request *request)
{
    MPI_Wait(request, MPI_STATUS_IGNORE);
}

/* Every target gets the same block. */
static void gather(const neighbors *n, int count, bool varies, bool nonblocking, uint64_t number)
{
    int counts[MOST_NEIGHBORS], displs[MOST_NEIGHBORS], total = 0;
    int mine = varies ? length(n, n->me, 0, number, count) : count;
    MPI_Request request = MPI_REQUEST_NULL;
    test_step("neighbor_allgather%s%s of %d bytes", varies ? "v" : "", nonblocking ? ", nonblocking" : "",
              count);
    for (int i = 0; i < n->nsources; i++) {
        counts[i] = n->source[i] == MPI_PROC_NULL ? 0
                    : varies                      ? length(n, n->source[i], 0, number, count)
                                                  : count;
        displs[i] = varies ? total + 3 : i * count;
        total = displs[i] + (varies ? counts[i] : count);
    }
    unsigned char *out = test_memory((size_t)mine), *in = test_buffer((size_t)total),
                  *expected = test_buffer((size_t)total);
    test_fill(out, 0, (size_t)mine, block(n, n->me, 0, number));
    for (int i = 0; i < n->nsources; i++)
        if (n->source[i] != MPI_PROC_NULL)
            test_fill(expected + displs[i], 0, (size_t)counts[i], block(n, n->source[i], 0, number));
    if (varies && nonblocking)
        MPI_Ineighbor_allgatherv(out, mine, MPI_BYTE, in, counts, displs, MPI_BYTE, n->comm, &request);
    else if (varies)
        MPI_Neighbor_allgatherv(out, mine, MPI_BYTE, in, counts, displs, MPI_BYTE, n->comm);
    else if (nonblocking)
        MPI_Ineighbor_allgather(out, mine, MPI_BYTE, in, count, MPI_BYTE, n->comm, &request);
    else
        MPI_Neighbor_allgather(out, mine, MPI_BYTE, in, count, MPI_BYTE, n->comm);
    wait_for(&request);
    test_check_bytes(in, expected, (size_t)total + TEST_GUARD, "neighbor_allgather");
    free(out);
    free(in);
    free(expected);
}

enum shape { PLAIN, V, W };

/* Where the blocks are; @return bytes in all. */
static int place(const neighbors *n, bool outgoing, int count, enum shape shape, uint64_t number, int *counts,
                 int *displs)
{
    int total = 0, blocks = outgoing ? n->ntargets : n->nsources;
    for (int i = 0; i < blocks; i++) {
        int other = outgoing ? n->target[i] : n->source[i];
        int from = outgoing ? n->me : other, slot = outgoing ? i : n->slot[i];
        counts[i] = shape == PLAIN           ? count
                    : other == MPI_PROC_NULL ? 0
                                             : length(n, from, slot, number, count);
        displs[i] = shape == PLAIN ? i * count : total + 5;
        total = displs[i] + counts[i];
    }
    return total;
}

/* Every target gets a block of its own. */
static void alltoall(const neighbors *n, int count, enum shape shape, bool nonblocking, uint64_t number)
{
    int scounts[MOST_NEIGHBORS], sdispls[MOST_NEIGHBORS], rcounts[MOST_NEIGHBORS], rdispls[MOST_NEIGHBORS];
    MPI_Aint sbytes[MOST_NEIGHBORS], rbytes[MOST_NEIGHBORS];
    MPI_Datatype types[MOST_NEIGHBORS];
    MPI_Request request = MPI_REQUEST_NULL;
    test_step("neighbor_alltoall, shape %d%s, of %d bytes", (int)shape, nonblocking ? ", nonblocking" : "",
              count);
    size_t out_bytes = (size_t)place(n, true, count, shape, number, scounts, sdispls);
    size_t in_bytes = (size_t)place(n, false, count, shape, number, rcounts, rdispls);
    unsigned char *out = test_memory(out_bytes), *in = test_buffer(in_bytes),
                  *expected = test_buffer(in_bytes);
    for (int i = 0; i < n->ntargets; i++)
        test_fill(out + sdispls[i], 0, (size_t)scounts[i], block(n, n->me, i, number));
    for (int i = 0; i < n->nsources; i++)
        if (n->source[i] != MPI_PROC_NULL)
            test_fill(expected + rdispls[i], 0, (size_t)rcounts[i],
                      block(n, n->source[i], n->slot[i], number));
    for (int i = 0; i < MOST_NEIGHBORS; i++) {
        sbytes[i] = i < n->ntargets ? sdispls[i] : 0;
        rbytes[i] = i < n->nsources ? rdispls[i] : 0;
        types[i] = MPI_BYTE;
    }
    if (shape == PLAIN && !nonblocking)
        MPI_Neighbor_alltoall(out, count, MPI_BYTE, in, count, MPI_BYTE, n->comm);
    else if (shape == PLAIN)
        MPI_Ineighbor_alltoall(out, count, MPI_BYTE, in, count, MPI_BYTE, n->comm, &request);
    else if (shape == V && !nonblocking)
        MPI_Neighbor_alltoallv(out, scounts, sdispls, MPI_BYTE, in, rcounts, rdispls, MPI_BYTE, n->comm);
    else if (shape == V)
        MPI_Ineighbor_alltoallv(out, scounts, sdispls, MPI_BYTE, in, rcounts, rdispls, MPI_BYTE, n->comm,
                                &request);
    else if (!nonblocking)
        MPI_Neighbor_alltoallw(out, scounts, sbytes, types, in, rcounts, rbytes, types, n->comm);
    else
        MPI_Ineighbor_alltoallw(out, scounts, sbytes, types, in, rcounts, rbytes, types, n->comm, &request);
    wait_for(&request);
    test_check_bytes(in, expected, in_bytes + TEST_GUARD, "neighbor_alltoall");
    free(out);
    free(in);
    free(expected);
}

static void all_exchanges(const neighbors *n, uint64_t number)
{
    static const int counts[] = {0, 1, 13, 1000, 9000, 150000};
    int most = test_scaled(6, 4) < 6 ? 5 : 6;
    for (int c = 0; c < most; c++)
        for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
            number++;
            gather(n, counts[c], false, nonblocking != 0, number);
            gather(n, counts[c], true, nonblocking != 0, number);
            /* Open MPI 4.1.4 swaps the two blocks there when it works nonblocking. */
            for (enum shape shape = PLAIN; shape <= W && !(n->doubled && nonblocking); shape++)
                alltoall(n, counts[c], shape, nonblocking != 0, number);
        }
}

/* MPI's order on a grid: per dimension, the lower neighbour and then the upper one. What the lower one sends upwards
 * is its second block of that dimension. */
static void cartesian(int ndims, const int *periodic, uint64_t number)
{
    int dims[3] = {0, 0, 0};
    neighbors n = {.nsources = 2 * ndims, .ntargets = 2 * ndims};
    test_step("grid of %d dimensions", ndims);
    MPI_Dims_create(test_size(), ndims, dims);
    MPI_Cart_create(MPI_COMM_WORLD, ndims, dims, periodic, 1, &n.comm);
    MPI_Comm_rank(n.comm, &n.me);
    MPI_Comm_size(n.comm, &n.size);
    for (int d = 0; d < ndims; d++) {
        MPI_Cart_shift(n.comm, d, 1, &n.source[2 * d], &n.source[2 * d + 1]);
        n.doubled = n.doubled || (periodic[d] && dims[d] <= 2);
        n.slot[2 * d] = 2 * d + 1;
        n.slot[2 * d + 1] = 2 * d;
    }
    for (int i = 0; i < 2 * ndims; i++)
        n.target[i] = n.source[i];
    all_exchanges(&n, number);
    MPI_Comm_free(&n.comm);
}

/* True when a rank sends to another one in the random graph; there are ranks without neighbours. */
static bool edge(uint64_t seed, int from, int to)
{
    return test_random(test_seed(seed, (uint64_t)from, (uint64_t)to), 0, 5) < 2;
}

static void graph(uint64_t seed, uint64_t number)
{
    int weight[MOST_NEIGHBORS];
    neighbors n = {.me = test_rank(), .size = test_size()};
    test_step("random graph");
    for (int other = 0; other < n.size; other++) {
        if (edge(seed, n.me, other))
            n.target[n.ntargets++] = other;
        if (!edge(seed, other, n.me))
            continue;
        for (int before = 0; before < n.me; before++)
            n.slot[n.nsources] += edge(seed, other, before);
        n.source[n.nsources++] = other;
    }
    for (int i = 0; i < MOST_NEIGHBORS; i++)
        weight[i] = 1;
    MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, n.nsources, n.source, weight, n.ntargets, n.target, weight,
                                   MPI_INFO_NULL, 0, &n.comm);
    all_exchanges(&n, number);
    MPI_Comm_free(&n.comm);
}

/* Value of a cell of the whole grid, which is periodic, in a step. */
static double cell(int nx, int ny, int x, int y, int step)
{
    return (double)(((x + nx) % nx) * 10000 + (y + ny) % ny) + step * 1e8;
}

/* Exchanges the borders of a block with corners: columns first, then rows with what came with the columns. */
static void halo(int width, int steps)
{
    int dims[2] = {0, 0}, periodic[2] = {1, 1}, at[2], me, low[2], high[2];
    MPI_Comm comm;
    MPI_Datatype column, row;
    MPI_Dims_create(test_size(), 2, dims);
    MPI_Cart_create(MPI_COMM_WORLD, 2, dims, periodic, 0, &comm);
    MPI_Comm_rank(comm, &me);
    MPI_Cart_coords(comm, me, 2, at);
    for (int d = 0; d < 2; d++)
        MPI_Cart_shift(comm, d, 1, &low[d], &high[d]);
    int w = width + 2, nx = dims[0] * width, ny = dims[1] * width;
    double *u = test_memory((size_t)(w * w) * sizeof *u);
    MPI_Type_vector(width, 1, w, MPI_DOUBLE, &column); /* cells of one y */
    MPI_Type_contiguous(w, MPI_DOUBLE, &row); /* cells of one x, corners included */
    MPI_Type_commit(&column);
    MPI_Type_commit(&row);
    for (int step = 0; step < steps; step++) {
        test_step("halo of %d x %d cells, step %d", width, width, step);
        for (int i = 0; i < w * w; i++)
            u[i] = -1;
        for (int x = 1; x <= width; x++)
            for (int y = 1; y <= width; y++)
                u[x * w + y] = cell(nx, ny, at[0] * width + x - 1, at[1] * width + y - 1, step);
        MPI_Sendrecv(&u[w + 1], 1, column, low[1], 1, &u[w + width + 1], 1, column, high[1], 1, comm,
                     MPI_STATUS_IGNORE);
        MPI_Sendrecv(&u[w + width], 1, column, high[1], 2, &u[w], 1, column, low[1], 2, comm,
                     MPI_STATUS_IGNORE);
        MPI_Sendrecv(&u[w], 1, row, low[0], 3, &u[(width + 1) * w], 1, row, high[0], 3, comm,
                     MPI_STATUS_IGNORE);
        MPI_Sendrecv(&u[width * w], 1, row, high[0], 4, u, 1, row, low[0], 4, comm, MPI_STATUS_IGNORE);
        for (int x = 0; x < w; x++)
            for (int y = 0; y < w; y++) {
                double expected = cell(nx, ny, at[0] * width + x - 1, at[1] * width + y - 1, step);
                TEST_CHECK(u[x * w + y] == expected, "cell %d, %d is %.0f, expected %.0f", x, y, u[x * w + y],
                           expected);
            }
    }
    free(u);
    MPI_Type_free(&column);
    MPI_Type_free(&row);
    MPI_Comm_free(&comm);
}

int main(int argc, char **argv)
{
    static const int open_ends[3] = {0, 0, 0}, closed[3] = {1, 1, 1}, mixed[3] = {1, 0, 1};
    test_start(&argc, &argv, "neighbors", MPI_THREAD_SINGLE);
    for (int ndims = 1; ndims <= 3; ndims++) {
        cartesian(ndims, open_ends, 100 * (uint64_t)ndims);
        cartesian(ndims, closed, 100 * (uint64_t)ndims + 20);
        cartesian(ndims, mixed, 100 * (uint64_t)ndims + 40);
    }
    if (test_size() <= MOST_NEIGHBORS)
        for (int g = 0; g < 4; g++)
            graph(test_seed(5, (uint64_t)g, 0), 1000 + 100 * (uint64_t)g);
    halo(5, test_scaled(20, 2));
    halo(300, test_scaled(20, 2));
    return test_end();
}
