/* Communicators and groups: split, copied, created from groups; messages on a hundred of them do not mix. */
#include "suite.h"

#include <stdlib.h>

#define MANY 100

static int me, size;

/* Passes a number around the communicator and sums it up: it works, and has the members that we think. */
static void check_members(MPI_Comm comm, const int *world_ranks, int n, const char *what)
{
    int rank, nranks, got;
    test_step("%s: its members", what);
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &nranks);
    TEST_CHECK(nranks == n, "%s has %d ranks, expected %d", what, nranks, n);
    TEST_CHECK(world_ranks[rank] == me, "%s: rank %d is %d in the world, expected %d", what, rank, me,
               world_ranks[rank]);
    for (int distance = 0; distance < n; distance++) {
        int to = (rank + distance) % n, from = (rank + n - distance) % n;
        MPI_Sendrecv(&me, 1, MPI_INT, to, 3, &got, 1, MPI_INT, from, 3, comm, MPI_STATUS_IGNORE);
        TEST_CHECK(got == world_ranks[from], "%s: rank %d is %d in the world, expected %d", what, from, got,
                   world_ranks[from]);
    }
    int64_t sum = me, expected = 0;
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_INT64_T, MPI_SUM, comm);
    for (int i = 0; i < n; i++)
        expected += world_ranks[i];
    TEST_CHECK(sum == expected, "%s: the sum of the ranks is %lld, expected %lld", what, (long long)sum,
               (long long)expected);
}

/* Colours, keys against the order of ranks, and ranks that stay out. */
static void split(void)
{
    int *members = test_memory((size_t)size * sizeof *members);
    for (int ncolours = 1; ncolours <= size && ncolours <= 4; ncolours++) {
        MPI_Comm comm;
        bool out = ncolours == 3 && me % ncolours == 1;
        int n = 0;
        test_step("split by %d colours", ncolours);
        MPI_Comm_split(MPI_COMM_WORLD, out ? MPI_UNDEFINED : me % ncolours, -me, &comm);
        TEST_CHECK(out == (comm == MPI_COMM_NULL), "split gives %s", out ? "a communicator" : "none");
        if (out)
            continue;
        for (int r = size - 1; r >= 0; r--)
            if (r % ncolours == me % ncolours)
                members[n++] = r;
        check_members(comm, members, n, "split");
        MPI_Comm_free(&comm);
    }
    free(members);
}

static void copies(void)
{
    MPI_Comm dup, idup, with_info;
    MPI_Request request;
    int *members = test_memory((size_t)size * sizeof *members), result;
    for (int r = 0; r < size; r++)
        members[r] = r;
    test_step("copies");
    MPI_Comm_dup(MPI_COMM_WORLD, &dup);
    MPI_Comm_idup(dup, &idup, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    MPI_Comm_dup_with_info(idup, MPI_INFO_NULL, &with_info);
    MPI_Comm_compare(MPI_COMM_WORLD, with_info, &result);
    TEST_CHECK(result == MPI_CONGRUENT, "a copy of a copy compares as %d", result);
    MPI_Comm_free(&dup);
    check_members(idup, members, size, "idup");
    check_members(with_info, members, size, "dup_with_info");
    MPI_Comm_free(&idup);
    MPI_Comm_free(&with_info);
    free(members);
}

/* Groups of odd and even ranks, their union and difference, and communicators of them. */
static void groups(void)
{
    MPI_Group world, even, odd, all, rest;
    MPI_Comm comm;
    int *list = test_memory((size_t)size * sizeof *list),
        *translated = test_memory((size_t)size * sizeof *translated);
    int n = 0, result, range[1][3] = {{0, size - 1, 2}};
    test_step("groups");
    for (int r = size - 1; r >= 0; r--)
        if (r % 2 == me % 2)
            list[n++] = r;
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_range_incl(world, 1, range, &even);
    MPI_Group_range_excl(world, 1, range, &odd);
    MPI_Group_union(odd, even, &all);
    MPI_Group_difference(world, even, &rest);
    MPI_Group_compare(rest, odd, &result);
    TEST_CHECK(result == MPI_IDENT, "world without even ranks compares with the odd ones as %d", result);
    MPI_Group_compare(all, world, &result);
    TEST_CHECK(result == (size == 1 ? MPI_IDENT : MPI_SIMILAR), "union of odd and even compares as %d",
               result);
    MPI_Group_free(&rest);
    MPI_Group_incl(world, n, list, &rest);
    MPI_Group_translate_ranks(world, n, list, rest, translated);
    for (int i = 0; i < n; i++)
        TEST_CHECK(translated[i] == i, "rank %d is %d in the group, expected %d", list[i], translated[i], i);
    /* Only the members call this one, so both halves work at once. */
    MPI_Comm_create_group(MPI_COMM_WORLD, rest, me % 2, &comm);
    check_members(comm, list, n, "create_group");
    MPI_Comm_free(&comm);
    MPI_Comm_create(MPI_COMM_WORLD, even, &comm);
    TEST_CHECK((comm == MPI_COMM_NULL) == (me % 2 == 1), "communicator of even ranks on rank %d", me);
    if (comm != MPI_COMM_NULL) {
        for (int i = 0; i < (size + 1) / 2; i++)
            list[i] = 2 * i;
        check_members(comm, list, (size + 1) / 2, "create");
        MPI_Comm_free(&comm);
    }
    MPI_Group_free(&world);
    MPI_Group_free(&even);
    MPI_Group_free(&odd);
    MPI_Group_free(&all);
    MPI_Group_free(&rest);
    free(list);
    free(translated);
}

/* Many communicators at once: messages with one tag are sent on all, and received in another order; then they are freed in
 * a third one while others are still used. */
static void many(int round)
{
    static MPI_Comm comm[MANY];
    static MPI_Request request[MANY];
    int right = (me + 1) % size, left = (me + size - 1) % size;
    size_t most = 20000;
    unsigned char *out = test_memory(MANY * most), *in = test_buffer(most);
    int *order = test_order(test_seed(1, (uint64_t)me, (uint64_t)round), MANY);
    int *free_order = test_order(test_seed(2, (uint64_t)round, 0), MANY);
    test_step("%d communicators, round %d", MANY, round);
    for (int c = 0; c < MANY; c++) {
        MPI_Comm_dup(c % 3 == 2 ? comm[c - 1] : MPI_COMM_WORLD, &comm[c]);
        size_t n = test_random(test_seed(3, (uint64_t)round, (uint64_t)c), 1, c % 10 == 0 ? most : 300);
        test_fill(out + (size_t)c * most, 0, n, test_seed(4, (uint64_t)me, (uint64_t)c));
        MPI_Isend(out + (size_t)c * most, (int)n, MPI_BYTE, right, 1, comm[c], &request[c]);
    }
    for (int i = 0; i < MANY; i++) {
        int c = order[i];
        MPI_Status status;
        size_t n = test_random(test_seed(3, (uint64_t)round, (uint64_t)c), 1, c % 10 == 0 ? most : 300);
        test_blank(in, n);
        MPI_Recv(in, (int)n, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, comm[c], &status);
        test_check_status(&status, left, 1, n, "one of many communicators");
        test_check_fill(in, 0, n, test_seed(4, (uint64_t)left, (uint64_t)c), "communicator %d", c);
    }
    MPI_Waitall(MANY, request, MPI_STATUSES_IGNORE);
    for (int i = 0; i < MANY; i++) {
        int sum = 1;
        if (i % 10 == 0)
            MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_INT, MPI_SUM, comm[free_order[i]]);
        TEST_CHECK(sum == (i % 10 == 0 ? size : 1), "sum on communicator %d is %d", free_order[i], sum);
        MPI_Comm_free(&comm[free_order[i]]);
    }
    free(order);
    free(free_order);
    free(out);
    free(in);
}

