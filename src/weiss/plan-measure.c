/* Measures the speed of the levels of a topology: a ping-pong between some pairs of ranks of each level, under mpirun. */
#include "base/text.h"
#include "plan/fit.h"
#include "weiss/plan.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAM "weiss-plan-measure"
#define PAIRS_MAX 4 /* of a level */
#define SAMPLES_MAX 64 /* of a level */
#define PATIENCE 300.0 /* seconds without a result */

/** Pairs of ranks, and what was measured between them. */
typedef struct measurement {
    const weiss_topology *topology;
    int npairs[WEISS_PLAN_LEVELS];
    char pair[WEISS_PLAN_LEVELS * PAIRS_MAX][32]; /**< "0:3" */
    int nsamples[WEISS_PLAN_LEVELS];
    weiss_fit_sample sample[WEISS_PLAN_LEVELS][SAMPLES_MAX];
} measurement;

static int all_pairs(const measurement *m)
{
    return m->npairs[0] + m->npairs[1] + m->npairs[2];
}

static void add_pair(measurement *m, weiss_plan_level level, int a, int b)
{
    if (m->npairs[level] == PAIRS_MAX)
        return;
    snprintf(m->pair[all_pairs(m)], sizeof m->pair[0], "%d:%d", a, b);
    m->npairs[level]++;
}

/** The first two vCPUs of VMs, VMs that follow each other on a server, servers that follow each other. */
static void choose_pairs(measurement *m)
{
    const weiss_topology *t = m->topology;
    for (int v = 0; v < t->nvms; v++) {
        if (t->vm[v].vcpus > 1)
            add_pair(m, WEISS_PLAN_VM, t->vm[v].first, t->vm[v].first + 1);
        if (v + 1 < t->nvms)
            add_pair(m, weiss_topology_level(t, t->vm[v].first, t->vm[v + 1].first), t->vm[v].first,
                     t->vm[v + 1].first);
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
    const char *argument[WEISS_PLAN_LEVELS * PAIRS_MAX + 1] = {NULL};
    const char *where[] = {"--hostfile", hostfile, NULL};
    weiss_child child = {.line = take_line, .self = m, .patience = PATIENCE};
    for (int i = 0; i < all_pairs(m); i++)
        argument[i] = m->pair[i];
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
    for (int l = 0; l < WEISS_PLAN_LEVELS && code == 0; l++)
        if (m.npairs[l] > 0)
            code = weiss_fit(m.sample[l], m.nsamples[l], &topology->speed[l], fault);
    if (code != 0)
        weiss_topology_free(topology);
    return code;
}
