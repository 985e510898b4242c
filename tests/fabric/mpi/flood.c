/* Floods: many messages of random sizes between all ranks at once, posted in random orders; messages that pile up before
 * anyone receives them; a slow receiver; all ranks to one, and one to all. Every rank can compute the whole plan. */
#include "suite.h"

#include <stdlib.h>
#include <unistd.h>

/* One message of the plan. */
typedef struct message {
    int from, to, tag;
    size_t bytes;
    unsigned char *data;
} message;

enum mode { MIXED, SENDS_FIRST, RECEIVES_FIRST, SLOW, NMODES };

/* Mostly small, some around the eager limit, few large. */
static size_t random_bytes(uint64_t seed, uint64_t i)
{
    uint64_t luck = test_random(seed, 4 * i, 100);
    uint64_t bound = luck < 70 ? 256 : luck < 92 ? 6000 : luck < 99 ? 70000 : 400000;
    return test_random(seed, 4 * i + 1, bound);
}

static message plan(uint64_t seed, int from, int i)
{
    uint64_t s = test_seed(seed, (uint64_t)from, 0);
    return (message){.from = from,
                     .to = (int)test_random(s, 4 * (uint64_t)i + 2, (uint64_t)test_size()),
                     .tag = i,
                     .bytes = random_bytes(s, (uint64_t)i)};
}

static uint64_t content(uint64_t seed, const message *m)
{
    return test_seed(seed, (uint64_t)m->from << 32 | (uint64_t)m->to, (uint64_t)m->tag);
}

/* The messages of this rank in a round: nsends that it sends, then those that it receives. */
static message *my_messages(uint64_t seed, int nsends, int *total)
{
    int most = nsends, size = test_size();
    message *list = test_memory((size_t)nsends * (size_t)(size + 1) * sizeof *list);
    for (int i = 0; i < nsends; i++) {
        list[i] = plan(seed, test_rank(), i);
        list[i].data = test_memory(list[i].bytes);
        test_fill(list[i].data, 0, list[i].bytes, content(seed, &list[i]));
    }
    for (int from = 0; from < size; from++)
        for (int i = 0; i < nsends; i++) {
            message m = plan(seed, from, i);
            if (m.to != test_rank())
                continue;
            m.data = test_buffer(m.bytes);
            list[most++] = m;
        }
    *total = most;
    return list;
}

/* When message i of this rank is posted: an order over sends and receives. */
static int *posting_order(uint64_t seed, enum mode mode, int nsends, int total)
{
    int *order = test_order(test_seed(seed, (uint64_t)test_rank(), 5), total);
    int *sorted = test_memory((size_t)total * sizeof *sorted);
    int n = 0;
    if (mode == MIXED) {
        free(sorted);
        return order;
    }
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < total; i++)
            if ((order[i] < nsends) == ((mode != RECEIVES_FIRST) == (pass == 0)))
                sorted[n++] = order[i];
    free(order);
    return sorted;
}

static void wait_for_all(uint64_t seed, int n, MPI_Request *request)
{
    int left = n, *index = test_memory((size_t)n * sizeof *index);
    switch (test_random(seed, 9, 3)) {
    case 0:
        MPI_Waitall(n, request, MPI_STATUSES_IGNORE);
        break;
    case 1:
        for (int done; left > 0; left -= done) {
            MPI_Waitsome(n, request, &done, index, MPI_STATUSES_IGNORE);
            TEST_CHECK(done > 0, "MPI_Waitsome gave %d with %d requests left", done, left);
        }
        break;
    default:
        for (int done = 0; !done;)
            MPI_Testall(n, request, &done, MPI_STATUSES_IGNORE);
    }
    free(index);
}

static void many_to_many(int round, int nsends)
{
    static const char *const names[] = {"mixed", "sends first", "receives first", "slow receiver"};
    enum mode mode = (enum mode)(round % NMODES);
    uint64_t seed = test_seed(1, (uint64_t)round, 0);
    int total;
    test_step("flood, round %d (%s), %d sends a rank", round, names[mode], nsends);
    message *list = my_messages(seed, nsends, &total);
    int *order = posting_order(seed, mode, nsends, total);
    MPI_Request *request = test_memory((size_t)total * sizeof *request);
    bool slow = mode == SLOW && round / NMODES % test_size() == test_rank();
    for (int i = 0; i < total; i++) {
        message *m = &list[order[i]];
        if (slow && i == nsends)
            usleep(100000);
        if (order[i] < nsends)
            MPI_Isend(m->data, (int)m->bytes, MPI_BYTE, m->to, m->tag, MPI_COMM_WORLD, &request[i]);
        else
            MPI_Irecv(m->data, (int)m->bytes, MPI_BYTE, m->from, m->tag, MPI_COMM_WORLD, &request[i]);
    }
    wait_for_all(test_seed(seed, (uint64_t)test_rank(), 6), total, request);
    for (int i = 0; i < total; i++) {
        if (i >= nsends) {
            test_check_fill(list[i].data, 0, list[i].bytes, content(seed, &list[i]),
                            "message %d of %zu bytes from %d", list[i].tag, list[i].bytes, list[i].from);
            test_check_guard(list[i].data, list[i].bytes, "flood");
        }
        free(list[i].data);
    }
    free(list);
    free(order);
    free(request);
}

