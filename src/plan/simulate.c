#include "plan/simulate.h"

#include "plan/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Numbers for each ghost node in an exchange: a vector. */
#define COMPONENTS 3.0

int weiss_sim_machine_like(const char *name, const weiss_topology *topology, weiss_sim_machine *machine,
                           weiss_fault *fault)
{
    *machine = (weiss_sim_machine){.vcpus = topology->vm[0].vcpus};
    for (int i = 0; i < topology->nvms && topology->vm[i].server == 0; i++) {
        machine->vms++;
        if (topology->vm[i].vcpus != machine->vcpus)
            return weiss_fault_set(
                fault, WEISS_ERR_VALUE,
                "%s: expected VMs of one size on the first server, since all simulated servers "
                "are like it; found %d and %d vCPUs",
                name, machine->vcpus, topology->vm[i].vcpus);
    }
    snprintf(machine->name, sizeof machine->name, "%s", name);
    memcpy(machine->speed, topology->speed, sizeof machine->speed);
    return 0;
}

int weiss_sim_usual(const weiss_sim_machine **machine)
{
#define SERVER                                                                                               \
    {.latency = 0.3e-6, .bandwidth = 8e9},                                                                   \
    {                                                                                                        \
        .latency = 1e-6, .bandwidth = 4e9                                                                    \
    }
    static const weiss_sim_machine usual[] = {
        {.name = "ethernet-1g",
         .vms = 4,
         .vcpus = 16,
         .speed = {SERVER, {.latency = 50e-6, .bandwidth = 117e6}}},
        {.name = "ipoib-10g",
         .vms = 4,
         .vcpus = 16,
         .speed = {SERVER, {.latency = 20e-6, .bandwidth = 1.17e9}}},
        {.name = "rdma-100g",
         .vms = 4,
         .vcpus = 16,
         .speed = {SERVER, {.latency = 1.5e-6, .bandwidth = 11e9}}},
    };
#undef SERVER
    *machine = usual;
    return sizeof usual / sizeof *usual;
}

static int ranks_of_server(const weiss_sim_machine *m)
{
    return m->vms * m->vcpus;
}

/** Level of the messages between ranks that are @p distance apart, for most of them. */
static weiss_plan_level level_of(const weiss_sim_machine *m, int distance)
{
    return distance < m->vcpus             ? WEISS_PLAN_VM
           : distance < ranks_of_server(m) ? WEISS_PLAN_SERVER
                                           : WEISS_PLAN_NETWORK;
}

/** The slowest level that @p n ranks use. */
static weiss_plan_level slowest(const weiss_sim_machine *m, int n)
{
    return m->servers == 1 && n > m->vcpus ? WEISS_PLAN_SERVER : level_of(m, n - 1);
}

/** All ranks send @p bytes to the rank @p distance away at the same time. */
static double round_time(const weiss_sim_machine *m, int n, int distance, double bytes)
{
    weiss_plan_level level = level_of(m, distance);
    if (m->servers == 1 && level == WEISS_PLAN_NETWORK)
        level = m->vms > 1 ? WEISS_PLAN_SERVER : WEISS_PLAN_VM;
    double flows = level == WEISS_PLAN_NETWORK ? fmin(ranks_of_server(m), n) : 1.0;
    return m->speed[level].latency + flows * bytes / m->speed[level].bandwidth;
}

double weiss_sim_allreduce(const weiss_sim_machine *machine, int n, double bytes)
{
    double doubling = 0.0;
    int power = 1;
    if (n < 2)
        return 0.0;
    for (; 2 * power <= n; power *= 2)
        doubling += round_time(machine, n, power, bytes);
    if (power < n)
        doubling += 2.0 * round_time(machine, n, 1, bytes);
    const weiss_speed *slow = &machine->speed[slowest(machine, n)];
    double ring = 2.0 * (n - 1) * (slow->latency + bytes / n / slow->bandwidth);
    return fmin(doubling, ring);
}

double weiss_sim_allgather(const weiss_sim_machine *machine, int n, double bytes)
{
    double doubling = 0.0;
    if (n < 2)
        return 0.0;
    for (int distance = 1; distance < n; distance *= 2)
        doubling += round_time(machine, n, distance, fmin(distance, n - distance) * bytes / n);
    const weiss_speed *slow = &machine->speed[slowest(machine, n)];
    double ring = (n - 1) * (slow->latency + bytes / n / slow->bandwidth);
    return fmin(doubling, ring);
}

