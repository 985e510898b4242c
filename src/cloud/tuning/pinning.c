/* Step: each vCPU has a processor of its own, and QEMU's other threads keep off them. */
#include "cloud/tuning/guests.h"
#include "cloud/tuning/steps.h"

/** Says what is wrong with one guest's vCPUs; adds their processors to @p taken. @return true when something is */
static bool wrong_vcpus(const weiss_tuning_guest *guest, hwloc_bitmap_t taken, weiss_tuning_finding *finding)
{
    for (int v = 0; v < guest->vcpus; v++) {
        char file[WEISS_TUNING_PATH];
        const weiss_tuning_thread *thread = guest->vcpu + v;
        hwloc_bitmap_t cpus = weiss_tuning_cpus(thread->cpus);
        int count = cpus != NULL ? hwloc_bitmap_weight(cpus) : 0;
        bool twice = cpus != NULL && hwloc_bitmap_intersects(cpus, taken);
        snprintf(file, sizeof file, "/proc/%d/task/%d/status", (int)guest->pid, (int)thread->tid);
        if (count > 1)
            weiss_tuning_say(finding, WEISS_TUNING_BAD, file,
                             "%s (process %d): vCPU %d may run on %d processors, %s", guest->name,
                             (int)guest->pid, v, count, thread->cpus);
        else if (count == 1 && twice)
            weiss_tuning_say(finding, WEISS_TUNING_BAD, file,
                             "%s (process %d): vCPU %d shares processor %s with another vCPU", guest->name,
                             (int)guest->pid, v, thread->cpus);
        else if (count == 1)
            hwloc_bitmap_or(taken, taken, cpus);
        hwloc_bitmap_free(cpus);
        if (count > 1 || (count == 1 && twice))
            return true;
    }
    return false;
}

static bool wrong_others(const weiss_tuning_guest *guest, hwloc_const_bitmap_t taken,
                         weiss_tuning_finding *finding)
{
    for (int t = 0; t < guest->others; t++) {
        const weiss_tuning_thread *thread = guest->other + t;
        char file[WEISS_TUNING_PATH];
        hwloc_bitmap_t cpus = weiss_tuning_cpus(thread->cpus);
        bool meets = cpus != NULL && hwloc_bitmap_intersects(cpus, taken);
        hwloc_bitmap_free(cpus);
        if (!meets)
            continue;
        snprintf(file, sizeof file, "/proc/%d/task/%d/status", (int)guest->pid, (int)thread->tid);
        weiss_tuning_say(finding, WEISS_TUNING_BAD, file,
                         "%s (process %d): emulator thread %d may run on %s, where vCPUs are", guest->name,
                         (int)guest->pid, (int)thread->tid, thread->cpus);
        return true;
    }
    return false;
}

static bool wrong_names(const weiss_tuning_guest *guest, weiss_tuning_finding *finding)
{
    char file[WEISS_TUNING_PATH];
    if (guest->vcpus > 0)
        return false;
    snprintf(file, sizeof file, "/proc/%d/task", (int)guest->pid);
    weiss_tuning_say(
        finding, WEISS_TUNING_UNKNOWN, file,
        "%s (process %d): its threads have no names, so its vCPUs cannot be told from the others",
        guest->name, (int)guest->pid);
    weiss_tuning_advise(finding, "start it with -name %s,debug-threads=on (libvirt does)", guest->name);
    return true;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    weiss_tuning_guest *guests;
    int count = weiss_tuning_guests(machine, &guests), vcpus = 0;
    hwloc_bitmap_t taken = hwloc_bitmap_alloc();
    bool wrong = false;
    if (count == 0)
        weiss_tuning_no_guests(finding);
    for (int g = 0; g < count && !wrong; g++)
        wrong = wrong_vcpus(guests + g, taken, finding);
    for (int g = 0; g < count && !wrong; g++)
        wrong = wrong_others(guests + g, taken, finding);
    for (int g = 0; g < count && !wrong; g++)
        wrong = wrong_names(guests + g, finding);
    for (int g = 0; g < count; g++)
        vcpus += guests[g].vcpus;
    if (count > 0 && !wrong)
        weiss_tuning_say(finding, WEISS_TUNING_GOOD, "/proc/PID/task/TID/status",
                         "%d vCPUs of %d virtual machines have a processor each", vcpus, count);
    hwloc_bitmap_free(taken);
    weiss_tuning_guests_free(guests, count);
}

