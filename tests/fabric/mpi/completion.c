/* Probing, matched probes, cancelling, and all the ways to wait for, test and give up requests. */
#include "suite.h"

#include <stdlib.h>

#define TAG 11
#define MORE 12

static int me, size, right, left;

/* Sends a message to the right whose content belongs to sender, tag and size; the buffer is freed by the caller. */
static unsigned char *begin_send(size_t n, int tag, MPI_Request *request)
{
    unsigned char *data = test_memory(n);
    test_fill(data, 0, n, test_seed((uint64_t)me, (uint64_t)tag, n));
    MPI_Isend(data, (int)n, MPI_BYTE, right, tag, MPI_COMM_WORLD, request);
    return data;
}

static void check(const unsigned char *in, size_t n, int tag, const MPI_Status *status, const char *what)
{
    test_check_status(status, left, tag, n, what);
    test_check_fill(in, 0, n, test_seed((uint64_t)left, (uint64_t)tag, n), "%s", what);
    test_check_guard(in, n, what);
}

static void end_send(unsigned char *data, MPI_Request *request)
{
    MPI_Wait(request, MPI_STATUS_IGNORE);
    free(data);
}

/* MPI_Probe or MPI_Iprobe, then a receive of just that size. */
static void probe(size_t n, bool any, bool blocking)
{
    MPI_Request request;
    MPI_Status status;
    int flag = 0, bytes, source = any ? MPI_ANY_SOURCE : left, tag = any ? MPI_ANY_TAG : TAG;
    unsigned char *in = test_buffer(n);
    test_step("%s of %zu bytes%s", blocking ? "MPI_Probe" : "MPI_Iprobe", n, any ? ", wildcards" : "");
    unsigned char *data = begin_send(n, TAG, &request);
    for (int again = 0; again < 2; again++) {
        if (blocking)
            MPI_Probe(source, tag, MPI_COMM_WORLD, &status);
        for (flag = blocking; !flag;)
            MPI_Iprobe(source, tag, MPI_COMM_WORLD, &flag, &status);
        test_check_status(&status, left, TAG, n, "probe");
    }
    MPI_Iprobe(left, MORE, MPI_COMM_WORLD, &flag, &status);
    TEST_CHECK(!flag, "MPI_Iprobe finds a message with a tag that was not sent");
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    MPI_Recv(in, (int)n, MPI_BYTE, left, TAG, MPI_COMM_WORLD, &status);
    check(in, n, TAG, &status, "received after probe");
    MPI_Iprobe(left, TAG, MPI_COMM_WORLD, &flag, &status);
    TEST_CHECK(!flag, "MPI_Iprobe finds a message that was received");
    end_send(data, &request);
    free(in);
    /* The next round's message must not come before that last look. */
    MPI_Barrier(MPI_COMM_WORLD);
}

/* A message taken by a matched probe is invisible to other receives, and can be received after later ones. */
static void matched_probe(size_t n, bool blocking)
{
    MPI_Request request[2], receive;
    MPI_Status status;
    MPI_Message message;
    int flag = blocking;
    unsigned char *in = test_buffer(n + 1);
    test_step("%s of %zu bytes", blocking ? "MPI_Mprobe" : "MPI_Improbe", n);
    unsigned char *first = begin_send(n, TAG, &request[0]), *second = begin_send(n + 1, TAG, &request[1]);
    if (blocking)
        MPI_Mprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &message, &status);
    while (!flag)
        MPI_Improbe(left, MPI_ANY_TAG, MPI_COMM_WORLD, &flag, &message, &status);
    test_check_status(&status, left, TAG, n, "matched probe");
    MPI_Recv(in, (int)n + 1, MPI_BYTE, left, TAG, MPI_COMM_WORLD, &status);
    check(in, n + 1, TAG, &status, "received beside a matched probe");
    test_blank(in, n + 1);
    if (blocking) {
        MPI_Mrecv(in, (int)n, MPI_BYTE, &message, &status);
    } else {
        MPI_Imrecv(in, (int)n, MPI_BYTE, &message, &receive);
        MPI_Wait(&receive, &status);
    }
    TEST_CHECK(message == MPI_MESSAGE_NULL, "the message is not MPI_MESSAGE_NULL after its receive");
    check(in, n, TAG, &status, "matched receive");
    end_send(first, &request[0]);
    end_send(second, &request[1]);
    free(in);
}

static void probe_nobody(void)
{
    MPI_Message message;
    MPI_Status status;
    int flag;
    test_step("probes of MPI_PROC_NULL");
    MPI_Iprobe(MPI_PROC_NULL, TAG, MPI_COMM_WORLD, &flag, &status);
    TEST_CHECK(flag, "MPI_Iprobe of MPI_PROC_NULL is false");
    test_check_status(&status, MPI_PROC_NULL, MPI_ANY_TAG, 0, "MPI_PROC_NULL");
    MPI_Mprobe(MPI_PROC_NULL, TAG, MPI_COMM_WORLD, &message, &status);
    TEST_CHECK(message == MPI_MESSAGE_NO_PROC, "MPI_Mprobe of MPI_PROC_NULL gives no MPI_MESSAGE_NO_PROC");
    MPI_Mrecv(NULL, 0, MPI_BYTE, &message, &status);
    test_check_status(&status, MPI_PROC_NULL, MPI_ANY_TAG, 0, "MPI_PROC_NULL");
}