static void send_many(int to, int n, uint64_t seed)
{
    uint64_t s = test_seed(seed, (uint64_t)test_rank(), 0);
    unsigned char *data = test_memory(400000);
    for (int i = 0; i < n; i++) {
        message m = {test_rank(), to, i, random_bytes(s, (uint64_t)i), data};
        test_fill(data, 0, m.bytes, content(seed, &m));
        MPI_Send(data, (int)m.bytes, MPI_BYTE, to, 7, MPI_COMM_WORLD);
    }
    free(data);
}

/* Receives message i from a rank, whose earlier ones are there already. */
static void receive_next(int from, int i, uint64_t seed, unsigned char *data)
{
    MPI_Status status;
    message m = {from, test_rank(), i, random_bytes(test_seed(seed, (uint64_t)from, 0), (uint64_t)i), data};
    test_blank(data, m.bytes);
    MPI_Recv(data, (int)m.bytes, MPI_BYTE, from, 7, MPI_COMM_WORLD, &status);
    test_check_status(&status, from, 7, m.bytes, "incast");
    test_check_fill(data, 0, m.bytes, content(seed, &m), "message %d of %zu bytes from %d", i, m.bytes, from);
    test_check_guard(data, m.bytes, "incast");
}

/* All send to one rank, which takes a message from whoever is there and sleeps at times. */
static void incast(int root, int n)
{
    uint64_t seed = test_seed(2, (uint64_t)root, 0);
    test_step("%d messages from every rank to rank %d", n, root);
    if (test_rank() != root) {
        send_many(root, n, seed);
        return;
    }
    int *next = calloc((size_t)test_size(), sizeof *next);
    unsigned char *data = test_buffer(400000);
    usleep(50000);
    for (int i = 0; i < n * (test_size() - 1); i++) {
        MPI_Status status;
        MPI_Probe(MPI_ANY_SOURCE, 7, MPI_COMM_WORLD, &status);
        receive_next(status.MPI_SOURCE, next[status.MPI_SOURCE]++, seed, data);
        if (i % 500 == 250)
            usleep(2000);
    }
    free(data);
    free(next);
}

static void one_to_all(int root, int n)
{
    uint64_t seed = test_seed(3, (uint64_t)root, 0);
    test_step("%d messages from rank %d to every rank", n, root);
    if (test_rank() == root) {
        for (int i = 0; i < test_size(); i++)
            if (i != root)
                send_many(i, n, seed);
        return;
    }
    unsigned char *data = test_buffer(400000);
    for (int i = 0; i < n; i++)
        receive_next(root, i, seed, data);
    free(data);
}

/* Thousands of tiny messages that nobody has asked for yet. */
static void pile_up(int n)
{
    int size = test_size(), total = n * size, *value = test_memory((size_t)(2 * total) * sizeof *value);
    MPI_Request *request = test_memory((size_t)total * sizeof *request);
    test_step("%d unexpected messages from every rank to every rank", n);
    for (int i = 0; i < total; i++) {
        value[i] = test_rank() * total + i;
        MPI_Isend(&value[i], 1, MPI_INT, i % size, i / size, MPI_COMM_WORLD, &request[i]);
    }
    usleep(50000);
    for (int i = total - 1; i >= 0; i--)
        MPI_Recv(&value[total + i], 1, MPI_INT, i % size, i / size, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Waitall(total, request, MPI_STATUSES_IGNORE);
    for (int i = 0; i < total; i++) {
        int expected = i % size * total + i / size * size + test_rank();
        TEST_CHECK(value[total + i] == expected, "message %d from %d is %d, expected %d", i / size, i % size,
                   value[total + i], expected);
    }
    free(value);
    free(request);
}

int main(int argc, char **argv)
{
    test_start(&argc, &argv, "flood", MPI_THREAD_SINGLE);
    int rounds = test_scaled(16, NMODES);
    for (int round = 0; round < rounds; round++)
        many_to_many(round, 400);
    for (int root = 0; root<test_size(); root += test_size() - 1> 0 ? test_size() - 1 : 1) {
        incast(root, test_scaled(2000, 100));
        one_to_all(root, test_scaled(1000, 50));
    }
    pile_up(test_scaled(1000, 100));
    return test_end();
}
