/* Wildcards, and the order of messages: those from one rank on one communicator do not overtake each other, whatever their
 * sizes, and a receive takes the first that matches. Sequences of receives with and without wildcards are compared with a
 * simulation of the matching rules. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define NTAGS 3
#define LIST 60
#define MOST 150000

static size_t size_of(uint64_t seed, int i)
{
    uint64_t luck = test_random(seed, 2 * (uint64_t)i, 20);
    return 4 + test_random(seed, 2 * (uint64_t)i + 1, luck < 14 ? 100 : luck < 19 ? 9000 : MOST - 4);
}

/* A message is its number and data that belong to sender and number. */
static void make(unsigned char *data, int from, int i, size_t n, uint64_t seed)
{
    memcpy(data, &i, 4);
    test_fill(data + 4, 0, n - 4, test_seed(seed, (uint64_t)from, (uint64_t)i));
}

/* Checks the data of a message and gives its number. */
static int number_of(const unsigned char *data, int from, size_t n, uint64_t seed)
{
    int i;
    memcpy(&i, data, 4);
    TEST_CHECK(i >= 0 && size_of(test_seed(seed, (uint64_t)from, 1), i) == n,
               "message says to be number %d of %d, of %zu bytes", i, from, n);
    test_check_fill(data + 4, 0, n - 4, test_seed(seed, (uint64_t)from, (uint64_t)i), "message %d from %d", i,
                    from);
    return i;
}

/* Every rank sends n numbered messages to rank 0 with changing tags; there they are taken by wildcards, blocking. */
static void any_of_any(MPI_Comm comm, int n, uint64_t seed)
{
    unsigned char *data = test_memory(MOST);
    int size = test_size(), *next = calloc((size_t)size, sizeof *next);
    test_step("%d messages of every rank into MPI_ANY_SOURCE, MPI_ANY_TAG", n);
    if (test_rank() != 0)
        for (int i = 0; i < n; i++) {
            size_t bytes = size_of(test_seed(seed, (uint64_t)test_rank(), 1), i);
            make(data, test_rank(), i, bytes, seed);
            MPI_Send(data, (int)bytes, MPI_BYTE, 0, i % NTAGS, comm);
        }
    for (int k = 0; test_rank() == 0 && k < n * (size - 1); k++) {
        MPI_Status status;
        int bytes;
        MPI_Recv(data, MOST, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &status);
        MPI_Get_count(&status, MPI_BYTE, &bytes);
        int from = status.MPI_SOURCE, i = number_of(data, from, (size_t)bytes, seed);
        TEST_CHECK(i == next[from]++ && status.MPI_TAG == i % NTAGS,
                   "message %d (tag %d) of %d came, expected %d", i, status.MPI_TAG, from, next[from] - 1);
    }
    free(next);
    free(data);
}

/* The same into many receives that are posted before, so that the k-th of them has a later message than the (k-1)-th of the
 * same sender. */
static void posted_before(MPI_Comm comm, int n, uint64_t seed)
{
    enum { AHEAD = 32 };
    int size = test_size(), total = n * (size - 1), *next = calloc((size_t)size, sizeof *next);
    MPI_Request request[AHEAD];
    unsigned char *data = test_memory((size_t)MOST * AHEAD);
    test_step("%d messages of every rank into posted wildcards", n);
    for (int k = 0; test_rank() == 0 && k < AHEAD && k < total; k++)
        MPI_Irecv(data + (size_t)MOST * (size_t)k, MOST, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, comm,
                  &request[k]);
    for (int i = 0; test_rank() != 0 && i < n; i++) {
        size_t bytes = size_of(test_seed(seed, (uint64_t)test_rank(), 1), i);
        make(data, test_rank(), i, bytes, seed);
        MPI_Send(data, (int)bytes, MPI_BYTE, 0, i % NTAGS, comm);
    }
    for (int k = 0; test_rank() == 0 && k < total; k++) {
        MPI_Status status;
        int bytes, slot = k % AHEAD;
        unsigned char *place = data + (size_t)MOST * (size_t)slot;
        MPI_Wait(&request[slot], &status);
        MPI_Get_count(&status, MPI_BYTE, &bytes);
        int from = status.MPI_SOURCE, i = number_of(place, from, (size_t)bytes, seed);
        TEST_CHECK(i == next[from]++, "receive %d has message %d of %d, expected %d", k, i, from,
                   next[from] - 1);
        if (k + AHEAD < total)
            MPI_Irecv(place, MOST, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &request[slot]);
    }
    free(next);
    free(data);
}

