#include "plan/place.h"

#include "plan/random.h"

#include <stdlib.h>
#include <string.h>

int weiss_place_check(const weiss_topology *topology, int nranks, weiss_fault *fault)
{
    if (nranks <= topology->nslots)
        return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_VALUE,
        "%d ranks do not fit on the %d vCPUs of the topology, one each; add VMs or vCPUs, or "
        "use fewer ranks",
        nranks, topology->nslots);
}

void weiss_place_fill(const weiss_topology *topology, int nranks, int *slot)
{
    (void)topology;
    for (int r = 0; r < nranks; r++)
        slot[r] = r;
}

void weiss_place_round(const weiss_topology *topology, int nranks, int *slot)
{
    for (int r = 0, lap = 0; r < nranks; lap++)
        for (int v = 0; v < topology->nvms && r < nranks; v++)
            if (lap < topology->vm[v].vcpus)
                slot[r++] = topology->vm[v].first + lap;
}

int weiss_place_random(const weiss_topology *topology, int nranks, uint64_t seed, int *slot,
                       weiss_fault *fault)
{
    int *all = malloc((size_t)topology->nslots * sizeof *all);
    if (all == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for a placement");
    for (int i = 0; i < topology->nslots; i++)
        all[i] = i;
    for (int r = 0; r < nranks; r++) {
        int pick = r + weiss_plan_random_below(&seed, topology->nslots - r);
        slot[r] = all[pick];
        all[pick] = all[r];
    }
    free(all);
    return 0;
}

/** Step and total of a placement. */
typedef struct merit {
    double step, total;
} merit;

static int judge(const weiss_topology *topology, const weiss_traffic *traffic, const int *slot, merit *m,
                 weiss_fault *fault)
{
    weiss_plan_cost cost;
    WEISS_FAULT_TRY(weiss_cost_create(topology, traffic, &cost, fault));
    weiss_cost_fill(&cost, slot);
    *m = (merit){weiss_cost_step(&cost), cost.total};
    weiss_cost_free(&cost);
    return 0;
}

/** Refines @p trial and keeps it in @p best when it is better by @p sign. */
static int consider(const weiss_topology *topology, const weiss_traffic *traffic, double sign, int *trial,
                    int *best, merit *merit_best, weiss_fault *fault)
{
    merit m;
    WEISS_FAULT_TRY(weiss_place_refine(topology, traffic, sign, trial, fault));
    WEISS_FAULT_TRY(judge(topology, traffic, trial, &m, fault));
    double gain = sign * (merit_best->step - m.step), slack = 1e-9 * merit_best->step;
    if (merit_best->step < 0.0 || gain > slack ||
        (gain > -slack && sign * (merit_best->total - m.total) > 1e-9 * merit_best->total)) {
        *merit_best = m;
        memcpy(best, trial, (size_t)traffic->nranks * sizeof *best);
    }
    return 0;
}

static int find_best(const weiss_topology *topology, const weiss_traffic *traffic, int *trial, int *best,
                     double *step, weiss_fault *fault)
{
    merit m = {-1.0, 0.0};
    weiss_place_fill(topology, traffic->nranks, trial);
    WEISS_FAULT_TRY(consider(topology, traffic, 1.0, trial, best, &m, fault));
    weiss_place_round(topology, traffic->nranks, trial);
    WEISS_FAULT_TRY(consider(topology, traffic, 1.0, trial, best, &m, fault));
    /* With one VM, or with no traffic, all placements are alike. */
    for (int way = 0; way < 4 && topology->nvms > 1 && traffic->nflows > 0; way++) {
        WEISS_FAULT_TRY(weiss_place_scotch(topology, traffic, (way & 1) != 0, (way & 2) != 0, trial, fault));
        WEISS_FAULT_TRY(consider(topology, traffic, 1.0, trial, best, &m, fault));
    }
    *step = m.step;
    return 0;
}

int weiss_place_worst(const weiss_topology *topology, const weiss_traffic *traffic, int *slot, double *step,
                      weiss_fault *fault)
{
    merit m = {-1.0, 0.0};
    int *trial = malloc((size_t)traffic->nranks * sizeof *trial);
    if (trial == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for a placement");
    weiss_place_round(topology, traffic->nranks, trial);
    int code = consider(topology, traffic, -1.0, trial, slot, &m, fault);
    for (uint64_t seed = 1; seed <= 3 && code == 0; seed++) {
        code = weiss_place_random(topology, traffic->nranks, seed, trial, fault);
        if (code == 0)
            code = consider(topology, traffic, -1.0, trial, slot, &m, fault);
    }
    *step = m.step;
    free(trial);
    return code;
}

/** Times of the placements that people use without a plan. */
static int time_usual(const weiss_topology *topology, const weiss_traffic *traffic, int *trial,
                      weiss_place_times *times, weiss_fault *fault)
{
    weiss_place_fill(topology, traffic->nranks, trial);
    WEISS_FAULT_TRY(weiss_cost_of(topology, traffic, trial, &times->fill, fault));
    weiss_place_round(topology, traffic->nranks, trial);
    WEISS_FAULT_TRY(weiss_cost_of(topology, traffic, trial, &times->round, fault));
    times->random = 0.0;
    for (uint64_t seed = 1; seed <= WEISS_PLACE_SEEDS; seed++) {
        double step;
        WEISS_FAULT_TRY(weiss_place_random(topology, traffic->nranks, seed, trial, fault));
        WEISS_FAULT_TRY(weiss_cost_of(topology, traffic, trial, &step, fault));
        times->random += step / WEISS_PLACE_SEEDS;
    }
    return 0;
}

/** Gives the slots of each VM to its ranks in ascending order, which costs nothing and reads better. */
static int tidy(const weiss_topology *topology, int nranks, int *slot, weiss_fault *fault)
{
    int *used = calloc((size_t)topology->nvms, sizeof *used);
    if (used == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for a placement");
    for (int r = 0; r < nranks; r++) {
        int v = topology->slot_vm[slot[r]];
        slot[r] = topology->vm[v].first + used[v]++;
    }
    free(used);
    return 0;
}

int weiss_place_plan(const weiss_topology *topology, const weiss_traffic *traffic, int *slot,
                     weiss_place_times *times, weiss_fault *fault)
{
    WEISS_FAULT_TRY(weiss_place_check(topology, traffic->nranks, fault));
    int *trial = malloc((size_t)traffic->nranks * sizeof *trial);
    if (trial == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for a placement");
    int code = find_best(topology, traffic, trial, slot, &times->plan, fault);
    if (code == 0)
        code = tidy(topology, traffic->nranks, slot, fault);
    if (code == 0)
        code = weiss_place_worst(topology, traffic, trial, &times->worst, fault);
    if (code == 0)
        code = time_usual(topology, traffic, trial, times, fault);
    free(trial);
    return code;
}
