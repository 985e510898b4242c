/* Scotch's static mapping of the traffic onto the topology. The target is a tree with leaves of equal depth (servers, VMs,
 * vCPUs) of which only those are used that exist, so that VMs may differ in size. */
#include "plan/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <scotch.h>

/** Largest weight of an edge and of a level. */
#define WEIGHT_MAX 10000.0

static const SCOTCH_Num seed = 1907; /* the same input gives the same plan */

typedef struct scotch_target {
    SCOTCH_Num size[3],
        cost[3]; /**< servers, VMs of one, vCPUs of one: most of all; cost of meeting at that level */
    SCOTCH_Num *leaf; /**< of each slot that is used; owned */
    SCOTCH_Num nleaves;
} scotch_target;

typedef struct scotch_graph {
    SCOTCH_Num *start, *neighbour, *weight; /**< owned */
} scotch_graph;

static int no_memory(weiss_fault *fault)
{
    return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for mapping ranks");
}

/** How much a message of mean size costs on each level, in the cost of the cheapest. */
static void find_costs(const weiss_topology *topology, const weiss_traffic *traffic, SCOTCH_Num *cost)
{
    double messages = 0.0, bytes = 0.0, time[WEISS_PLAN_LEVELS], least = INFINITY;
    for (size_t i = 0; i < traffic->nflows; i++) {
        messages += traffic->flow[i].messages;
        bytes += traffic->flow[i].bytes;
    }
    double mean = messages > 0.0 ? bytes / messages : 1.0;
    for (int l = 0; l < WEISS_PLAN_LEVELS; l++) {
        time[l] = topology->speed[l].latency + mean / topology->speed[l].bandwidth;
        least = fmin(least, time[l]);
    }
    /* The tree wants the root first. */
    for (int l = 0; l < WEISS_PLAN_LEVELS; l++)
        cost[WEISS_PLAN_LEVELS - 1 - l] = (SCOTCH_Num)fmin(rint(time[l] / least), WEIGHT_MAX);
}

static int make_target(const weiss_topology *topology, const weiss_traffic *traffic, bool spread,
                       scotch_target *target, weiss_fault *fault)
{
    int in_server = 0, server = -1;
    target->size[0] = topology->nservers;
    target->size[1] = target->size[2] = 1;
    target->nleaves = spread ? topology->nslots : traffic->nranks;
    target->leaf = malloc((size_t)target->nleaves * sizeof *target->leaf);
    if (target->leaf == NULL)
        return no_memory(fault);
    for (int v = 0; v < topology->nvms; v++) {
        const weiss_plan_vm *vm = &topology->vm[v];
        in_server = vm->server == server ? in_server + 1 : 1;
        server = vm->server;
        target->size[1] = in_server > target->size[1] ? in_server : target->size[1];
        target->size[2] = vm->vcpus > target->size[2] ? vm->vcpus : target->size[2];
    }
    server = -1;
    for (int v = 0; v < topology->nvms; v++) {
        const weiss_plan_vm *vm = &topology->vm[v];
        in_server = vm->server == server ? in_server + 1 : 0;
        server = vm->server;
        for (int i = 0; i < vm->vcpus && vm->first + i < target->nleaves; i++)
            target->leaf[vm->first + i] = (server * target->size[1] + in_server) * target->size[2] + i;
    }
    find_costs(topology, traffic, target->cost);
    return 0;
}

/** What it saves to have two ranks in one VM and not on two servers, s. */
static double saving(const weiss_topology *topology, const weiss_flow *f)
{
    const weiss_speed *near = &topology->speed[WEISS_PLAN_VM], *far = &topology->speed[WEISS_PLAN_NETWORK];
    return f->messages * fmax(far->latency - near->latency, 1e-9) +
           f->bytes * fmax(1.0 / far->bandwidth - 1.0 / near->bandwidth, 1e-15);
}

