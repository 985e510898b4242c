#include "plan/times.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "rank,host,elapsed_s,compute_s,transfer_s,waiting_s,collectives"

/** One line. @return false when it is none */
static bool parse_line(const char *line, int expected, weiss_rank_time *rank)
{
    int number;
    return sscanf(line, "%d,%63[^,\n],%lf,%lf,%lf,%lf,%lf", &number, rank->host, &rank->elapsed,
                  &rank->compute, &rank->transfer, &rank->waiting, &rank->collectives) == 7 &&
           number == expected && isfinite(rank->elapsed) && isfinite(rank->compute) && rank->elapsed >= 0.0 &&
           isfinite(rank->transfer) && rank->transfer >= 0.0 && !(rank->waiting < 0.0) &&
           isfinite(rank->collectives) && rank->collectives >= 0.0;
}

static int add(weiss_times *times, const weiss_rank_time *rank, weiss_fault *fault)
{
    if ((times->nranks & (times->nranks - 1)) == 0) {
        size_t capacity = times->nranks > 0 ? 2 * (size_t)times->nranks : 1;
        weiss_rank_time *larger = realloc(times->rank, capacity * sizeof *larger);
        if (larger == NULL)
            return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
        times->rank = larger;
    }
    times->rank[times->nranks++] = *rank;
    return 0;
}

int weiss_times_parse(const char *file, const char *text, weiss_times *times, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    int code = 0, number = 2;
    weiss_rank_time rank;
    *times = (weiss_times){0};
    const char *line = strchr(text, '\n');
    if (line == NULL || strncmp(text, HEADER "\n", sizeof HEADER) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYNTAX, "%s:1: expected the header " HEADER, file);
    for (line++; code == 0 && *line != '\0'; number++) {
        const char *end = strchr(line, '\n');
        if (!parse_line(line, times->nranks, &rank))
            code = weiss_fault_set(fault, WEISS_ERR_SYNTAX, "%s:%d: expected times of rank %d, found \"%s\"",
                                   file, number, times->nranks, weiss_text_show(line, shown));
        else
            code = add(times, &rank, fault);
        line = end != NULL ? end + 1 : "";
    }
    if (code != 0)
        weiss_times_free(times);
    return code;
}

void weiss_times_free(weiss_times *times)
{
    free(times->rank);
    *times = (weiss_times){0};
}

static weiss_plan_level level_of(const weiss_times *times, const int *server, int a, int b)
{
    if (strcmp(times->rank[a].host, times->rank[b].host) == 0)
        return WEISS_PLAN_VM;
    return server == NULL || server[a] == server[b] ? WEISS_PLAN_SERVER : WEISS_PLAN_NETWORK;
}

/** Adds the transfers of rank @p r to the levels, in the shares of @p weight; without any, to the level of a machine. */
static void share(double transfer, const double weight[WEISS_PLAN_LEVELS], weiss_split *split)
{
    double all = 0.0;
    for (int l = 0; l < WEISS_PLAN_LEVELS; l++)
        all += weight[l];
    for (int l = 0; l < WEISS_PLAN_LEVELS && all > 0.0; l++)
        split->level[l] += transfer * weight[l] / all;
    if (all <= 0.0)
        split->level[WEISS_PLAN_VM] += transfer;
}

int weiss_split_times(const weiss_times *times, const weiss_traffic *traffic, const int *server,
                      const weiss_speed speed[WEISS_PLAN_LEVELS], weiss_split *split, weiss_fault *fault)
{
    size_t n = (size_t)times->nranks;
    double(*weight)[WEISS_PLAN_LEVELS] = calloc(n + 1, sizeof *weight);
    *split = (weiss_split){0};
    if (weight == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < traffic->nflows; i++) {
        const weiss_flow *f = &traffic->flow[i];
        if (f->from >= times->nranks || f->to >= times->nranks)
            continue;
        weiss_plan_level l = level_of(times, server, f->from, f->to);
        double cost = f->messages * speed[l].latency + f->bytes / speed[l].bandwidth;
        weight[f->from][l] += cost;
        weight[f->to][l] += cost;
    }
    for (size_t r = 0; r < n; r++) {
        split->elapsed += times->rank[r].elapsed / (double)n;
        split->compute += times->rank[r].compute / (double)n;
        split->waiting += times->rank[r].waiting / (double)n;
        split->collectives += times->rank[r].collectives / (double)n;
        share(times->rank[r].transfer / (double)n, weight[r], split);
    }
    free(weight);
    return 0;
}
