#include "plan/traffic.h"

#include <stdlib.h>
#include <string.h>

void weiss_traffic_free(weiss_traffic *traffic)
{
    free(traffic->flow);
    free(traffic->start);
    free(traffic->back);
    free(traffic->back_start);
    *traffic = (weiss_traffic){0};
}

static int no_memory(weiss_fault *fault)
{
    return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for the traffic between ranks");
}

int weiss_traffic_add(weiss_traffic *traffic, int from, int to, double messages, double bytes,
                      weiss_fault *fault)
{
    if (traffic->nflows == traffic->capacity) {
        size_t capacity = traffic->capacity > 0 ? 2 * traffic->capacity : 64;
        weiss_flow *larger = realloc(traffic->flow, capacity * sizeof *larger);
        if (larger == NULL)
            return no_memory(fault);
        traffic->flow = larger;
        traffic->capacity = capacity;
    }
    traffic->flow[traffic->nflows++] = (weiss_flow){from, to, messages, bytes};
    return 0;
}

static int by_pair(const void *a, const void *b)
{
    const weiss_flow *x = a, *y = b;
    int order = (x->from > y->from) - (x->from < y->from);
    return order != 0 ? order : (x->to > y->to) - (x->to < y->to);
}

static void merge(weiss_traffic *t)
{
    size_t n = 0;
    if (t->nflows > 0)
        qsort(t->flow, t->nflows, sizeof *t->flow, by_pair);
    for (size_t i = 0; i < t->nflows; i++) {
        const weiss_flow *f = &t->flow[i];
        if (f->from == f->to || (f->messages == 0.0 && f->bytes == 0.0))
            continue;
        if (n > 0 && by_pair(&t->flow[n - 1], f) == 0) {
            t->flow[n - 1].messages += f->messages;
            t->flow[n - 1].bytes += f->bytes;
        } else {
            t->flow[n++] = *f;
        }
    }
    t->nflows = n;
}

int weiss_traffic_settle(weiss_traffic *traffic, int nranks, weiss_fault *fault)
{
    weiss_traffic *t = traffic;
    merge(t);
    t->nranks = nranks;
    t->start = calloc((size_t)nranks + 1, sizeof *t->start);
    t->back_start = calloc((size_t)nranks + 2, sizeof *t->back_start);
    t->back = calloc(t->nflows + 1, sizeof *t->back);
    if (t->start == NULL || t->back_start == NULL || t->back == NULL)
        return no_memory(fault);
    for (size_t i = 0; i < t->nflows; i++) {
        t->start[t->flow[i].from + 1]++;
        t->back_start[t->flow[i].to + 2]++;
    }
    for (int r = 0; r < nranks; r++) {
        t->start[r + 1] += t->start[r];
        t->back_start[r + 2] += t->back_start[r + 1];
    }
    /* While they are filled, the list of rank r ends at back_start[r + 1]. */
    for (size_t i = 0; i < t->nflows; i++)
        t->back[t->back_start[t->flow[i].to + 1]++] = i;
    return 0;
}

void weiss_traffic_per_step(weiss_traffic *traffic, double steps)
{
    for (size_t i = 0; i < traffic->nflows; i++) {
        traffic->flow[i].messages /= steps;
        traffic->flow[i].bytes /= steps;
    }
}

void weiss_traffic_write(FILE *to, const weiss_traffic *traffic)
{
    fprintf(to, "# ranks %d\nfrom,to,messages,bytes\n", traffic->nranks);
    for (size_t i = 0; i < traffic->nflows; i++) {
        const weiss_flow *f = &traffic->flow[i];
        fprintf(to, "%d,%d,%.15g,%.15g\n", f->from, f->to, f->messages, f->bytes);
    }
}