/** Changes that pin one guest to the given processors. */
static void pin(const weiss_tuning_machine *machine, const weiss_tuning_guest *guest, const int *cpu,
                const char *emulator, weiss_tuning_changes *changes)
{
    for (int i = 0; i < guest->vcpus + guest->others; i++) {
        bool is_vcpu = i < guest->vcpus;
        const weiss_tuning_thread *thread = is_vcpu ? guest->vcpu + i : guest->other + i - guest->vcpus;
        char list[16];
        if (thread->tid == 0)
            continue;
        if (is_vcpu)
            snprintf(list, sizeof list, "%d", cpu[i]);
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_AFFINITY, is_vcpu ? list : emulator,
                                thread->cpus, "%d/%d/%lld", (int)guest->pid, (int)thread->tid,
                                weiss_tuning_started(machine, guest->pid, thread->tid));
    }
}

/** Free processors of a node, those first that are the first thread of their core. */
static int order_node(const weiss_tuning_machine *machine, hwloc_const_bitmap_t free_cpus, const char *list,
                      int *cpu, int room)
{
    hwloc_bitmap_t node = weiss_tuning_cpus_of(machine, list);
    int count = 0, i;
    if (node == NULL)
        return 0;
    hwloc_bitmap_and(node, node, free_cpus);
    for (int round = 0; round < 2; round++) {
        hwloc_bitmap_foreach_begin(i, node)
        {
            long long first = weiss_tuning_number(
                machine, i, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", i);
            if (count < room && (first == i) == (round == 0))
                cpu[count++] = i;
        }
        hwloc_bitmap_foreach_end();
    }
    hwloc_bitmap_free(node);
    return count;
}

/** Chooses processors for the vCPUs of one guest: of the node with most free ones when they fit there, else of all. */
static void choose(const weiss_tuning_machine *machine, int vcpus, hwloc_bitmap_t free_cpus, int *cpu)
{
    int node_cpu[WEISS_TUNING_VCPUS_MAX] = {0}, most = 0;
    glob_t nodes;
    weiss_tuning_glob(machine, "/sys/devices/system/node/node[0-9]*/cpulist", &nodes);
    for (size_t n = 0; n < nodes.gl_pathc; n++) {
        int count = order_node(machine, free_cpus, weiss_tuning_bare(machine, nodes.gl_pathv[n]), node_cpu,
                               WEISS_TUNING_VCPUS_MAX);
        if (count > most)
            memcpy(cpu, node_cpu, sizeof node_cpu);
        most = count > most ? count : most;
    }
    globfree(&nodes);
    if (most < vcpus) /* also those that are on no node: machines without /sys/devices/system/node */
        order_node(machine, free_cpus, "/sys/devices/system/cpu/online", cpu, WEISS_TUNING_VCPUS_MAX);
    for (int v = 0; v < vcpus; v++)
        hwloc_bitmap_clr(free_cpus, (unsigned)cpu[v]);
}

/** Checks that there are enough processors: one for each vCPU, and one for all other threads. */
static int enough(const weiss_tuning_guest *guests, int count, hwloc_const_bitmap_t online,
                  weiss_fault *fault)
{
    int vcpus = 0, cpus = online != NULL ? hwloc_bitmap_weight(online) : 0;
    for (int g = 0; g < count; g++) {
        vcpus += guests[g].vcpus;
        if (guests[g].vcpus == 0)
            return weiss_fault_set(
                fault, WEISS_ERR_VALUE,
                "the vCPUs of %s (process %d) cannot be told from its other threads; start it with "
                "-name %s,debug-threads=on",
                guests[g].name, (int)guests[g].pid, guests[g].name);
    }
    if (vcpus >= cpus)
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "there are %d vCPUs and %d processors for them; a processor for each vCPU and "
                               "one for QEMU's other "
                               "threads are needed",
                               vcpus, cpus);
    return 0;
}

/** Keeps only the guest of a process number. @return 0, WEISS_ERR_VALUE */
static int keep_one(weiss_tuning_guest *guests, int *count, const char *argument, weiss_fault *fault)
{
    int kept = 0;
    for (int g = 0; g < *count; g++) {
        char number[16];
        snprintf(number, sizeof number, "%d", (int)guests[g].pid);
        if (strcmp(number, argument) != 0)
            continue;
        weiss_tuning_guest swapped = guests[0];
        guests[0] = guests[g];
        guests[g] = swapped;
        kept = 1;
    }
    *count = kept;
    return kept == 1 ? 0
                     : weiss_fault_set(fault, WEISS_ERR_VALUE,
                                       "\"%.64s\" is not the process number of a virtual machine of QEMU",
                                       argument);
}

/** Takes the processors that a guest's vCPUs are pinned to out of a set. */
static void leave_out(const weiss_tuning_guest *guest, hwloc_bitmap_t set)
{
    for (int v = 0; v < guest->vcpus; v++) {
        hwloc_bitmap_t cpus = weiss_tuning_cpus(guest->vcpu[v].cpus);
        if (cpus != NULL && hwloc_bitmap_weight(cpus) == 1)
            hwloc_bitmap_andnot(set, set, cpus);
        hwloc_bitmap_free(cpus);
    }
}

