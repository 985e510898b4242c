/* Checked messages between all ranks until a time is over: small, eager, in one piece and in many, one-sided, in this order
 * again and again. Says "traffic begins" after the first round and "traffic ends" at the end. Data that differ are an error of
 * its own: exit code 3 and a line that begins with "wrong data".
 *
 * traffic SECONDS [onesided] [tolerant]: the time is up as rank 0 sees it. A tolerant one only counts damaged messages and goes
 * on, unless one is damaged that is sealed as a whole: exit code 4 and a line that begins with "sealed data". */
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST 300000
#define WRONG 3
#define WRONG_SEALED 4
/* A message of so many bytes is sealed with all its headers. */
#define SEALED_LENGTH 8

static const int lengths[] = {8, 100, 3000, 40000, LARGEST};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static int me, size;
static bool tolerant;
static long damaged;
static unsigned char *out, *in;

static unsigned char byte_of(int from, int to, unsigned round, int i)
{
    return (unsigned char)((unsigned)(from * 131 + to * 31 + i) + round * 7 + (unsigned)i / 251);
}

static void fill(int from, int to, unsigned round, int length)
{
    for (int i = 0; i < length; i++)
        out[i] = byte_of(from, to, round, i);
}

static void complain(const char *kind, const char *what, int from, unsigned round, int length, int i)
{
    fprintf(stderr, "%s data: rank %d, round %u, %s from rank %d: byte %d of %d\n", kind, me, round, what,
            from, i, length);
}

static void check(const char *what, int from, int to, unsigned round, int length)
{
    int i = 0;
    while (i < length && in[i] == byte_of(from, to, round, i))
        i++;
    if (i == length)
        return;
    if (damaged++ == 0)
        complain("wrong", what, from, round, length, i);
    if (tolerant && length <= SEALED_LENGTH)
        complain("sealed", what, from, round, length, i);
    if (!tolerant || length <= SEALED_LENGTH)
        MPI_Abort(MPI_COMM_WORLD, tolerant ? WRONG_SEALED : WRONG);
}

/* True when @p word is among the arguments. */
static bool has(int argc, char **argv, const char *word)
{
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], word) == 0)
            return true;
    return false;
}

/* To the rank that is `step` further on, from the one that is as far behind. */
static void exchange(int step, unsigned round)
{
    int to = (me + step) % size, from = (me - step + size) % size;
    for (int i = 0; i < LENGTHS; i++) {
        fill(me, to, round, lengths[i]);
        memset(in, 0, (size_t)lengths[i]);
        MPI_Sendrecv(out, lengths[i], MPI_BYTE, to, i, in, lengths[i], MPI_BYTE, from, i, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
        check("message", from, me, round, lengths[i]);
    }
}

/* Each rank has a place for every other one in the window of each. */
static void put_and_get(MPI_Win window, int step, unsigned round)
{
    int to = (me + step) % size;
    for (int i = 0; i < LENGTHS; i++) {
        fill(me, to, round, lengths[i]);
        memset(in, 0, (size_t)lengths[i]);
        MPI_Put(out, lengths[i], MPI_BYTE, to, (MPI_Aint)me * LARGEST, lengths[i], MPI_BYTE, window);
        MPI_Win_flush(to, window);
        MPI_Get(in, lengths[i], MPI_BYTE, to, (MPI_Aint)me * LARGEST, lengths[i], MPI_BYTE, window);
        MPI_Win_flush(to, window);
        check("put and get", me, to, round, lengths[i]);
    }
}

int main(int argc, char **argv)
{
    MPI_Win window = MPI_WIN_NULL;
    int go_on = 1;
    MPI_Init(&argc, &argv);
    double end = MPI_Wtime() + (argc > 1 ? atof(argv[1]) : 1);
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    out = malloc(LARGEST);
    in = malloc(LARGEST);
    unsigned char *memory = calloc((size_t)size, LARGEST);
    if (out == NULL || in == NULL || memory == NULL)
        MPI_Abort(MPI_COMM_WORLD, 1);
    tolerant = has(argc, argv, "tolerant");
    if (has(argc, argv, "onesided")) {
        MPI_Win_create(memory, (MPI_Aint)size * LARGEST, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &window);
        MPI_Win_lock_all(0, window);
    }
    for (unsigned round = 0; go_on; round++) {
        for (int step = 1; step < size; step++) {
            exchange(step, round);
            if (window != MPI_WIN_NULL)
                put_and_get(window, step, round);
        }
        if (me == 0 && round == 0)
            fprintf(stderr, "traffic begins\n");
        go_on = MPI_Wtime() < end;
        MPI_Bcast(&go_on, 1, MPI_INT, 0, MPI_COMM_WORLD);
    }
    if (window != MPI_WIN_NULL) {
        MPI_Win_unlock_all(window);
        MPI_Win_free(&window);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (me == 0)
        fprintf(stderr, "traffic ends\n");
    MPI_Finalize();
    free(memory);
    free(in);
    free(out);
    return damaged > 0 ? WRONG : 0;
}
