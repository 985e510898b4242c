/* Measures the speed of the levels of a topology: a ping-pong between some pairs of ranks of each level, under mpirun. */
#include "base/text.h"
#include "plan/fit.h"
#include "weiss/plan/plan.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAM "weiss-plan-measure"
#define PAIRS_MAX 16 /* of VMs and servers, at once */
#define NETWORK_PAIRS_MAX 4 /* one after the other */
#define SAMPLES_MAX 128 /* of a level */
#define PATIENCE 300.0 /* seconds without a result */

/** Pairs of ranks, and what was measured between them. */
typedef struct measurement {
    const weiss_topology *topology;
    int npairs[WEISS_PLAN_LEVELS];
    char at_once[WEISS_PLAN_NETWORK][PAIRS_MAX * 16]; /**< "0:1,2:3" */
    char alone[NETWORK_PAIRS_MAX][16]; /**< "0:4" */
    int nsamples[WEISS_PLAN_LEVELS];
    weiss_fit_sample sample[WEISS_PLAN_LEVELS][SAMPLES_MAX];
} measurement;

static int all_pairs(const measurement *m)
{
    return m->npairs[0] + m->npairs[1] + m->npairs[2];
}

static void add_pair(measurement *m, int a, int b)
{
    weiss_plan_level level = weiss_topology_level(m->topology, a, b);
    if (m->npairs[level] == (level == WEISS_PLAN_NETWORK ? NETWORK_PAIRS_MAX : PAIRS_MAX))
        return;
    if (level == WEISS_PLAN_NETWORK) {
        snprintf(m->alone[m->npairs[level]], sizeof m->alone[0], "%d:%d", a, b);
    } else {
        char *list = m->at_once[level];
        size_t used = strlen(list);
        snprintf(list + used, sizeof m->at_once[0] - used, "%s%d:%d", used > 0 ? "," : "", a, b);
    }
    m->npairs[level]++;
}

/** Pairs each vCPU of a VM with one of another. */
static void pair_vms(measurement *m, const weiss_plan_vm *one, const weiss_plan_vm *other)
{
    for (int i = 0; i < one->vcpus && i < other->vcpus; i++)
        add_pair(m, one->first + i, other->first + i);
}

/** vCPUs of a VM by twos; VMs of a server by twos; VMs of servers that follow each other. No vCPU is twice on a level, but on
 *  the network. */
static void choose_pairs(measurement *m)
{
    const weiss_topology *t = m->topology;
    for (int v = 0, first = 0; v < t->nvms; v++) {
        const weiss_plan_vm *vm = &t->vm[v];
        for (int i = 0; i + 1 < vm->vcpus; i += 2)
            add_pair(m, vm->first + i, vm->first + i + 1);
        first = v > 0 && vm->server == vm[-1].server ? first : v;
        if ((v - first) % 2 == 1)
            pair_vms(m, &vm[-1], vm);
        for (int w = v + 1; w < t->nvms && t->vm[w].server <= vm->server + 1; w++)
            if (t->vm[w].server > vm->server)
                add_pair(m, vm->first, t->vm[w].first);
    }
}

/** `FROM,TO,BYTES,SECONDS` */
static bool take_line(void *self, const char *line)
{
    measurement *m = self;
    weiss_fit_sample sample;
    int a, b;
    char end;
    if (sscanf(line, "%d,%d,%lf,%lf%c", &a, &b, &sample.bytes, &sample.seconds, &end) != 4 || a < 0 ||
        b < 0 || a >= m->topology->nslots || b >= m->topology->nslots)
        return false;
    weiss_plan_level level = weiss_topology_level(m->topology, a, b);
    if (m->nsamples[level] < SAMPLES_MAX)
        m->sample[level][m->nsamples[level]++] = sample;
    return true;
}

static int run_program(measurement *m, const char *hostfile, weiss_fault *fault)
{
    const char *argument[WEISS_PLAN_NETWORK + NETWORK_PAIRS_MAX + 1] = {NULL};
    const char *where[] = {"--hostfile", hostfile, NULL};
    weiss_child child = {.line = take_line, .self = m, .patience = PATIENCE};
    int n = 0;
    for (int l = 0; l < WEISS_PLAN_NETWORK; l++)
        if (m->npairs[l] > 0)
            argument[n++] = m->at_once[l];
    for (int i = 0; i < m->npairs[WEISS_PLAN_NETWORK]; i++)
        argument[n++] = m->alone[i];
    return weiss_plan_mpirun(PROGRAM, where, m->topology->nslots, argument, &child, fault);
}

int weiss_plan_measure(const char *hostfile, weiss_topology *topology, weiss_fault *fault)
{
    measurement m = {.topology = topology};
    WEISS_FAULT_TRY(weiss_topology_read_hostfile(hostfile, topology, fault));
    choose_pairs(&m);
    int code = all_pairs(&m) > 0
                   ? run_program(&m, hostfile, fault)
                   : weiss_fault_set(fault, WEISS_ERR_VALUE,
                                     "%s: one vCPU in all: there is nothing to measure", hostfile);
    for (int l = 0; l < WEISS_PLAN_LEVELS && code == 0; l++) {
        if (m.npairs[l] == 0)
            continue;
        int sizes = weiss_fit_medians(m.sample[l], m.nsamples[l]);
        code = weiss_fit(m.sample[l], sizes, &topology->speed[l], fault);
    }
    if (code != 0)
        weiss_topology_free(topology);
    return code;
}
