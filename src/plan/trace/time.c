/* How long this process was in MPI, and which part of that it waited for others.
 *
 * Collective calls of all ranks come in the same order everywhere, so that number k of one rank is number k of each other.
 * They cut the run into segments. The calls between two of them (sends, receives, waits) and the collective at the end of a
 * segment are looked at together with those of the other ranks: the rank that was in them for the shortest time came last and
 * found the others there. Its time is what the transfer took; what others took longer they waited. */
#include "plan/trace/trace.h"

#include "base/replace.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** Segments that are kept: above, nothing is split. */
#define SEGMENTS_MAX ((size_t)1 << 24)
#define ABSENT FLT_MAX

/** Ticks that two kinds of calls took in a segment; ABSENT: there was none. */
typedef struct segment {
    float point, collective;
} segment;

static struct {
    pthread_mutex_t lock; /**< guards what follows */
    bool on; /**< the clock runs */
    uint64_t since; /**< when it was set going, ticks */
    double elapsed, inside; /**< while it ran, and of that in MPI: ticks */
    uint64_t first_tick;
    double first_second; /**< both clocks at the begin */
    segment *segment; /**< count + 1 are in use */
    size_t count, capacity;
    uint64_t collectives; /**< calls on all ranks of MPI_COMM_WORLD */
    bool lost; /**< too many segments, or no memory */
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

/** What rank 0 gathers. */
typedef struct row {
    double elapsed, inside, transfer; /**< s */
    double collectives; /**< calls on all ranks */
    char host[WEISS_TRACE_HOST];
} row;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/** The processor's own counter where there is one that is known to be steady: in a virtual machine clock_gettime can be a
 *  call of the kernel, and then of the emulator. */
uint64_t weiss_ticks(void)
{
#if defined __x86_64__
    return __builtin_ia32_rdtsc();
#else
    return (uint64_t)(1e9 * seconds());
#endif
}

/** Begins segment own.count. */
static void open_segment(void)
{
    if (own.count == own.capacity && !own.lost) {
        size_t capacity = own.capacity > 0 ? 2 * own.capacity : 4096;
        segment *larger = capacity <= SEGMENTS_MAX ? realloc(own.segment, capacity * sizeof *larger) : NULL;
        own.lost = larger == NULL;
        own.segment = larger != NULL ? larger : own.segment;
        own.capacity = larger != NULL ? capacity : own.capacity;
    }
    if (!own.lost)
        own.segment[own.count] = (segment){ABSENT, ABSENT};
}

void weiss_time_begin(void)
{
    own.first_tick = weiss_ticks();
    own.first_second = seconds();
    open_segment();
    weiss_time_switch(true);
}

void weiss_time_switch(bool on)
{
    uint64_t now = weiss_ticks();
    pthread_mutex_lock(&own.lock);
    if (own.on)
        own.elapsed += (double)(now - own.since);
    own.on = on;
    own.since = now;
    pthread_mutex_unlock(&own.lock);
}

void weiss_time_forget(void)
{
    pthread_mutex_lock(&own.lock);
    own.elapsed = own.inside = 0.0;
    own.count = 0;
    own.collectives = 0;
    own.since = weiss_ticks();
    open_segment();
    pthread_mutex_unlock(&own.lock);
}

static void add(float *to, double ticks)
{
    *to = (*to < ABSENT ? *to : 0.0F) + (float)ticks;
}

int weiss_time_call(uint64_t begin, MPI_Comm collective, int code)
{
    double ticks = (double)(weiss_ticks() - begin);
    const weiss_group *group = collective != MPI_COMM_NULL ? weiss_group_of(collective) : NULL;
    bool all = group != NULL && !group->inter && group->size == weiss_count_ranks();
    pthread_mutex_lock(&own.lock);
    if (own.on) {
        own.inside += ticks;
        if (!own.lost)
            add(all ? &own.segment[own.count].collective : &own.segment[own.count].point, ticks);
        if (all) {
            own.collectives++;
            own.count += own.lost ? 0 : 1;
            open_segment();
        }
    }
    pthread_mutex_unlock(&own.lock);
    return code;
}

/** Ticks that the transfers of this rank took: the shortest of all ranks in each segment. Collective.
 *  @return -1 when it is not known */
static double find_transfer(MPI_Comm comm)
{
    double count[2] = {own.lost ? -1.0 : (double)own.count, own.lost ? 1.0 : -(double)own.count}, low[2],
           sum = 0.0;
    segment least[1024];
    PMPI_Allreduce(count, low, 2, MPI_DOUBLE, MPI_MIN, comm);
    if (low[0] < 0.0 || low[0] != -low[1])
        return -1.0;
    for (size_t at = 0; at <= own.count; at += 1024) {
        size_t n = own.count + 1 - at < 1024 ? own.count + 1 - at : 1024;
        PMPI_Allreduce(&own.segment[at], least, 2 * (int)n, MPI_FLOAT, MPI_MIN, comm);
        for (size_t i = 0; i < n; i++) {
            sum += own.segment[at + i].point < ABSENT ? least[i].point : 0.0;
            sum += own.segment[at + i].collective < ABSENT ? least[i].collective : 0.0;
        }
    }
    return sum;
}

/** All rows, for the writer of the file. */
typedef struct rows {
    int n;
    const row *row;
} rows;

static void write_rows(FILE *to, const void *data)
{
    const rows *all = data;
    fputs("rank,host,elapsed_s,compute_s,transfer_s,waiting_s,collectives\n", to);
    for (int i = 0; i < all->n; i++) {
        const row *r = &all->row[i];
        fprintf(to, "%d,%s,%.9g,%.9g,", i, r->host, r->elapsed, r->elapsed - r->inside);
        if (r->transfer >= 0.0)
            fprintf(to, "%.9g,%.9g,%.15g\n", r->transfer, fmax(0.0, r->inside - r->transfer), r->collectives);
        else
            fprintf(to, "%.9g,nan,%.15g\n", r->inside, r->collectives); /* transfer and waiting together */
    }
}

static row make_row(MPI_Comm comm)
{
    row mine = {0};
    char host[MPI_MAX_PROCESSOR_NAME] = "";
    int length = 0;
    weiss_time_switch(false);
    uint64_t passed = weiss_ticks() - own.first_tick;
    double tick = passed > 0 ? (seconds() - own.first_second) / (double)passed : 0.0;
    PMPI_Get_processor_name(host, &length);
    snprintf(mine.host, sizeof mine.host, "%.*s", WEISS_TRACE_HOST - 1, host);
    double transfer = find_transfer(comm);
    mine.elapsed = tick * own.elapsed;
    mine.collectives = (double)own.collectives;
    mine.inside = tick * own.inside;
    mine.transfer = transfer < 0.0 ? transfer : tick * transfer;
    return mine;
}

void weiss_time_write(const char *path, MPI_Comm comm)
{
    int rank, size;
    weiss_fault fault = {0};
    PMPI_Comm_rank(comm, &rank);
    PMPI_Comm_size(comm, &size);
    row mine = make_row(comm), *all = rank == 0 ? malloc((size_t)size * sizeof *all) : NULL;
    if (rank == 0 && all == NULL)
        PMPI_Abort(comm, 1);
    PMPI_Gather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, 0, comm);
    if (rank == 0 && weiss_replace_file(path, write_rows, &(rows){size, all}, &fault) != 0)
        fprintf(stderr, "weiss: %s\n", fault.text);
    free(all);
}