/* Which message each receive takes. Messages come in order; where the receives are there first, each message takes the
 * first receive that matches, else each receive takes the first message that matches: the same pairs. */
static void simulate(const int *tag, const int *wanted, int *taken)
{
    bool used[LIST] = {false};
    for (int r = 0; r < 2 * LIST; r++)
        taken[r] = -1;
    for (int r = 0; r < 2 * LIST; r++)
        for (int m = 0; m < LIST && taken[r] < 0; m++)
            if (!used[m] && (wanted[r] == MPI_ANY_TAG || wanted[r] == tag[m])) {
                used[m] = true;
                taken[r] = m;
            }
}

static void send_list(int me, int to, const int *tag, bool late, MPI_Comm comm, uint64_t seed)
{
    unsigned char *data = test_memory((size_t)MOST * LIST);
    MPI_Request request[LIST];
    if (late)
        MPI_Recv(NULL, 0, MPI_BYTE, to, NTAGS, comm, MPI_STATUS_IGNORE);
    for (int i = 0; i < LIST; i++) {
        size_t bytes = size_of(test_seed(seed, (uint64_t)me, 1), i);
        make(data + (size_t)i * MOST, me, i, bytes, seed);
        MPI_Isend(data + (size_t)i * MOST, (int)bytes, MPI_BYTE, to, tag[i], comm, &request[i]);
    }
    if (!late)
        MPI_Send(NULL, 0, MPI_BYTE, to, NTAGS, comm);
    MPI_Waitall(LIST, request, MPI_STATUSES_IGNORE);
    free(data);
}

static void receive_list(int from, const int *wanted, const int *taken, bool late, MPI_Comm comm,
                         uint64_t seed)
{
    unsigned char *data = test_memory((size_t)MOST * LIST);
    MPI_Request request[LIST];
    int order[LIST], n = 0;
    if (!late)
        MPI_Recv(NULL, 0, MPI_BYTE, from, NTAGS, comm, MPI_STATUS_IGNORE);
    for (int r = 0; r < 2 * LIST; r++)
        if (taken[r] >= 0) {
            order[n] = r;
            MPI_Irecv(data + (size_t)n * MOST, MOST, MPI_BYTE, r % 4 == 0 ? MPI_ANY_SOURCE : from, wanted[r],
                      comm, &request[n]);
            n++;
        }
    TEST_CHECK(n == LIST, "the plan has %d receives", n);
    if (late)
        MPI_Send(NULL, 0, MPI_BYTE, from, NTAGS, comm);
    for (int k = n - 1; k >= 0; k--) {
        MPI_Status status;
        int bytes;
        MPI_Wait(&request[k], &status);
        MPI_Get_count(&status, MPI_BYTE, &bytes);
        int i = number_of(data + (size_t)k * MOST, from, (size_t)bytes, seed);
        TEST_CHECK(i == taken[order[k]], "receive %d (tag %d) took message %d, expected %d", k,
                   wanted[order[k]], i, taken[order[k]]);
    }
    free(data);
}

/* A list of messages with three tags against a list of receives with tags and wildcards, in both orders of events. The
 * communicator has only these two ranks. */
