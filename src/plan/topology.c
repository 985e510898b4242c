#include "plan/topology.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

weiss_topology weiss_topology_start(void)
{
    /* Shared memory of one machine, the fabric between two, and Ethernet of 1 Gb/s under TCP. */
    return (weiss_topology){.speed = {
                                [WEISS_PLAN_VM] = {.latency = 0.3e-6, .bandwidth = 8e9},
                                [WEISS_PLAN_SERVER] = {.latency = 1e-6, .bandwidth = 4e9},
                                [WEISS_PLAN_NETWORK] = {.latency = 50e-6, .bandwidth = 117e6},
                            }};
}

void weiss_topology_free(weiss_topology *topology)
{
    free(topology->server);
    free(topology->vm);
    free(topology->slot_vm);
    *topology = weiss_topology_start();
}

static int check_name(const char *name, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    bool good = isalnum((unsigned char)name[0]) && strlen(name) < WEISS_PLAN_NAME;
    for (const char *c = name; *c != '\0'; c++)
        good = good && (isalnum((unsigned char)*c) || strchr("._-", *c) != NULL);
    if (good)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_VALUE,
                           "expected a name of at most %d letters, digits, '.', '-' and '_', found \"%s\"",
                           WEISS_PLAN_NAME - 1, weiss_text_show(name, shown));
}

/** Room for one more element; doubles at powers of two. */
static int grow(void *array, int n, size_t size, weiss_fault *fault)
{
    void *old = *(void **)array;
    if (n > 0 && (n & (n - 1)) != 0)
        return 0;
    void *larger = realloc(old, (n > 0 ? 2 * (size_t)n : 1) * size);
    if (larger == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for the topology");
    *(void **)array = larger;
    return 0;
}

int weiss_topology_add_server(weiss_topology *topology, const char *name, weiss_fault *fault)
{
    WEISS_FAULT_TRY(check_name(name, fault));
    for (int i = 0; i < topology->nservers; i++)
        if (strcmp(topology->server[i], name) == 0)
            return weiss_fault_set(fault, WEISS_ERR_VALUE, "there are two servers with the name %s", name);
    WEISS_FAULT_TRY(grow(&topology->server, topology->nservers, sizeof *topology->server, fault));
    strcpy(topology->server[topology->nservers++], name);
    return 0;
}

int weiss_topology_add_vm(weiss_topology *topology, const char *name, int vcpus, weiss_fault *fault)
{
    weiss_topology *t = topology;
    WEISS_FAULT_TRY(check_name(name, fault));
    for (int i = 0; i < t->nvms; i++)
        if (strcmp(t->vm[i].name, name) == 0)
            return weiss_fault_set(fault, WEISS_ERR_VALUE, "there are two VMs with the name %s", name);
    if (vcpus > WEISS_PLAN_SLOTS_MAX - t->nslots)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "with the VM %s there are more than %d vCPUs", name,
                               WEISS_PLAN_SLOTS_MAX);
    WEISS_FAULT_TRY(grow(&t->vm, t->nvms, sizeof *t->vm, fault));
    int *slots = realloc(t->slot_vm, (size_t)(t->nslots + vcpus) * sizeof *slots);
    if (slots == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory for the topology");
    t->slot_vm = slots;
    t->vm[t->nvms] = (weiss_plan_vm){.server = t->nservers - 1, .first = t->nslots, .vcpus = vcpus};
    strcpy(t->vm[t->nvms].name, name);
    for (int i = 0; i < vcpus; i++)
        slots[t->nslots++] = t->nvms;
    t->nvms++;
    return 0;
}

weiss_plan_level weiss_topology_level(const weiss_topology *topology, int slot, int other)
{
    int a = topology->slot_vm[slot], b = topology->slot_vm[other];
    if (a == b)
        return WEISS_PLAN_VM;
    return topology->vm[a].server == topology->vm[b].server ? WEISS_PLAN_SERVER : WEISS_PLAN_NETWORK;
}

const char *weiss_plan_level_name(weiss_plan_level level)
{
    static const char *const names[] = {"vm", "server", "network"};
    return names[level];
}

void weiss_topology_write(FILE *to, const weiss_topology *topology)
{
    fprintf(to, "# Servers, their virtual machines, and the speed of messages on each level.\nservers:\n");
    for (int s = 0, v = 0; s < topology->nservers; s++) {
        fprintf(to, "  - name: %s\n    vms:\n", topology->server[s]);
        for (; v < topology->nvms && topology->vm[v].server == s; v++)
            fprintf(to, "      - {name: %s, vcpus: %d}\n", topology->vm[v].name, topology->vm[v].vcpus);
    }
    fprintf(to, "levels:\n");
    for (int l = 0; l < WEISS_PLAN_LEVELS; l++) {
        const weiss_speed *s = &topology->speed[l];
        fprintf(to, "  %s%s: {latency: %.4g us, bandwidth: %.4g MB/s}%s\n", s->known ? "" : "# ",
                weiss_plan_level_name((weiss_plan_level)l), s->latency * 1e6, s->bandwidth * 1e-6,
                s->known ? "" : "    the default");
    }
    /* A mapping needs an entry. */
    if (!topology->speed[0].known && !topology->speed[1].known && !topology->speed[2].known)
        fprintf(to, "  {}\n");
}
