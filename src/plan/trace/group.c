/* Which ranks of MPI_COMM_WORLD are behind the ranks of a communicator or window. Worked out once for each. */
#include "plan/trace/trace.h"

#include <pthread.h>
#include <stdlib.h>

static struct {
    pthread_mutex_t lock; /**< held while a group is made */
    int comm_key, window_key; /**< under which groups are kept */
    MPI_Group world;
    bool ready;
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void destroy(weiss_group *group)
{
    if (group != NULL)
        free(group->world);
    free(group);
}

static int forget_comm(MPI_Comm comm, int key, void *value, void *extra)
{
    (void)comm, (void)key, (void)extra;
    destroy(value);
    return MPI_SUCCESS;
}

static int forget_window(MPI_Win window, int key, void *value, void *extra)
{
    (void)window, (void)key, (void)extra;
    destroy(value);
    return MPI_SUCCESS;
}

void weiss_group_begin(void)
{
    own.ready =
        PMPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, forget_comm, &own.comm_key, NULL) == MPI_SUCCESS &&
        PMPI_Win_create_keyval(MPI_WIN_NULL_COPY_FN, forget_window, &own.window_key, NULL) == MPI_SUCCESS &&
        PMPI_Comm_group(MPI_COMM_WORLD, &own.world) == MPI_SUCCESS;
}

/** Takes over @p members. */
static weiss_group *make(MPI_Group members, bool inter)
{
    weiss_group *group = calloc(1, sizeof *group);
    int *number = NULL;
    if (group != NULL) {
        group->inter = inter;
        PMPI_Group_size(members, &group->size);
        PMPI_Group_rank(members, &group->rank);
        group->world = malloc(((size_t)group->size + 1) * sizeof *group->world);
        number = malloc(((size_t)group->size + 1) * sizeof *number);
    }
    if (group == NULL || group->world == NULL || number == NULL) {
        destroy(group);
        group = NULL;
    } else {
        for (int i = 0; i < group->size; i++)
            number[i] = i;
        PMPI_Group_translate_ranks(members, group->size, number, own.world, group->world);
    }
    free(number);
    PMPI_Group_free(&members);
    return group;
}

static weiss_group *make_of_comm(MPI_Comm comm)
{
    MPI_Group members;
    int inter = 0;
    PMPI_Comm_test_inter(comm, &inter);
    int code = inter ? PMPI_Comm_remote_group(comm, &members) : PMPI_Comm_group(comm, &members);
    return code == MPI_SUCCESS ? make(members, inter != 0) : NULL;
}

const weiss_group *weiss_group_of(MPI_Comm comm)
{
    weiss_group *group = NULL;
    int found = 0;
    if (!own.ready || comm == MPI_COMM_NULL)
        return NULL;
    pthread_mutex_lock(&own.lock);
    if (PMPI_Comm_get_attr(comm, own.comm_key, &group, &found) != MPI_SUCCESS || !found) {
        group = make_of_comm(comm);
        if (group != NULL)
            PMPI_Comm_set_attr(comm, own.comm_key, group);
    }
    pthread_mutex_unlock(&own.lock);
    return group;
}

const weiss_group *weiss_group_of_window(MPI_Win window)
{
    weiss_group *group = NULL;
    MPI_Group members;
    int found = 0;
    if (!own.ready || window == MPI_WIN_NULL)
        return NULL;
    pthread_mutex_lock(&own.lock);
    if (PMPI_Win_get_attr(window, own.window_key, &group, &found) != MPI_SUCCESS || !found) {
        group = PMPI_Win_get_group(window, &members) == MPI_SUCCESS ? make(members, false) : NULL;
        if (group != NULL)
            PMPI_Win_set_attr(window, own.window_key, group);
    }
    pthread_mutex_unlock(&own.lock);
    return group;
}

double weiss_trace_bytes(long count, MPI_Datatype type)
{
    MPI_Count size = 0;
    if (type == MPI_DATATYPE_NULL || count <= 0)
        return 0.0;
    PMPI_Type_size_x(type, &size);
    return size > 0 ? (double)count * (double)size : 0.0;
}

void weiss_trace_message(MPI_Comm comm, int to, long count, MPI_Datatype type)
{
    const weiss_group *group = to >= 0 ? weiss_group_of(comm) : NULL;
    if (group != NULL && to < group->size)
        weiss_count(group->world[to], 1.0, weiss_trace_bytes(count, type));
}
