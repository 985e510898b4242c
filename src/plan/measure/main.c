/* weiss-plan-measure: times exchanges between pairs of ranks. Its arguments are lists of pairs, `0:1,2:3`. Pairs of one list
 * exchange at the same time, so that what they share (processors, memory) is in the times; lists follow each other, and ranks
 * that are in none sleep. For each pair and size it prints `FROM,TO,BYTES,SECONDS`: how long it takes that both have sent
 * the other so many bytes, the median of several batches. Both send at once, as programs do that exchange halos. */
#include "plan/measure/await.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES 9
#define BATCHES_LONG 3 /* of exchanges that take longer than LONG_SECONDS */
#define LONG_SECONDS 0.2
#define ENOUGH_SECONDS 0.1 /* when an exchange takes so long, larger ones are left out */
#define SIZES_MIN 4 /* but not these: fewer bytes may pass a shaped link at once */
#define BATCH_SECONDS 0.03
#define TRIPS_MAX 500
#define TAG 0
#define PAIRS_MAX 64 /* of a list */

static const int sizes[] = {8, 1024, 16384, 131072, 1048576};
#define NSIZES ((int)(sizeof sizes / sizeof *sizes))

/** Room for what is sent and what is received. */
typedef struct buffers {
    char *out, *in;
} buffers;

/** Mean time of an exchange in @p trips of them, s. */
static double time_trips(const buffers *b, int bytes, int other, int trips)
{
    MPI_Request request[2];
    double begin = MPI_Wtime();
    for (int i = 0; i < trips; i++) {
        MPI_Irecv(b->in, bytes, MPI_BYTE, other, TAG, MPI_COMM_WORLD, &request[0]);
        MPI_Isend(b->out, bytes, MPI_BYTE, other, TAG, MPI_COMM_WORLD, &request[1]);
        weiss_await_all(2, request);
    }
    return (MPI_Wtime() - begin) / trips;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/** How a size is timed. */
typedef struct scheme {
    int batches, trips; /**< trips of a batch */
} scheme;

/** Many exchanges when they are quick, few when each takes long. The first rank of a pair decides. */
static scheme choose_scheme(const buffers *b, int bytes, int other, bool first)
{
    scheme s = {BATCHES, 1};
    time_trips(b, bytes, other, 1);
    double one = time_trips(b, bytes, other, 2);
    if (first) {
        s.trips = one * TRIPS_MAX < BATCH_SECONDS ? TRIPS_MAX : 1 + (int)(BATCH_SECONDS / one);
        s.batches = one > LONG_SECONDS ? BATCHES_LONG : BATCHES;
        MPI_Send(&s, 2, MPI_INT, other, TAG, MPI_COMM_WORLD);
    } else {
        MPI_Recv(&s, 2, MPI_INT, other, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    return s;
}

static double measure(const buffers *b, int bytes, int other, bool first)
{
    double time[BATCHES];
    scheme s = choose_scheme(b, bytes, other, first);
    for (int i = 0; i < s.batches; i++)
        time[i] = time_trips(b, bytes, other, s.trips);
    qsort(time, (size_t)s.batches, sizeof *time, ascending);
    return time[s.batches / 2];
}

typedef struct pair {
    int a, b;
} pair;

/** Reads `0:1,2:3`. @return how many pairs; 0: it is wrong */
static int read_pairs(const char *text, int size, pair pairs[PAIRS_MAX])
{
    int n = 0, used = 0;
    for (char end = ','; end == ',' && n < PAIRS_MAX; text += used + 1, n++) {
        pair *p = &pairs[n];
        if (sscanf(text, "%d:%d%n", &p->a, &p->b, &used) != 2 || p->a < 0 || p->b < 0 || p->a >= size ||
            p->b >= size || p->a == p->b)
            return 0;
        end = text[used];
        if (end != ',' && end != '\0')
            return 0;
    }
    return n;
}

/** True while larger messages are worth their time, as the first rank of a pair says. */
static bool go_on(double time, int other, bool first)
{
    int more = time < ENOUGH_SECONDS;
    if (first)
        MPI_Send(&more, 1, MPI_INT, other, TAG, MPI_COMM_WORLD);
    else
        MPI_Recv(&more, 1, MPI_INT, other, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return more != 0;
}

/** Measures with the other of this rank's pair, if it is in one. @return the pair; -1: none */
static int measure_own(const buffers *b, int rank, const pair *pairs, int n, double time[NSIZES])
{
    for (int i = 0; i < n; i++) {
        if (rank != pairs[i].a && rank != pairs[i].b)
            continue;
        int other = pairs[i].a + pairs[i].b - rank;
        bool more = true;
        for (int s = 0; s < NSIZES && more; s++) {
            time[s] = measure(b, sizes[s], other, rank == pairs[i].a);
            more = s + 1 < SIZES_MIN || go_on(time[s], other, rank == pairs[i].a);
        }
        return i;
    }
    return -1;
}

/** Rank 0 prints what the first rank of each pair has measured. */
static void print_times(int rank, const pair *pairs, int n, int own, const double own_time[NSIZES])
{
    double time[NSIZES];
    if (own >= 0 && rank == pairs[own].a && rank != 0)
        MPI_Send(own_time, NSIZES, MPI_DOUBLE, 0, TAG + 1, MPI_COMM_WORLD);
    for (int i = 0; i < n && rank == 0; i++) {
        if (pairs[i].a == 0)
            memcpy(time, own_time, sizeof time);
        else
            MPI_Recv(time, NSIZES, MPI_DOUBLE, pairs[i].a, TAG + 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        for (int s = 0; s < NSIZES && time[s] > 0.0; s++)
            printf("%d,%d,%d,%.9g\n", pairs[i].a, pairs[i].b, sizes[s], time[s]);
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int rank, size, failed = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    weiss_await_prepare();
    size_t most = (size_t)sizes[NSIZES - 1];
    char *room = calloc(2, most);
    const buffers b = {room, room + most};
    for (int i = 1; i < argc && !failed; i++) {
        pair pairs[PAIRS_MAX];
        double time[NSIZES] = {0.0};
        int n = room != NULL ? read_pairs(argv[i], size, pairs) : 0;
        failed = n == 0;
        weiss_await_meet();
        int own = measure_own(&b, rank, pairs, n, time);
        weiss_await_meet();
        print_times(rank, pairs, n, own, time);
    }
    if (failed && rank == 0)
        fprintf(stderr, "weiss-plan-measure: expected lists of pairs of ranks below %d such as 0:1,2:3\n",
                size);
    free(room);
    MPI_Finalize();
    return failed;
}
