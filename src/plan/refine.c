/* Improvement of a placement by single swaps and moves under the cost model. */
#include "plan/place.h"

#include "plan/random.h"

#include <stdlib.h>

/** Steps of the sums that one refinement may take. */
#define WORK_MAX 400000000.0
/** What counts as a gain, relative to the value: above what rounding makes. */
#define GAIN 1e-9

typedef struct refiner {
    const weiss_topology *topology;
    weiss_plan_cost cost;
    double sign;
    int *slot; /**< of each rank */
    int *rank; /**< of each slot; -1: free */
    double work;
    double step, total; /**< of the placement */
} refiner;

static void measure(refiner *r)
{
    weiss_cost_fill(&r->cost, r->slot);
    r->step = weiss_cost_step(&r->cost);
    r->total = r->cost.total;
}

static void exchange(refiner *r, int a, int place)
{
    int b = r->rank[place], before = r->slot[a];
    r->slot[a] = place;
    r->rank[place] = a;
    r->rank[before] = b;
    if (b >= 0)
        r->slot[b] = before;
}

/** Swaps rank @p a with what is at @p place, in the sums too. */
static void swap(refiner *r, int a, int place)
{
    int b = r->rank[place];
    weiss_cost_change(&r->cost, r->slot, a, -1, -1.0);
    if (b >= 0)
        weiss_cost_change(&r->cost, r->slot, b, a, -1.0);
    exchange(r, a, place);
    weiss_cost_change(&r->cost, r->slot, a, -1, 1.0);
    if (b >= 0)
        weiss_cost_change(&r->cost, r->slot, b, a, 1.0);
}

static size_t degree(const weiss_traffic *t, int rank)
{
    return rank < 0 ? 0 : t->start[rank + 1] - t->start[rank] + t->back_start[rank + 1] - t->back_start[rank];
}

/** Tries one swap and keeps it when it is a gain. */
static bool try_swap(refiner *r, int a, int place)
{
    int before = r->slot[a];
    const weiss_traffic *t = r->cost.traffic;
    r->work +=
        8.0 * (double)(degree(t, a) + degree(t, r->rank[place])) + 2.0 * (t->nranks + r->topology->nservers);
    swap(r, a, place);
    double step = r->sign * (r->step - weiss_cost_step(&r->cost));
    double total = r->sign * (r->total - r->cost.total);
    if (step > GAIN * r->step || (step > -GAIN * r->step && total > GAIN * r->total)) {
        measure(r);
        return true;
    }
    swap(r, a, before);
    return false;
}

/** Tries rank @p a in the places of all other VMs; free slots of one VM are alike. */
static bool try_rank(refiner *r, int a)
{
    bool gained = false;
    measure(r); /* rounding errors of the trials before are forgotten */
    for (int v = 0; v < r->topology->nvms; v++) {
        const weiss_plan_vm *vm = &r->topology->vm[v];
        bool tried_free = false;
        for (int place = vm->first; place < vm->first + vm->vcpus; place++) {
            if (r->topology->slot_vm[r->slot[a]] == v || r->work > WORK_MAX)
                break;
            if (r->rank[place] < 0 && tried_free)
                continue;
            tried_free = tried_free || r->rank[place] < 0;
            gained = try_swap(r, a, place) || gained;
        }
    }
    return gained;
}

static void refine(refiner *r, int *order)
{
    uint64_t random = 1907;
    int n = r->cost.traffic->nranks;
    for (int i = 0; i < n; i++) {
        int j = weiss_plan_random_below(&random, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (bool gained = true; gained && r->work <= WORK_MAX;) {
        gained = false;
        for (int i = 0; i < n && r->work <= WORK_MAX; i++)
            gained = try_rank(r, order[i]) || gained;
    }
}

int weiss_place_refine(const weiss_topology *topology, const weiss_traffic *traffic, double sign, int *slot,
                       weiss_fault *fault)
{
    refiner r = {.topology = topology, .sign = sign, .slot = slot};
    if (topology->nvms == 1 || traffic->nflows == 0)
        return 0;
    WEISS_FAULT_TRY(weiss_cost_create(topology, traffic, &r.cost, fault));
    int *order = malloc((size_t)traffic->nranks * sizeof *order), code = 0;
    r.rank = malloc((size_t)topology->nslots * sizeof *r.rank);
    if (order == NULL || r.rank == NULL) {
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for a placement");
    } else {
        for (int i = 0; i < topology->nslots; i++)
            r.rank[i] = -1;
        for (int i = 0; i < traffic->nranks; i++)
            r.rank[slot[i]] = i;
        refine(&r, order);
    }
    free(order);
    free(r.rank);
    weiss_cost_free(&r.cost);
    return code;
}