static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    weiss_tuning_guest *guests;
    int all = weiss_tuning_guests(machine, &guests), count = all;
    hwloc_bitmap_t online = weiss_tuning_cpus_of(machine, "/sys/devices/system/cpu/online");
    int *place = calloc((size_t)all + 1, sizeof(int[WEISS_TUNING_VCPUS_MAX]));
    int code = place == NULL      ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory")
               : argument != NULL ? keep_one(guests, &count, argument, fault)
                                  : 0;
    for (int g = count; g < all && online != NULL; g++)
        leave_out(guests + g, online);
    if (code == 0 && count > 0)
        code = enough(guests, count, online, fault);
    /* Processor 0 is where interrupts go and all else that this machine does. */
    if (online != NULL)
        hwloc_bitmap_clr(online, 0);
    for (int g = 0; code == 0 && g < count; g++)
        choose(machine, guests[g].vcpus, online, place + g * WEISS_TUNING_VCPUS_MAX);
    for (int g = 0; code == 0 && g < count; g++) {
        char last[16];
        snprintf(last, sizeof last, "%d", hwloc_bitmap_iszero(online) ? 0 : hwloc_bitmap_last(online));
        pin(machine, guests + g, place + g * WEISS_TUNING_VCPUS_MAX, last, changes);
    }
    free(place);
    hwloc_bitmap_free(online);
    weiss_tuning_guests_free(guests, all);
    return code;
}

int weiss_tuning_choose_cpus(const weiss_tuning_machine *machine, int node, int vcpus, int *cpu, char *others,
                             size_t size, weiss_fault *fault)
{
    weiss_tuning_guest *guests;
    char path[64];
    int chosen[WEISS_TUNING_VCPUS_MAX], count = weiss_tuning_guests(machine, &guests);
    snprintf(path, sizeof path, "/sys/devices/system/node/node%d/cpulist", node);
    hwloc_bitmap_t left = weiss_tuning_cpus_of(machine, node < 0 ? "/sys/devices/system/cpu/online" : path);
    for (int g = 0; g < count && left != NULL; g++)
        leave_out(guests + g, left);
    weiss_tuning_guests_free(guests, count);
    int there = left != NULL ? hwloc_bitmap_weight(left) : 0;
    if (there <= vcpus || vcpus > WEISS_TUNING_VCPUS_MAX) {
        hwloc_bitmap_free(left);
        return weiss_fault_set(
            fault, WEISS_ERR_SYSTEM,
            "%d vCPUs need a processor each, and QEMU's other threads need one; %d are free", vcpus, there);
    }
    hwloc_bitmap_clr(left, 0);
    choose(machine, vcpus, left, chosen);
    memcpy(cpu, chosen, (size_t)vcpus * sizeof *cpu);
    snprintf(others, size, "%d", hwloc_bitmap_iszero(left) ? 0 : hwloc_bitmap_last(left));
    hwloc_bitmap_free(left);
    return 0;
}

int weiss_tuning_pin_process(const weiss_tuning_machine *machine, pid_t pid, const int *cpu, int vcpus,
                             const char *emulator, weiss_fault *fault)
{
    weiss_tuning_guest *guests, *guest = NULL;
    weiss_tuning_changes changes = {0};
    int count = weiss_tuning_guests(machine, &guests), code = 0;
    hwloc_bitmap_t list = weiss_tuning_cpus(emulator);
    for (int g = 0; g < count; g++)
        guest = guests[g].pid == pid ? guests + g : guest;
    if (guest == NULL)
        code = weiss_fault_set(fault, WEISS_ERR_VALUE, "process %d is no virtual machine of QEMU", (int)pid);
    else if (guest->vcpus != vcpus)
        code = weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "%s (process %d) has %d vCPU threads with names; %d were expected",
                               guest->name, (int)pid, guest->vcpus, vcpus);
    else if (list == NULL || hwloc_bitmap_iszero(list))
        code = weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "\"%s\" is no list of processors for the emulator, such as 0,4-5", emulator);
    else
        pin(machine, guest, cpu, emulator, &changes);
    if (changes.failed)
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    if (code == 0)
        code = weiss_tuning_apply(machine, "pinning", &changes, fault);
    weiss_tuning_changes_clear(&changes);
    hwloc_bitmap_free(list);
    weiss_tuning_guests_free(guests, count);
    return code;
}

const weiss_tuning_step weiss_tuning_pinning = {
    .name = "pinning",
    .title = "each vCPU has a processor of its own, and QEMU's other threads keep off them",
    .why = "A vCPU that the scheduler moves or stops in the middle of a message stops every rank that waits "
           "for it.",
    .argument = "PID",
    .side = WEISS_TUNING_HOST,
    .weight = 90,
    .find = find,
    .plan = plan,
};