/* A communicator that is freed with a message under way: it arrives. */
static void freed_early(size_t n)
{
    MPI_Comm comm;
    MPI_Request request[2];
    int right = (me + 1) % size, left = (me + size - 1) % size;
    unsigned char *out = test_memory(n), *in = test_buffer(n);
    test_step("communicator freed with %zu bytes under way", n);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    test_fill(out, 0, n, test_seed(5, (uint64_t)me, n));
    MPI_Irecv(in, (int)n, MPI_BYTE, left, 1, comm, &request[0]);
    MPI_Isend(out, (int)n, MPI_BYTE, right, 1, comm, &request[1]);
    MPI_Comm_free(&comm);
    MPI_Waitall(2, request, MPI_STATUSES_IGNORE);
    test_check_fill(in, 0, n, test_seed(5, (uint64_t)left, n), "message on a freed communicator");
    test_check_guard(in, n, "message on a freed communicator");
    free(out);
    free(in);
}

/* A grid and its lines: every line sums up its coordinates. */
static void grid(void)
{
    int dims[2] = {0, 0}, periodic[2] = {0, 1}, at[2], remain[2];
    MPI_Comm cart, line;
    test_step("lines of a grid");
    MPI_Dims_create(size, 2, dims);
    MPI_Cart_create(MPI_COMM_WORLD, 2, dims, periodic, 1, &cart);
    int rank;
    MPI_Comm_rank(cart, &rank);
    MPI_Cart_coords(cart, rank, 2, at);
    for (int d = 0; d < 2; d++) {
        int sum = at[d], fixed = at[1 - d];
        remain[d] = 1;
        remain[1 - d] = 0;
        MPI_Cart_sub(cart, remain, &line);
        MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_INT, MPI_SUM, line);
        TEST_CHECK(sum == dims[d] * (dims[d] - 1) / 2, "coordinates along dimension %d sum up to %d", d, sum);
        MPI_Allreduce(MPI_IN_PLACE, &fixed, 1, MPI_INT, MPI_MAX, line);
        TEST_CHECK(fixed == at[1 - d], "a line along dimension %d has another one's members", d);
        MPI_Comm_free(&line);
    }
    MPI_Comm_free(&cart);
}

int main(int argc, char **argv)
{
    test_start(&argc, &argv, "communicators", MPI_THREAD_SINGLE);
    me = test_rank();
    size = test_size();
    for (int round = 0; round < test_scaled(4, 1); round++) {
        split();
        copies();
        groups();
        grid();
        for (size_t n = 1; n < 2000000; n = n * 40 + 1)
            freed_early(n);
        many(round);
    }
    return test_end();
}