/* A cancelled receive takes nothing; the message goes to the next one. A receive that has its message stays. */
static void cancel_receive(size_t n)
{
    MPI_Request receive[3], request;
    MPI_Status status;
    int cancelled;
    unsigned char *in[3] = {test_buffer(n), test_buffer(n), test_buffer(n)};
    test_step("cancelled receives, %zu bytes", n);
    for (int i = 0; i < 3; i++)
        MPI_Irecv(in[i], (int)n, MPI_BYTE, i == 1 ? MPI_ANY_SOURCE : left, TAG, MPI_COMM_WORLD, &receive[i]);
    for (int i = 0; i < 2; i++) {
        MPI_Cancel(&receive[i]);
        MPI_Wait(&receive[i], &status);
        MPI_Test_cancelled(&status, &cancelled);
        TEST_CHECK(cancelled, "receive %d is not cancelled", i);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    unsigned char *data = begin_send(n, TAG, &request);
    MPI_Wait(&receive[2], &status);
    check(in[2], n, TAG, &status, "receive behind two that were cancelled");
    MPI_Test_cancelled(&status, &cancelled);
    TEST_CHECK(!cancelled, "a completed receive counts as cancelled");
    for (int i = 0; i < 2; i++)
        test_check_guard(in[i], 0, "cancelled receive");
    end_send(data, &request);
    data = begin_send(n, TAG, &request);
    test_blank(in[0], n);
    MPI_Irecv(in[0], (int)n, MPI_BYTE, left, TAG, MPI_COMM_WORLD, &receive[0]);
    for (int done = 0; !done;)
        MPI_Request_get_status(receive[0], &done, &status);
    MPI_Cancel(&receive[0]);
    MPI_Wait(&receive[0], &status);
    MPI_Test_cancelled(&status, &cancelled);
    TEST_CHECK(!cancelled, "a receive that has its message was cancelled");
    check(in[0], n, TAG, &status, "receive cancelled too late");
    end_send(data, &request);
    for (int i = 0; i < 3; i++)
        free(in[i]);
}

/* A send that is cancelled either reaches nobody or arrives whole; MPI says which. */
static void cancel_send(size_t n)
{
    MPI_Request request;
    MPI_Status status;
    int mine, theirs;
    unsigned char *in = test_buffer(n), *data;
    test_step("cancelled send, %zu bytes", n);
    data = begin_send(n, TAG, &request);
    MPI_Cancel(&request);
    MPI_Request talk;
    /* The receiver may have to take it before the send can end. */
    MPI_Irecv(in, (int)n, MPI_BYTE, left, TAG, MPI_COMM_WORLD, &talk);
    MPI_Wait(&request, &status);
    MPI_Test_cancelled(&status, &mine);
    MPI_Sendrecv(&mine, 1, MPI_INT, right, MORE, &theirs, 1, MPI_INT, left, MORE, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
    if (theirs)
        MPI_Cancel(&talk);
    MPI_Wait(&talk, &status);
    if (!theirs)
        check(in, n, TAG, &status, "send that could not be cancelled");
    free(data);
    free(in);
}

/* Requests that are freed while active: the message arrives all the same. */
static void free_requests(size_t n)
{
    MPI_Request request;
    MPI_Status status;
    test_step("freed requests, %zu bytes", n);
    unsigned char *in = test_buffer(n), *data = begin_send(n, TAG, &request), *other = test_memory(n);
    MPI_Request_free(&request);
    TEST_CHECK(request == MPI_REQUEST_NULL, "a freed request is not MPI_REQUEST_NULL");
    test_fill(other, 0, n, test_seed((uint64_t)me, MORE, n));
    MPI_Send_init(other, (int)n, MPI_BYTE, right, MORE, MPI_COMM_WORLD, &request);
    MPI_Start(&request);
    MPI_Request_free(&request);
    MPI_Recv(in, (int)n, MPI_BYTE, left, MORE, MPI_COMM_WORLD, &status);
    check(in, n, MORE, &status, "persistent send freed while active");
    test_blank(in, n);
    MPI_Recv(in, (int)n, MPI_BYTE, left, TAG, MPI_COMM_WORLD, &status);
    check(in, n, TAG, &status, "send freed while active");
    MPI_Barrier(MPI_COMM_WORLD);
    free(data);
    free(other);
    free(in);
}

enum { MANY = 24 };
enum way { WAITANY, WAITSOME, TESTANY, TESTSOME, TESTALL, TEST, NWAYS };
static const char *const way_names[] = {"MPI_Waitany",  "MPI_Waitsome", "MPI_Testany",
                                        "MPI_Testsome", "MPI_Testall",  "MPI_Test"};

/* Completes some requests in one way. @return how many; their numbers and statuses */
static int complete_some(enum way way, MPI_Request *request, int *index, MPI_Status *status)
{
    int n = 0, flag = 0;
    switch (way) {
    case WAITANY:
        MPI_Waitany(MANY, request, index, status);
        return 1;
    case WAITSOME:
        MPI_Waitsome(MANY, request, &n, index, status);
        return n;
    case TESTANY:
        MPI_Testany(MANY, request, index, &flag, status);
        return flag ? 1 : 0;
    case TESTSOME:
        MPI_Testsome(MANY, request, &n, index, status);
        return n;
    case TESTALL:
        MPI_Testall(MANY, request, &flag, status);
        for (int i = 0; flag && i < MANY; i++)
            index[n++] = i;
        return n;
    default:
        for (int i = 0; i < MANY && n == 0; i++) {
            bool active = request[i] != MPI_REQUEST_NULL;
            MPI_Test(&request[i], &flag, status);
            if (active && flag)
                index[n++] = i;
        }
        return n;
    }
}

/* Null and inactive requests among others end at once with an empty status. */
static void nothing_to_wait_for(enum way way)
{
    MPI_Request request[MANY];
    MPI_Status status[MANY];
    int index[MANY], n;
    for (int i = 0; i < MANY; i++)
        request[i] = MPI_REQUEST_NULL;
    if (way == TEST)
        return;
    n = complete_some(way, request, index, status);
    if (way == WAITSOME || way == TESTSOME)
        TEST_CHECK(n == MPI_UNDEFINED, "%s of null requests gives %d", way_names[way], n);
    else if (way == TESTALL)
        TEST_CHECK(n == MANY, "%s of null requests is false", way_names[way]);
    else
        TEST_CHECK(n == 1 && index[0] == MPI_UNDEFINED, "%s of null requests gives index %d", way_names[way],
                   index[0]);
    if (way != WAITSOME && way != TESTSOME)
        test_check_status(&status[0], MPI_ANY_SOURCE, MPI_ANY_TAG, 0, "empty status");
}

/* Receives with holes of null requests between, while the messages come in a random order. */
static void many_requests(enum way way, int round)
{
    MPI_Request receive[MANY], send[MANY];
    MPI_Status status[MANY];
    unsigned char *in[MANY], *out[MANY];
    size_t bytes[MANY];
    int index[MANY], left_over = 0;
    test_step("%s, round %d", way_names[way], round);
    nothing_to_wait_for(way);
    /* In its round, both neighbours think of the same sizes. */
    for (int i = 0; i < MANY; i++) {
        receive[i] = MPI_REQUEST_NULL;
        in[i] = out[i] = NULL;
        bytes[i] = test_random(test_seed(7, (uint64_t)way, (uint64_t)round), (uint64_t)i,
                               i % 5 == 0 ? 100000 : 3000);
        if (i % 7 == 3)
            continue;
        in[i] = test_buffer(bytes[i]);
        MPI_Irecv(in[i], (int)bytes[i], MPI_BYTE, left, i, MPI_COMM_WORLD, &receive[i]);
        left_over++;
    }
    int *order = test_order(test_seed(8, (uint64_t)me, (uint64_t)round), MANY);
    for (int k = 0; k < MANY; k++) {
        send[k] = MPI_REQUEST_NULL;
        if (order[k] % 7 != 3)
            out[k] = begin_send(bytes[order[k]], order[k], &send[k]);
    }
    while (left_over > 0) {
        int n = complete_some(way, receive, index, status);
        for (int k = 0; k < n; k++) {
            int i = index[k];
            TEST_CHECK(i >= 0 && i < MANY && receive[i] == MPI_REQUEST_NULL, "%s gives index %d",
                       way_names[way], i);
            if (in[i] == NULL)
                continue;
            check(in[i], bytes[i], i, &status[k], way_names[way]);
            free(in[i]);
            in[i] = NULL;
            left_over--;
        }
    }
    MPI_Waitall(MANY, send, MPI_STATUSES_IGNORE);
    for (int k = 0; k < MANY; k++)
        free(out[k]);
    free(order);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {0, 1, 100, 4096, 30000, 70000, 1000000};
    test_start(&argc, &argv, "completion", MPI_THREAD_SINGLE);
    me = test_rank();
    size = test_size();
    right = (me + 1) % size;
    left = (me + size - 1) % size;
    for (int repeat = 0; repeat < test_scaled(8, 1); repeat++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            for (int k = 0; k < 4; k++)
                probe(sizes[i], (k & 1) != 0, (k & 2) != 0);
            matched_probe(sizes[i], false);
            matched_probe(sizes[i], true);
            MPI_Barrier(MPI_COMM_WORLD);
            cancel_receive(sizes[i]);
            cancel_send(sizes[i]);
            free_requests(sizes[i]);
        }
    probe_nobody();
    for (int round = 0; round < test_scaled(40, 3); round++)
        for (enum way way = WAITANY; way < NWAYS; way++)
            many_requests(way, round);
    return test_end();
}
