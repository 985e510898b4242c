/* Two ranks exchange messages of all sizes, by every kind of send and receive; every pair of ranks in turn. Then messages
 * to oneself, to nobody, and sendrecv. */
#include "suite.h"

#include <stdlib.h>

#define MOST ((size_t)16 << 20)
#define TAG 41
#define GO 42

typedef struct kind {
    const char *name;
    int (*send)(const void *, int, MPI_Datatype, int, int, MPI_Comm);
    int (*isend)(const void *, int, MPI_Datatype, int, int, MPI_Comm, MPI_Request *);
    bool persistent, ready;
} kind;

static const kind kinds[] = {
    {"send", MPI_Send, NULL, false, false},
    {"ssend", MPI_Ssend, NULL, false, false},
    {"bsend", MPI_Bsend, NULL, false, false},
    {"rsend", MPI_Rsend, NULL, false, true},
    {"isend", NULL, MPI_Isend, false, false},
    {"issend", NULL, MPI_Issend, false, false},
    {"ibsend", NULL, MPI_Ibsend, false, false},
    {"irsend", NULL, MPI_Irsend, false, true},
    {"send_init", NULL, MPI_Send_init, true, false},
    {"ssend_init", NULL, MPI_Ssend_init, true, false},
    {"bsend_init", NULL, MPI_Bsend_init, true, false},
    {"rsend_init", NULL, MPI_Rsend_init, true, true},
};
#define NKINDS ((int)(sizeof kinds / sizeof *kinds))
enum { RECV, IRECV, RECV_INIT, NRECEIVES };

static unsigned char *out, *in;

static void finish(MPI_Request *request, bool persistent, MPI_Status *status)
{
    if (persistent)
        MPI_Start(request);
    MPI_Wait(request, status);
    if (persistent)
        MPI_Request_free(request);
}

