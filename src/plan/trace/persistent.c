/* Persistent sends: what a request sends is remembered when it is made, and counted each time that it is started. */
#include "plan/trace/trace.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct kept {
    MPI_Request request;
    int to; /**< in MPI_COMM_WORLD */
    double bytes;
    struct kept *next;
} kept;

static struct {
    pthread_mutex_t lock; /**< guards the list */
    kept *first;
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keep(MPI_Request request, MPI_Comm comm, int to, int count, MPI_Datatype type)
{
    const weiss_group *group = to >= 0 ? weiss_group_of(comm) : NULL;
    kept *k = group != NULL && to < group->size ? malloc(sizeof *k) : NULL;
    if (k == NULL)
        return;
    *k = (kept){request, group->world[to], weiss_trace_bytes(count, type), NULL};
    pthread_mutex_lock(&own.lock);
    k->next = own.first;
    own.first = k;
    pthread_mutex_unlock(&own.lock);
}

/** Counts the start of a request, when it is one of those. */
static void count_start(MPI_Request request)
{
    int to = MPI_UNDEFINED;
    double bytes = 0.0;
    pthread_mutex_lock(&own.lock);
    for (const kept *k = own.first; k != NULL; k = k->next) {
        if (k->request == request) {
            to = k->to;
            bytes = k->bytes;
            break;
        }
    }
    pthread_mutex_unlock(&own.lock);
    weiss_count(to, 1.0, bytes);
}

#define SEND_INIT(name)                                                                                      \
    WEISS_TRACED int MPI_##name(const void *buffer, int count, MPI_Datatype type, int to, int tag,           \
                                MPI_Comm comm, MPI_Request *request)                                         \
    {                                                                                                        \
        int code = PMPI_##name(buffer, count, type, to, tag, comm, request);                                 \
        if (code == MPI_SUCCESS)                                                                             \
            keep(*request, comm, to, count, type);                                                           \
        return code;                                                                                         \
    }

SEND_INIT(Send_init)
SEND_INIT(Ssend_init)
SEND_INIT(Bsend_init)
SEND_INIT(Rsend_init)

WEISS_TRACED int MPI_Start(MPI_Request *request)
{
    count_start(*request);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL, PMPI_Start(request));
}

WEISS_TRACED int MPI_Startall(int count, MPI_Request requests[])
{
    for (int i = 0; i < count; i++)
        count_start(requests[i]);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL, PMPI_Startall(count, requests));
}

WEISS_TRACED int MPI_Request_free(MPI_Request *request)
{
    pthread_mutex_lock(&own.lock);
    for (kept **k = &own.first; *k != NULL; k = &(*k)->next) {
        if ((*k)->request == *request) {
            kept *gone = *k;
            *k = gone->next;
            free(gone);
            break;
        }
    }
    pthread_mutex_unlock(&own.lock);
    return PMPI_Request_free(request);
}
