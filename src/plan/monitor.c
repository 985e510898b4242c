#include "plan/monitor.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/** Makes room for @p rank. */
static int know(weiss_monitor_job *job, int rank, weiss_fault *fault)
{
    if (rank >= job->capacity) {
        int capacity = 2 * rank + 64;
        int *vm = realloc(job->vm, (size_t)capacity * sizeof *vm);
        if (vm == NULL)
            return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
        for (int i = job->capacity; i < capacity; i++)
            vm[i] = -1;
        job->vm = vm;
        job->capacity = capacity;
    }
    job->nranks = rank >= job->nranks ? rank + 1 : job->nranks;
    return 0;
}

int weiss_monitor_take(weiss_monitor_job *job, int rank, int vm, const char *line, weiss_fault *fault)
{
    char kind, shown[WEISS_TEXT_SHOWN];
    int from, to;
    double bytes, messages;
    if (rank < 0 || rank >= WEISS_PLAN_RANKS_MAX)
        return weiss_fault_set(fault, WEISS_ERR_SYNTAX, "expected a rank from 0 to %d, found %d",
                               WEISS_PLAN_RANKS_MAX - 1, rank);
    WEISS_FAULT_TRY(know(job, rank, fault));
    job->vm[rank] = vm;
    /* E: sent by the program; I: by Open MPI for it, in collective operations. */
    if ((line[0] != 'E' && line[0] != 'I') || line[1] != '\t')
        return 0;
    if (sscanf(line, "%c %d %d %lf bytes %lf msgs", &kind, &from, &to, &bytes, &messages) != 5 ||
        from != rank || to < 0 || to >= WEISS_PLAN_RANKS_MAX || !(bytes >= 0.0) || !(messages >= 0.0))
        return weiss_fault_set(fault, WEISS_ERR_SYNTAX,
                               "expected counts of messages of rank %d as Open MPI's monitoring has them, "
                               "found \"%s\"",
                               rank, weiss_text_show(line, shown));
    return weiss_traffic_add(&job->traffic, from, to, messages, bytes, fault);
}

void weiss_monitor_shares(const weiss_monitor_job *job, const int *server, int nvms,
                          weiss_plan_share share[WEISS_PLAN_LEVELS])
{
    memset(share, 0, WEISS_PLAN_LEVELS * sizeof *share);
    for (size_t i = 0; i < job->traffic.nflows; i++) {
        const weiss_flow *f = &job->traffic.flow[i];
        int a = f->from < job->nranks ? job->vm[f->from] : -1;
        int b = f->to < job->nranks ? job->vm[f->to] : -1;
        if (a < 0 || b < 0 || a >= nvms || b >= nvms || f->from == f->to)
            continue;
        weiss_plan_level level = a == b                   ? WEISS_PLAN_VM
                                 : server[a] == server[b] ? WEISS_PLAN_SERVER
                                                          : WEISS_PLAN_NETWORK;
        share[level].messages += f->messages;
        share[level].bytes += f->bytes;
    }
}

void weiss_monitor_free(weiss_monitor_job *job)
{
    weiss_traffic_free(&job->traffic);
    free(job->vm);
    *job = (weiss_monitor_job){0};
}
