/* Step: vCPUs, memory and region of a guest are on one NUMA node. */
#include "cloud/tuning/guests.h"
#include "cloud/tuning/steps.h"

#define NODES_MAX 64
/** Part of the memory, in percent, that may lie elsewhere: QEMU's own pages. */
#define STRAY_PERCENT 5

/** Pages of 4 KiB of a process on each node; those of files in /dev/shm (the region) apart. */
static void count_pages(const weiss_tuning_machine *machine, pid_t pid, double *memory, double *region)
{
    char path[WEISS_TUNING_PATH], line[2048];
    snprintf(path, sizeof path, "%s/proc/%d/numa_maps", machine->root, (int)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *size = strstr(line, "kernelpagesize_kB=");
        double unit = size != NULL ? atof(size + 18) / 4 : 1;
        double *to = strstr(line, "file=/dev/shm/") != NULL ? region : memory;
        for (const char *word = line; (word = strstr(word, " N")) != NULL; word += 2) {
            int node;
            double pages;
            if (sscanf(word, " N%d=%lf", &node, &pages) == 2 && node >= 0 && node < NODES_MAX)
                to[node] += pages * unit;
        }
    }
    if (file != NULL)
        fclose(file);
}

/** Nodes on which the vCPUs of a guest may run. */
static hwloc_bitmap_t nodes_of(const weiss_tuning_machine *machine, const weiss_tuning_guest *guest)
{
    hwloc_bitmap_t nodes = hwloc_bitmap_alloc();
    for (int n = 0; n < NODES_MAX; n++) {
        char path[WEISS_TUNING_PATH];
        snprintf(path, sizeof path, "/sys/devices/system/node/node%d/cpulist", n);
        hwloc_bitmap_t node = weiss_tuning_cpus_of(machine, path);
        for (int v = 0; node != NULL && v < guest->vcpus; v++) {
            hwloc_bitmap_t cpus = weiss_tuning_cpus(guest->vcpu[v].cpus);
            if (cpus != NULL && hwloc_bitmap_intersects(cpus, node))
                hwloc_bitmap_set(nodes, (unsigned)n);
            hwloc_bitmap_free(cpus);
        }
        hwloc_bitmap_free(node);
    }
    return nodes;
}

/** Percent of the pages that are on none of @p nodes; @p worst is where most of those are. */
static double stray(const double *pages, hwloc_const_bitmap_t nodes, int *worst)
{
    double all = 0, away = 0, most = 0;
    for (int n = 0; n < NODES_MAX; n++) {
        all += pages[n];
        if (hwloc_bitmap_isset(nodes, (unsigned)n))
            continue;
        away += pages[n];
        if (pages[n] > most)
            *worst = n;
        most = pages[n] > most ? pages[n] : most;
    }
    return all > 0 ? 100 * away / all : 0;
}

/** @return true when the guest is not as it should be, and says so */
static bool wrong(const weiss_tuning_machine *machine, const weiss_tuning_guest *guest,
                  weiss_tuning_finding *finding)
{
    double memory[NODES_MAX] = {0}, region[NODES_MAX] = {0};
    char file[WEISS_TUNING_PATH];
    int from = 0;
    hwloc_bitmap_t nodes = nodes_of(machine, guest);
    int home = hwloc_bitmap_first(nodes), count = hwloc_bitmap_weight(nodes);
    snprintf(file, sizeof file, "/proc/%d/numa_maps", (int)guest->pid);
    count_pages(machine, guest->pid, memory, region);
    double away = stray(memory, nodes, &from), region_away = stray(region, nodes, &from);
    hwloc_bitmap_free(nodes);
    if (guest->vcpus == 0 || (count <= 1 && away <= STRAY_PERCENT && region_away <= STRAY_PERCENT))
        return false;
    if (count > 1) {
        weiss_tuning_say(finding, WEISS_TUNING_BAD, file, "%s (process %d): its vCPUs may run on %d nodes",
                         guest->name, (int)guest->pid, count);
        weiss_tuning_advise(finding, "weiss tune pinning");
        return true;
    }
    weiss_tuning_say(
        finding, WEISS_TUNING_BAD, file,
        "%s (process %d): vCPUs on node %d; %.0f %% of its memory and %.0f %% of its region are elsewhere",
        guest->name, (int)guest->pid, home, away, region_away);
    weiss_tuning_advise(finding, "migratepages %d %d %d", (int)guest->pid, from, home);
    return true;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    weiss_tuning_guest *guests;
    glob_t nodes;
    weiss_tuning_glob(machine, "/sys/devices/system/node/node[0-9]*", &nodes);
    size_t nnodes = nodes.gl_pathc;
    globfree(&nodes);
    if (nnodes < 2) {
        weiss_tuning_say(finding, WEISS_TUNING_ABSENT, "/sys/devices/system/node",
                         "this machine has one NUMA node");
        return;
    }
    int count = weiss_tuning_guests(machine, &guests);
    weiss_tuning_say(finding, WEISS_TUNING_GOOD, "/proc/PID/numa_maps",
                     "vCPUs, memory and region of %d virtual machines are together", count);
    if (count == 0)
        weiss_tuning_no_guests(finding);
    for (int g = 0; g < count && !wrong(machine, guests + g, finding); g++)
        continue;
    weiss_tuning_guests_free(guests, count);
}

const weiss_tuning_step weiss_tuning_numa = {
    .name = "numa",
    .title = "vCPUs, memory and region of a guest are on one NUMA node",
    .why = "Each copy into the region and out of it crosses the link between sockets when they are not.",
    .side = WEISS_TUNING_HOST,
    .weight = 80,
    .find = find,
};
