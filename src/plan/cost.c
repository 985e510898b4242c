#include "plan/cost.h"

#include <stdlib.h>
#include <string.h>

/** Bytes that can be what rounding left of none. */
#define NOTHING 1e-6

int weiss_cost_create(const weiss_topology *topology, const weiss_traffic *traffic, weiss_plan_cost *cost,
                      weiss_fault *fault)
{
    size_t n = (size_t)traffic->nranks, s = (size_t)topology->nservers;
    double *numbers = calloc(4 * n + 2 * s, sizeof *numbers);
    *cost = (weiss_plan_cost){.topology = topology, .traffic = traffic};
    if (numbers == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for the prediction of times");
    cost->out = numbers;
    cost->in = numbers + n;
    cost->far_out = numbers + 2 * n;
    cost->far_in = numbers + 3 * n;
    cost->leave = numbers + 4 * n;
    cost->enter = numbers + 4 * n + s;
    return 0;
}

void weiss_cost_free(weiss_plan_cost *cost)
{
    free(cost->out);
    *cost = (weiss_plan_cost){0};
}

static void account(weiss_plan_cost *cost, const int *slot, const weiss_flow *f, double sign)
{
    const weiss_topology *t = cost->topology;
    weiss_plan_level level = weiss_topology_level(t, slot[f->from], slot[f->to]);
    const weiss_speed *speed = &t->speed[level];
    double time = sign * (f->messages * speed->latency + f->bytes / speed->bandwidth);
    cost->out[f->from] += time;
    cost->in[f->to] += time;
    cost->total += time;
    if (level == WEISS_PLAN_NETWORK) {
        cost->far_out[f->from] += sign * f->messages;
        cost->far_in[f->to] += sign * f->messages;
        cost->leave[t->vm[t->slot_vm[slot[f->from]]].server] += sign * f->bytes;
        cost->enter[t->vm[t->slot_vm[slot[f->to]]].server] += sign * f->bytes;
        cost->total += sign * f->bytes / speed->bandwidth;
    }
}

void weiss_cost_fill(weiss_plan_cost *cost, const int *slot)
{
    size_t n = (size_t)cost->traffic->nranks, s = (size_t)cost->topology->nservers;
    memset(cost->out, 0, (4 * n + 2 * s) * sizeof *cost->out);
    cost->total = 0.0;
    for (size_t i = 0; i < cost->traffic->nflows; i++)
        account(cost, slot, &cost->traffic->flow[i], 1.0);
}

void weiss_cost_change(weiss_plan_cost *cost, const int *slot, int r, int except, double sign)
{
    const weiss_traffic *t = cost->traffic;
    for (size_t i = t->start[r]; i < t->start[r + 1]; i++)
        if (t->flow[i].to != except)
            account(cost, slot, &t->flow[i], sign);
    for (size_t i = t->back_start[r]; i < t->back_start[r + 1]; i++)
        if (t->flow[t->back[i]].from != except)
            account(cost, slot, &t->flow[t->back[i]], sign);
}

static double largest(const double *value, int n)
{
    double found = 0.0;
    for (int i = 0; i < n; i++)
        found = value[i] > found ? value[i] : found;
    return found;
}

double weiss_cost_step(const weiss_plan_cost *cost)
{
    const weiss_speed *network = &cost->topology->speed[WEISS_PLAN_NETWORK];
    double step = largest(cost->out, 2 * cost->traffic->nranks);
    double messages = largest(cost->far_out, 2 * cost->traffic->nranks);
    double bytes = largest(cost->leave, 2 * cost->topology->nservers);
    double link = bytes > NOTHING ? bytes / network->bandwidth + messages * network->latency : 0.0;
    return link > step ? link : step;
}

int weiss_cost_of(const weiss_topology *topology, const weiss_traffic *traffic, const int *slot, double *step,
                  weiss_fault *fault)
{
    weiss_plan_cost cost;
    WEISS_FAULT_TRY(weiss_cost_create(topology, traffic, &cost, fault));
    weiss_cost_fill(&cost, slot);
    *step = weiss_cost_step(&cost);
    weiss_cost_free(&cost);
    return 0;
}

void weiss_cost_shares(const weiss_topology *topology, const weiss_traffic *traffic, const int *slot,
                       weiss_plan_share share[WEISS_PLAN_LEVELS])
{
    memset(share, 0, WEISS_PLAN_LEVELS * sizeof *share);
    for (size_t i = 0; i < traffic->nflows; i++) {
        const weiss_flow *f = &traffic->flow[i];
        weiss_plan_level level = weiss_topology_level(topology, slot[f->from], slot[f->to]);
        share[level].messages += f->messages;
        share[level].bytes += f->bytes;
    }
}
