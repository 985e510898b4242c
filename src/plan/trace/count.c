/* The counts of this process, and how they become a file. */
#include "plan/trace/trace.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAG 0

static struct {
    pthread_mutex_t lock; /**< guards the counts */
    int rank, size;
    bool paused; /**< by MPI_Pcontrol */
    double *count; /**< 2 * size: messages and bytes to each rank; NULL: nothing is counted */
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

void weiss_count_begin(void)
{
    PMPI_Comm_rank(MPI_COMM_WORLD, &own.rank);
    PMPI_Comm_size(MPI_COMM_WORLD, &own.size);
    own.count = calloc(2 * (size_t)own.size, sizeof *own.count);
}

void weiss_count(int to, double messages, double bytes)
{
    if (own.count == NULL || own.paused || to < 0 || to >= own.size || to == own.rank)
        return;
    pthread_mutex_lock(&own.lock);
    own.count[2 * to] += messages;
    own.count[2 * to + 1] += bytes;
    pthread_mutex_unlock(&own.lock);
}

int weiss_count_ranks(void)
{
    return own.size;
}

void weiss_count_switch(bool on)
{
    own.paused = !on;
}

void weiss_count_forget(void)
{
    pthread_mutex_lock(&own.lock);
    if (own.count != NULL)
        memset(own.count, 0, 2 * (size_t)own.size * sizeof *own.count);
    pthread_mutex_unlock(&own.lock);
}

static void write_row(FILE *to, int from, int size, const double *count)
{
    for (int i = 0; i < size; i++)
        if (count[2 * i] > 0.0)
            fprintf(to, "%d,%d,%.15g,%.15g\n", from, i, count[2 * i], count[2 * i + 1]);
}

/** Rank 0 takes the rows one after the other. @p to is NULL when there is no file: then they are only taken. */
static void collect(FILE *to, MPI_Comm comm)
{
    double *row = malloc(2 * (size_t)own.size * sizeof *row);
    if (row == NULL)
        PMPI_Abort(comm, 1);
    for (int from = 0; from < own.size; from++) {
        if (from == 0)
            memcpy(row, own.count, 2 * (size_t)own.size * sizeof *row);
        else
            PMPI_Recv(row, 2 * own.size, MPI_DOUBLE, from, TAG, comm, MPI_STATUS_IGNORE);
        if (to != NULL)
            write_row(to, from, own.size, row);
    }
    free(row);
}

static void complain(const char *path, int why)
{
    fprintf(stderr, "weiss: %s: the traffic cannot be written: %s\n", path, strerror(why));
}

/** Writes the file under a temporary name and renames it. */
static void write_file(const char *path, MPI_Comm comm)
{
    char *temporary = NULL;
    FILE *to = NULL;
    if (asprintf(&temporary, "%s.tmp-%ld", path, (long)getpid()) >= 0)
        to = fopen(temporary, "w");
    int why = to == NULL ? errno : 0;
    if (to != NULL)
        fprintf(to, "# ranks %d\nfrom,to,messages,bytes\n", own.size);
    collect(to, comm);
    if (to != NULL) {
        if (fflush(to) != 0 || ferror(to) || fsync(fileno(to)) != 0)
            why = errno;
        if (fclose(to) != 0 && why == 0)
            why = errno;
        if (why == 0 && rename(temporary, path) != 0)
            why = errno;
        if (why != 0)
            unlink(temporary);
    }
    if (why != 0)
        complain(path, why);
    free(temporary);
}

void weiss_count_end(void)
{
    const char *path = getenv(WEISS_TRACE_VARIABLE), *times = getenv(WEISS_TRACE_TIMES_VARIABLE);
    MPI_Comm comm, parent;
    int lacking = own.count == NULL || (path == NULL && times == NULL), any;
    PMPI_Comm_get_parent(&parent);
    /* A job that the traced one spawned has a world, and would have a file, of its own. */
    lacking = lacking || parent != MPI_COMM_NULL;
    if (PMPI_Allreduce(&lacking, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD) != MPI_SUCCESS || any != 0 ||
        PMPI_Comm_dup(MPI_COMM_WORLD, &comm) != MPI_SUCCESS)
        return;
    if (path != NULL && own.rank == 0)
        write_file(path, comm);
    else if (path != NULL)
        PMPI_Send(own.count, 2 * own.size, MPI_DOUBLE, 0, TAG, comm);
    if (times != NULL)
        weiss_time_write(times, comm);
    PMPI_Comm_free(&comm);
}