static void send_one(const kind *k, size_t n, int to)
{
    MPI_Request request;
    if (k->ready)
        MPI_Recv(NULL, 0, MPI_BYTE, to, GO, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    test_fill(out, 0, n, test_seed((uint64_t)test_rank(), (uint64_t)to, n));
    if (k->send != NULL) {
        k->send(out, (int)n, MPI_BYTE, to, TAG, MPI_COMM_WORLD);
        return;
    }
    k->isend(out, (int)n, MPI_BYTE, to, TAG, MPI_COMM_WORLD, &request);
    finish(&request, k->persistent, MPI_STATUS_IGNORE);
}

static void receive_one(const kind *k, int how, size_t n, int from)
{
    MPI_Request request;
    MPI_Status status;
    test_blank(in, n);
    if (k->ready && how != IRECV)
        how = IRECV;
    if (how == RECV) {
        MPI_Recv(in, (int)n, MPI_BYTE, from, TAG, MPI_COMM_WORLD, &status);
    } else if (how == IRECV) {
        MPI_Irecv(in, (int)n, MPI_BYTE, from, TAG, MPI_COMM_WORLD, &request);
        if (k->ready)
            MPI_Send(NULL, 0, MPI_BYTE, from, GO, MPI_COMM_WORLD);
        MPI_Wait(&request, &status);
    } else {
        MPI_Recv_init(in, (int)n, MPI_BYTE, from, TAG, MPI_COMM_WORLD, &request);
        finish(&request, true, &status);
    }
    test_check_status(&status, from, TAG, n, k->name);
    test_check_fill(in, 0, n, test_seed((uint64_t)from, (uint64_t)test_rank(), n), "%s of %zu bytes from %d",
                    k->name, n, from);
    test_check_guard(in, n, k->name);
}

static void exchange(int which, size_t n, int with)
{
    const kind *k = &kinds[which % NKINDS];
    int how = (int)(((size_t)which / NKINDS + n) % NRECEIVES);
    test_step("%s of %zu bytes with rank %d", k->name, n, with);
    if (test_rank() < with) {
        send_one(k, n, with);
        receive_one(k, how, n, with);
    } else {
        receive_one(k, how, n, with);
        send_one(k, n, with);
    }
}

/* Every kind of send at the sizes where transports change their ways. */
static void all_kinds(int with)
{
    static const size_t sizes[] = {0, 1, 7, 8, 63, 255, 1024, 4000, 4096, 4097, 8192, 32769, 65536, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int k = 0; k < NKINDS; k++)
            exchange(k, sizes[i], with);
}

/* Sizes 0 .. 70000 in odd steps that differ from round to round; the kinds take turns. */
static void sweep(int with, int round)
{
    int n = test_scaled(1000, 60), turn = round;
    size_t step = (70000 / (size_t)n) | 1;
    for (size_t size = 0; size < 400; size += 1 + (size_t)(1000 / n))
        exchange(turn++, size, with);
    for (size_t size = (size_t)round % step; size <= 70000; size += step)
        exchange(turn++, size, with);
}

static void powers(int with, size_t most)
{
    for (size_t n = 2; n <= most; n *= 2)
        for (size_t size = n - 1; size <= n + 1; size++) {
            exchange(0, size, with);
            exchange(4, size, with);
        }
}

static void sendrecv(int with)
{
    MPI_Status status;
    int me = test_rank();
    for (size_t n = 0; n <= 300000; n = 3 * n + 5) {
        size_t theirs = n + (size_t)with, mine = n + (size_t)me;
        test_step("sendrecv of %zu bytes with rank %d", n, with);
        test_fill(out, 0, mine, test_seed(1, (uint64_t)me, n));
        test_blank(in, theirs);
        MPI_Sendrecv(out, (int)mine, MPI_BYTE, with, me, in, (int)theirs, MPI_BYTE, with, with,
                     MPI_COMM_WORLD, &status);
        test_check_status(&status, with, with, theirs, "sendrecv");
        test_check_fill(in, 0, theirs, test_seed(1, (uint64_t)with, n), "sendrecv of %zu bytes", theirs);
        test_check_guard(in, theirs, "sendrecv");
        test_blank(in, n);
        test_fill(in, 0, n, test_seed(2, (uint64_t)me, n));
        MPI_Sendrecv_replace(in, (int)n, MPI_BYTE, with, me, with, with, MPI_COMM_WORLD, &status);
        test_check_status(&status, with, with, n, "sendrecv_replace");
        test_check_fill(in, 0, n, test_seed(2, (uint64_t)with, n), "sendrecv_replace of %zu bytes", n);
        test_check_guard(in, n, "sendrecv_replace");
    }
}

/* The same persistent requests started many times. */
static void persistent(int with)
{
    MPI_Request request[2];
    MPI_Status status[2];
    const size_t n = 5001;
    MPI_Send_init(out, (int)n, MPI_BYTE, with, TAG, MPI_COMM_WORLD, &request[0]);
    MPI_Recv_init(in, (int)n, MPI_BYTE, with, TAG, MPI_COMM_WORLD, &request[1]);
    for (int i = 0; i < 20; i++) {
        test_step("persistent pair with rank %d, start %d", with, i);
        test_fill(out, 0, n, test_seed(3, (uint64_t)test_rank(), (uint64_t)i));
        test_blank(in, n);
        MPI_Startall(2, request);
        MPI_Waitall(2, request, status);
        test_check_status(&status[1], with, TAG, n, "persistent");
        test_check_fill(in, 0, n, test_seed(3, (uint64_t)with, (uint64_t)i), "persistent, start %d", i);
    }
    MPI_Request_free(&request[0]);
    MPI_Request_free(&request[1]);
}

static void to_self(void)
{
    int me = test_rank();
    for (size_t n = 0; n <= 200000; n = 2 * n + 3) {
        MPI_Request request;
        MPI_Status status;
        test_step("message of %zu bytes to oneself", n);
        test_fill(out, 0, n, test_seed(4, (uint64_t)me, n));
        test_blank(in, n);
        MPI_Isend(out, (int)n, MPI_BYTE, me, TAG, MPI_COMM_WORLD, &request);
        MPI_Recv(in, (int)n, MPI_BYTE, me, TAG, MPI_COMM_WORLD, &status);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        test_check_status(&status, me, TAG, n, "to oneself");
        test_check_fill(in, 0, n, test_seed(4, (uint64_t)me, n), "%zu bytes to oneself", n);
        test_check_guard(in, n, "to oneself");
        test_blank(in, n);
        MPI_Irecv(in, (int)n, MPI_BYTE, 0, TAG, MPI_COMM_SELF, &request);
        MPI_Ssend(out, (int)n, MPI_BYTE, 0, TAG, MPI_COMM_SELF);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        test_check_fill(in, 0, n, test_seed(4, (uint64_t)me, n), "%zu bytes over MPI_COMM_SELF", n);
        test_check_guard(in, n, "MPI_COMM_SELF");
    }
}

static void to_nobody(void)
{
    MPI_Status status;
    MPI_Request request;
    test_step("messages to MPI_PROC_NULL");
    test_blank(in, 100);
    MPI_Send(out, 100, MPI_BYTE, MPI_PROC_NULL, TAG, MPI_COMM_WORLD);
    MPI_Ssend(out, 100, MPI_BYTE, MPI_PROC_NULL, TAG, MPI_COMM_WORLD);
    MPI_Isend(out, 100, MPI_BYTE, MPI_PROC_NULL, TAG, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, &status);
    MPI_Recv(in, 100, MPI_BYTE, MPI_PROC_NULL, TAG, MPI_COMM_WORLD, &status);
    test_check_status(&status, MPI_PROC_NULL, MPI_ANY_TAG, 0, "MPI_PROC_NULL");
    MPI_Irecv(in, 100, MPI_BYTE, MPI_PROC_NULL, TAG, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, &status);
    test_check_status(&status, MPI_PROC_NULL, MPI_ANY_TAG, 0, "MPI_PROC_NULL");
    test_check_guard(in, 0, "MPI_PROC_NULL");
}

int main(int argc, char **argv)
{
    test_start(&argc, &argv, "pingpong", MPI_THREAD_SINGLE);
    if (test_size() < 2)
        return test_skip("needs two ranks");
    size_t most = MOST;
    while (most > (size_t)1 << 20 && most > (size_t)test_scaled((int)MOST, 1))
        most /= 2;
    size_t room = 4 * (70000 + MPI_BSEND_OVERHEAD) + 4 * (200000 + MPI_BSEND_OVERHEAD);
    void *attached = test_memory(room);
    out = test_buffer(MOST + 1);
    in = test_buffer(MOST + 1);
    MPI_Buffer_attach(attached, (int)room);
    int rounds = test_rounds(test_size());
    for (int round = 1; round < rounds; round++) {
        int with = test_partner(test_rank(), test_size(), round);
        if (with >= 0) {
            all_kinds(with);
            if (round == 1 || 2 * round == rounds)
                sweep(with, round);
            /* The largest ones between the halves of the job only: those are the most likely to be far apart. */
            powers(with, 2 * round == rounds ? most : (size_t)1 << 18);
            sendrecv(with);
            persistent(with);
        }
    }
    to_self();
    to_nobody();
    MPI_Buffer_detach(&attached, &argc);
    free(attached);
    free(out);
    free(in);
    return test_end();
}
