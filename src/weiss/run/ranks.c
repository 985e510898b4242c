#include "weiss/run/ranks.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/** Rank as Open MPI, a PMIx launcher or Slurm says; -1 when none does. */
static int announced_rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = getenv(names[i]);
        if (text != NULL)
            return atoi(text);
    }
    return -1;
}

bool weiss_under_mpi(void)
{
    return announced_rank() >= 0;
}

bool weiss_speaks(void)
{
    return announced_rank() <= 0;
}

int weiss_cpus(void)
{
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

/** Lowest CPU that shares a core with @p cpu; @p cpu itself when the system does not tell. */
static int core_of(int cpu)
{
    char path[96];
    int lowest = cpu;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return cpu;
    if (fscanf(file, "%d", &lowest) != 1)
        lowest = cpu;
    fclose(file);
    return lowest;
}

int weiss_cores(void)
{
    cpu_set_t allowed, cores;
    CPU_ZERO(&cores);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return 1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        int core = CPU_ISSET(cpu, &allowed) ? core_of(cpu) : -1;
        if (core >= 0 && core < CPU_SETSIZE)
            CPU_SET(core, &cores);
    }
    return CPU_COUNT(&cores);
}