/** Flow from @p from to @p to; NULL when there is none. */
static const weiss_flow *find_flow(const weiss_traffic *t, int from, int to)
{
    size_t low = t->start[from], high = t->start[from + 1];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (t->flow[middle].to == to)
            return &t->flow[middle];
        if (t->flow[middle].to < to)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/** The next arc of rank @p r in ascending order of the other end, of both directions together. @return its other end */
static int next_arc(const weiss_topology *topology, const weiss_traffic *t, int r, size_t *out, size_t *in,
                    double *weight)
{
    int to = *out < t->start[r + 1] ? t->flow[*out].to : t->nranks;
    int from = *in < t->back_start[r + 1] ? t->flow[t->back[*in]].from : t->nranks;
    int other = to < from ? to : from;
    *weight = 0.0;
    if (to == other)
        *weight += saving(topology, &t->flow[(*out)++]);
    if (from == other) {
        const weiss_flow *f = find_flow(t, from, r);
        *weight += f != NULL ? saving(topology, f) : 0.0;
        (*in)++;
    }
    return other;
}

static int make_graph(const weiss_topology *topology, const weiss_traffic *traffic, scotch_graph *graph,
                      weiss_fault *fault)
{
    const weiss_traffic *t = traffic;
    size_t n = 0, arcs = 2 * t->nflows;
    double most = 0.0, *weight = malloc(arcs * sizeof *weight);
    graph->start = malloc(((size_t)t->nranks + 1) * sizeof *graph->start);
    graph->neighbour = malloc(arcs * sizeof *graph->neighbour);
    graph->weight = malloc(arcs * sizeof *graph->weight);
    if (weight == NULL || graph->start == NULL || graph->neighbour == NULL || graph->weight == NULL) {
        free(weight);
        return no_memory(fault);
    }
    for (int r = 0; r < t->nranks; r++) {
        graph->start[r] = (SCOTCH_Num)n;
        for (size_t out = t->start[r], in = t->back_start[r];
             out < t->start[r + 1] || in < t->back_start[r + 1]; n++) {
            graph->neighbour[n] = next_arc(topology, t, r, &out, &in, &weight[n]);
            most = fmax(most, weight[n]);
        }
    }
    graph->start[t->nranks] = (SCOTCH_Num)n;
    for (size_t i = 0; i < n; i++)
        graph->weight[i] = (SCOTCH_Num)fmax(1.0, rint(weight[i] / most * WEIGHT_MAX));
    free(weight);
    return 0;
}

/** A context of its own: one thread, no state shared with other users of the library. */
static int prepare(SCOTCH_Context *scotch)
{
    if (SCOTCH_contextOptionSetNum(scotch, SCOTCH_OPTIONNUMDETERMINISTIC, 1) != 0 ||
        SCOTCH_contextOptionSetNum(scotch, SCOTCH_OPTIONNUMRANDOMFIXEDSEED, 1) != 0 ||
        SCOTCH_contextRandomClone(scotch) != 0 || SCOTCH_contextThreadSpawn(scotch, 1, NULL) != 0)
        return 1;
    SCOTCH_contextRandomSeed(scotch, seed);
    SCOTCH_contextRandomReset(scotch);
    return 0;
}

static int map(SCOTCH_Context *scotch, const scotch_graph *g, int nranks, const scotch_target *target,
               bool recursive, SCOTCH_Num *part)
{
    SCOTCH_Graph graph, bound;
    SCOTCH_Arch tree, used;
    SCOTCH_Strat strategy;
    SCOTCH_Num flags = SCOTCH_STRATQUALITY | SCOTCH_STRATBALANCE | (recursive ? SCOTCH_STRATRECURSIVE : 0);
    if (SCOTCH_graphInit(&graph) != 0 || SCOTCH_graphInit(&bound) != 0 || SCOTCH_archInit(&tree) != 0 ||
        SCOTCH_archInit(&used) != 0 || SCOTCH_stratInit(&strategy) != 0)
        return 1;
    int failed = SCOTCH_graphBuild(&graph, 0, nranks, g->start, g->start + 1, NULL, NULL, g->start[nranks],
                                   g->neighbour, g->weight) != 0 ||
                 SCOTCH_contextBindGraph(scotch, &graph, &bound) != 0 ||
                 SCOTCH_archTleaf(&tree, 3, target->size, target->cost) != 0 ||
                 SCOTCH_archSub(&used, &tree, target->nleaves, target->leaf) != 0 ||
                 SCOTCH_stratGraphMapBuild(&strategy, flags, nranks, 0.01) != 0 ||
                 SCOTCH_graphMap(&bound, &used, &strategy, part) != 0;
    SCOTCH_stratExit(&strategy);
    SCOTCH_archExit(&used);
    SCOTCH_archExit(&tree);
    SCOTCH_graphExit(&bound);
    SCOTCH_graphExit(&graph);
    return failed;
}

/** Free slot that is nearest to @p wanted: of its VM, its server, any. */
static int nearest_free(const weiss_topology *topology, const bool *taken, int wanted)
{
    int best = -1, level = WEISS_PLAN_LEVELS;
    if (!taken[wanted])
        return wanted;
    for (int i = 0; i < topology->nslots && level > WEISS_PLAN_VM; i++) {
        if (taken[i] || (int)weiss_topology_level(topology, wanted, i) >= level)
            continue;
        best = i;
        level = (int)weiss_topology_level(topology, wanted, i);
    }
    return best;
}

/** One rank a slot: Scotch balances loads, and may put two ranks in one place. */
static int settle(const weiss_topology *topology, int nranks, const SCOTCH_Num *part, int *slot,
                  weiss_fault *fault)
{
    bool *taken = calloc((size_t)topology->nslots, sizeof *taken);
    if (taken == NULL)
        return no_memory(fault);
    /* Ranks whose slot is free keep it; the others come after them. */
    for (int r = 0; r < nranks; r++) {
        slot[r] = taken[part[r]] ? -1 : part[r];
        taken[part[r]] = true;
    }
    for (int r = 0; r < nranks; r++) {
        if (slot[r] < 0)
            slot[r] = nearest_free(topology, taken, part[r]);
        taken[slot[r]] = true;
    }
    free(taken);
    return 0;
}

int weiss_place_scotch(const weiss_topology *topology, const weiss_traffic *traffic, bool spread,
                       bool recursive, int *slot, weiss_fault *fault)
{
    int n = traffic->nranks;
    SCOTCH_Context scotch;
    scotch_target where = {0};
    scotch_graph arcs = {0};
    SCOTCH_Num *part = calloc((size_t)n, sizeof *part);
    int code = part != NULL ? 0 : no_memory(fault);
    if (code == 0)
        code = make_target(topology, traffic, spread, &where, fault);
    if (code == 0)
        code = make_graph(topology, traffic, &arcs, fault);
    if (code == 0 && SCOTCH_contextInit(&scotch) != 0)
        code = no_memory(fault);
    else if (code == 0) {
        bool failed = prepare(&scotch) != 0 || map(&scotch, &arcs, n, &where, recursive, part) != 0;
        for (int r = 0; r < n && !failed; r++)
            failed = part[r] < 0 || part[r] >= where.nleaves;
        if (failed)
            code = weiss_fault_set(fault, WEISS_ERR_LIBRARY,
                                   "Scotch could not map the %d ranks onto the topology", n);
        SCOTCH_contextExit(&scotch);
    }
    if (code == 0)
        code = settle(topology, n, part, slot, fault);
    free(where.leaf);
    free(arcs.start);
    free(arcs.neighbour);
    free(arcs.weight);
    free(part);
    return code;
}
