/* One-sided operations. A put or an accumulate sends its data to the target. A get is counted at the rank that asks, as a
 * message of the same size to the target: the bytes cross the same link, and a placement sees both directions together. */
#include "plan/trace/trace.h"

static void count(MPI_Win window, int target, long n, MPI_Datatype type)
{
    const weiss_group *group = target >= 0 ? weiss_group_of_window(window) : NULL;
    if (group != NULL && target < group->size)
        weiss_count(group->world[target], 1.0, weiss_trace_bytes(n, type));
}

#define TARGET int target, MPI_Aint displacement, int target_count, MPI_Datatype target_type
#define TARGET_WORDS target, displacement, target_count, target_type

WEISS_TRACED int MPI_Put(const void *from, int n, MPI_Datatype type, TARGET, MPI_Win window)
{
    count(window, target, n, type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL, PMPI_Put(from, n, type, TARGET_WORDS, window));
}

WEISS_TRACED int MPI_Rput(const void *from, int n, MPI_Datatype type, TARGET, MPI_Win window,
                          MPI_Request *request)
{
    count(window, target, n, type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL, PMPI_Rput(from, n, type, TARGET_WORDS, window, request));
}

WEISS_TRACED int MPI_Get(void *to, int n, MPI_Datatype type, TARGET, MPI_Win window)
{
    count(window, target, n, type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL, PMPI_Get(to, n, type, TARGET_WORDS, window));
}

WEISS_TRACED int MPI_Rget(void *to, int n, MPI_Datatype type, TARGET, MPI_Win window, MPI_Request *request)
{
    count(window, target, n, type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL, PMPI_Rget(to, n, type, TARGET_WORDS, window, request));
}

WEISS_TRACED int MPI_Accumulate(const void *from, int n, MPI_Datatype type, TARGET, MPI_Op op, MPI_Win window)
{
    count(window, target, n, type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL, PMPI_Accumulate(from, n, type, TARGET_WORDS, op, window));
}

WEISS_TRACED int MPI_Raccumulate(const void *from, int n, MPI_Datatype type, TARGET, MPI_Op op,
                                 MPI_Win window, MPI_Request *request)
{
    count(window, target, n, type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL,
                           PMPI_Raccumulate(from, n, type, TARGET_WORDS, op, window, request));
}

WEISS_TRACED int MPI_Get_accumulate(const void *from, int n, MPI_Datatype type, void *result, int result_n,
                                    MPI_Datatype result_type, TARGET, MPI_Op op, MPI_Win window)
{
    count(window, target, result_n, result_type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(
        begin, MPI_COMM_NULL,
        PMPI_Get_accumulate(from, n, type, result, result_n, result_type, TARGET_WORDS, op, window));
}

WEISS_TRACED int MPI_Rget_accumulate(const void *from, int n, MPI_Datatype type, void *result, int result_n,
                                     MPI_Datatype result_type, TARGET, MPI_Op op, MPI_Win window,
                                     MPI_Request *request)
{
    count(window, target, result_n, result_type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL,
                           PMPI_Rget_accumulate(from, n, type, result, result_n, result_type, TARGET_WORDS,
                                                op, window, request));
}

WEISS_TRACED int MPI_Fetch_and_op(const void *from, void *result, MPI_Datatype type, int target,
                                  MPI_Aint displacement, MPI_Op op, MPI_Win window)
{
    count(window, target, 1, type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL,
                           PMPI_Fetch_and_op(from, result, type, target, displacement, op, window));
}

WEISS_TRACED int MPI_Compare_and_swap(const void *from, const void *compare, void *result, MPI_Datatype type,
                                      int target, MPI_Aint displacement, MPI_Win window)
{
    count(window, target, 1, type);
    uint64_t begin = weiss_ticks();
    return weiss_time_call(begin, MPI_COMM_NULL,
                           PMPI_Compare_and_swap(from, compare, result, type, target, displacement, window));
}