double weiss_sim_alltoall(const weiss_sim_machine *machine, int n, double bytes)
{
    int vm = machine->vcpus < n ? machine->vcpus : n, server = ranks_of_server(machine);
    server = machine->servers == 1 || server > n ? n : server;
    vm = vm > server ? server : vm;
    const double peers[WEISS_PLAN_LEVELS] = {vm - 1, server - vm, n - server};
    double own = 0.0;
    for (int l = 0; l < WEISS_PLAN_LEVELS; l++)
        own += peers[l] * (machine->speed[l].latency + bytes / machine->speed[l].bandwidth);
    double link =
        (double)server * peers[WEISS_PLAN_NETWORK] * bytes / machine->speed[WEISS_PLAN_NETWORK].bandwidth;
    return fmax(own, link);
}

/** A topology of as many servers as @p n ranks need. */
static int build(const weiss_sim_machine *m, int n, weiss_topology *topology, weiss_fault *fault)
{
    char name[32];
    *topology = weiss_topology_start();
    memcpy(topology->speed, m->speed, sizeof topology->speed);
    for (int s = 0; s * ranks_of_server(m) < n; s++) {
        snprintf(name, sizeof name, "s%d", s);
        WEISS_FAULT_TRY(weiss_topology_add_server(topology, name, fault));
        for (int v = 0; v < m->vms; v++) {
            snprintf(name, sizeof name, "s%dv%d", s, v);
            WEISS_FAULT_TRY(weiss_topology_add_vm(topology, name, m->vcpus, fault));
        }
    }
    return 0;
}

/** Exchanges of the halo. Ranks that share vCPUs are laid out on machines that are as much larger. */
static int halo(const weiss_sim_machine *machine, const weiss_sim_parts *parts, double exchanges,
                double *seconds, weiss_fault *fault)
{
    weiss_topology topology;
    weiss_traffic scaled = {0};
    weiss_sim_machine m = *machine;
    int code = 0, *slot = calloc((size_t)parts->nranks, sizeof *slot);
    *seconds = 0.0;
    m.vcpus = (int)ceil(m.vcpus * weiss_sim_crowd(machine, parts->nranks));
    if (slot == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (size_t i = 0; code == 0 && i < parts->halo.nflows; i++) {
        const weiss_flow *f = &parts->halo.flow[i];
        code =
            weiss_traffic_add(&scaled, f->from, f->to, exchanges, exchanges * COMPONENTS * f->bytes, fault);
    }
    if (code == 0)
        code = weiss_traffic_settle(&scaled, parts->nranks, fault);
    if (code == 0)
        code = build(&m, parts->nranks, &topology, fault);
    if (code == 0) {
        weiss_place_fill(&topology, parts->nranks, slot);
        code = weiss_cost_of(&topology, &scaled, slot, seconds, fault);
        weiss_topology_free(&topology);
    }
    weiss_traffic_free(&scaled);
    free(slot);
    return code;
}

int weiss_sim_communication(const weiss_sim_machine *machine, const weiss_sim_parts *parts,
                            const weiss_sim_step *step, double *seconds, weiss_fault *fault)
{
    int n = parts->nranks;
    double number = sizeof(double), surface = number * parts->surface;
    *seconds = 0.0;
    if (n < 2)
        return 0;
    WEISS_FAULT_TRY(halo(machine, parts, step->exchanges, seconds, fault));
    *seconds += step->reductions * weiss_sim_allreduce(machine, n, number);
    *seconds += step->potentials * weiss_sim_allreduce(machine, n, number * parts->interface);
    *seconds += weiss_sim_allgather(machine, n, surface);
    *seconds += weiss_sim_alltoall(machine, n, surface / n / n);
    return 0;
}

double weiss_sim_crowd(const weiss_sim_machine *machine, int n)
{
    int slots = machine->servers * ranks_of_server(machine);
    return slots > 0 && n > slots ? (double)n / slots : 1.0;
}

int weiss_sim_fit(const double *x, const double *t, int n, int except, weiss_sim_law *law, weiss_fault *fault)
{
    double a = 0, b = 0, c = 0, u = 0, v = 0; /* of the normal equations */
    int used = 0;
    *law = (weiss_sim_law){0};
    for (int i = 0; i < n; i++) {
        if (i == except)
            continue;
        if (!(x[i] > 0.0) || !(t[i] > 0.0))
            return weiss_fault_set(fault, WEISS_ERR_VALUE, "a time of computing of %g s cannot be fitted",
                                   t[i]);
        double weight = 1.0 / (t[i] * t[i]);
        a += weight, b += weight * x[i], c += weight * x[i] * x[i];
        u += weight * t[i], v += weight * t[i] * x[i];
        used++;
    }
    if (used == 0)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "there is no measured run to simulate from");
    double determinant = a * c - b * b;
    law->parallel = v / c;
    if (used == 1 || !(determinant > 1e-12 * a * c))
        return 0;
    double serial = (u * c - v * b) / determinant, parallel = (v * a - u * b) / determinant;
    if (parallel < 0.0)
        *law = (weiss_sim_law){u / a, 0.0};
    else if (serial > 0.0)
        *law = (weiss_sim_law){serial, parallel};
    return 0;
}