static void matching(MPI_Comm pair, int round)
{
    int tag[LIST], wanted[2 * LIST], taken[2 * LIST], me;
    bool late = round % 2 == 0;
    uint64_t seed = test_seed(5, (uint64_t)round, 0);
    test_step("matching of tags and wildcards, round %d", round);
    for (int i = 0; i < LIST; i++)
        tag[i] = (int)test_random(seed, (uint64_t)i, NTAGS);
    for (int r = 0; r < 2 * LIST; r++) {
        int choice = (int)test_random(seed, 1000 + (uint64_t)r, NTAGS + 1);
        wanted[r] = choice == NTAGS || r >= LIST ? MPI_ANY_TAG : choice;
    }
    simulate(tag, wanted, taken);
    MPI_Comm_rank(pair, &me);
    if (me == round / 2 % 2)
        send_list(me, 1 - me, tag, late, pair, seed);
    else
        receive_list(1 - me, wanted, taken, late, pair, seed);
}

/* Messages with the same tag on several communicators, received in another order of communicators. */
static void communicators(int n, uint64_t seed)
{
    enum { NCOMMS = 5 };
    MPI_Comm comm[NCOMMS];
    int me = test_rank(), size = test_size(), right = (me + 1) % size, left = (me + size - 1) % size;
    MPI_Request *request = test_memory((size_t)(n * NCOMMS) * sizeof *request);
    unsigned char *data = test_memory((size_t)(n * NCOMMS) * MOST), *in = test_memory(MOST);
    test_step("order on %d communicators", NCOMMS);
    for (int c = 0; c < NCOMMS; c++)
        MPI_Comm_dup(MPI_COMM_WORLD, &comm[c]);
    for (int k = 0; k < n * NCOMMS; k++) {
        int i = k / NCOMMS, c = k % NCOMMS;
        uint64_t s = test_seed(seed, (uint64_t)c, 0);
        size_t bytes = size_of(test_seed(s, (uint64_t)me, 1), i);
        make(data + (size_t)k * MOST, me, i, bytes, s);
        MPI_Isend(data + (size_t)k * MOST, (int)bytes, MPI_BYTE, right, 1, comm[c], &request[k]);
    }
    for (int c = NCOMMS - 1; c >= 0; c--)
        for (int i = 0; i < n; i++) {
            MPI_Status status;
            int bytes;
            MPI_Recv(in, MOST, MPI_BYTE, left, 1, comm[c], &status);
            MPI_Get_count(&status, MPI_BYTE, &bytes);
            int number = number_of(in, left, (size_t)bytes, test_seed(seed, (uint64_t)c, 0));
            TEST_CHECK(number == i, "communicator %d: message %d came, expected %d", c, number, i);
        }
    MPI_Waitall(n * NCOMMS, request, MPI_STATUSES_IGNORE);
    for (int c = 0; c < NCOMMS; c++)
        MPI_Comm_free(&comm[c]);
    free(in);
    free(data);
    free(request);
}

int main(int argc, char **argv)
{
    MPI_Comm dup[2], pair;
    test_start(&argc, &argv, "ordering", MPI_THREAD_SINGLE);
    if (test_size() < 2)
        return test_skip("needs two ranks");
    int n = test_scaled(1500, 100);
    /* One each: wildcards would take messages of ranks that are ahead. */
    MPI_Comm_dup(MPI_COMM_WORLD, &dup[0]);
    MPI_Comm_dup(MPI_COMM_WORLD, &dup[1]);
    any_of_any(MPI_COMM_WORLD, n, test_seed(1, 0, 0));
    any_of_any(dup[0], n, test_seed(2, 0, 0));
    posted_before(dup[1], n, test_seed(3, 0, 0));
    communicators(test_scaled(20, 5), test_seed(4, 0, 0));
    for (int round = 1; round < test_rounds(test_size()); round++) {
        int partner = test_partner(test_rank(), test_size(), round);
        int first = partner >= 0 && partner < test_rank() ? partner : test_rank();
        MPI_Comm_split(MPI_COMM_WORLD, partner < 0 ? MPI_UNDEFINED : first, test_rank(), &pair);
        if (pair == MPI_COMM_NULL)
            continue;
        for (int i = 0; i < test_scaled(40, 8); i++)
            matching(pair, i);
        MPI_Comm_free(&pair);
    }
    MPI_Comm_free(&dup[0]);
    MPI_Comm_free(&dup[1]);
    return test_end();
}
