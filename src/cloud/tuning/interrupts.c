/* Step: interrupts keep off the processors of vCPUs. */
#include "cloud/tuning/guests.h"
#include "cloud/tuning/steps.h"

/** Process number of irqbalance; 0 when it does not run. */
static int irqbalance(const weiss_tuning_machine *machine)
{
    glob_t processes;
    char name[64];
    int pid = 0;
    weiss_tuning_glob(machine, "/proc/[0-9]*", &processes);
    for (size_t i = 0; i < processes.gl_pathc && pid == 0; i++) {
        const char *process = weiss_tuning_bare(machine, processes.gl_pathv[i]);
        if (weiss_tuning_read(machine, name, sizeof name, "%s/comm", process) &&
            strcmp(name, "irqbalance") == 0)
            pid = atoi(strrchr(process, '/') + 1);
    }
    globfree(&processes);
    return pid;
}

/** Number of interrupts that may come to processors of @p kept; @p first is the file of the first one. */
static int meeting(const weiss_tuning_machine *machine, hwloc_const_bitmap_t kept, char *first, size_t size)
{
    glob_t files;
    int count = 0;
    weiss_tuning_glob(machine, "/proc/irq/[0-9]*/smp_affinity_list", &files);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const char *file = weiss_tuning_bare(machine, files.gl_pathv[i]);
        hwloc_bitmap_t cpus = weiss_tuning_cpus_of(machine, file);
        if (cpus != NULL && hwloc_bitmap_intersects(cpus, kept) && count++ == 0)
            snprintf(first, size, "%s", file);
        hwloc_bitmap_free(cpus);
    }
    globfree(&files);
    return count;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    hwloc_bitmap_t kept = weiss_tuning_kept_cpus(machine);
    char list[WEISS_TUNING_PATH], file[WEISS_TUNING_PATH] = "/proc/irq";
    int count = meeting(machine, kept, file, sizeof file), pid = irqbalance(machine);
    weiss_tuning_cpu_list(kept, list, sizeof list);
    if (hwloc_bitmap_iszero(kept))
        weiss_tuning_say(finding, WEISS_TUNING_ABSENT, file, "no processor is pinned or isolated");
    else
        weiss_tuning_say(finding, count > 0 ? WEISS_TUNING_BAD : WEISS_TUNING_GOOD, file,
                         "%d interrupts may come to processors %s, which vCPUs have%s", count, list,
                         pid != 0 ? "; irqbalance runs" : "");
    if (finding->verdict == WEISS_TUNING_BAD && pid != 0) {
        weiss_tuning_advise(finding, "echo IRQBALANCE_BANNED_CPULIST=%s >> /etc/default/irqbalance", list);
        weiss_tuning_advise(finding, "systemctl restart irqbalance");
    } else if (finding->verdict == WEISS_TUNING_BAD) {
        weiss_tuning_advise(finding,
                            "apt install irqbalance, with IRQBALANCE_BANNED_CPULIST=%s in "
                            "/etc/default/irqbalance",
                            list);
    }
    hwloc_bitmap_free(kept);
}

const weiss_tuning_step weiss_tuning_interrupts = {
    .name = "interrupts",
    .title = "interrupts keep off the processors of vCPUs",
    .why = "An interrupt of a disk or a card takes a guest off its processor until it is served.",
    .side = WEISS_TUNING_HOST,
    .weight = 42,
    .find = find,
};
