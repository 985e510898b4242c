/* Step: the processors of virtual machines run nothing else. */
#include "cloud/tuning/guests.h"
#include "cloud/tuning/steps.h"

#define GROUP "weiss-isolated"

/** Mount point of control groups, version 2, that have the controller cpuset. @return false when there is none */
static bool unified(const weiss_tuning_machine *machine, char *point, size_t size, weiss_fault *fault)
{
    static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    char controllers[WEISS_TUNING_TEXT];
    bool any = false;
    for (int i = 0; i < 2; i++) {
        if (!weiss_tuning_read(machine, controllers, sizeof controllers, "%s/cgroup.controllers", places[i]))
            continue;
        any = true;
        if (strstr(controllers, "cpuset") != NULL) {
            snprintf(point, size, "%s", places[i]);
            return true;
        }
    }
    weiss_fault_set(
        fault, WEISS_ERR_VALUE,
        "%s; boot with systemd.unified_cgroup_hierarchy=1, or isolate processors with isolcpus= (see `weiss "
        "doctor`)",
        any ? "version 2 of control groups is there without the controller cpuset (version 1 has it)"
            : "there is no version 2 of control groups");
    return false;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char point[64], list[WEISS_TUNING_PATH] = "";
    weiss_fault fault;
    weiss_tuning_guest *guests;
    weiss_fault_clear(&fault);
    weiss_tuning_read(machine, list, sizeof list, "/sys/devices/system/cpu/isolated");
    int count = weiss_tuning_guests(machine, &guests);
    weiss_tuning_guests_free(guests, count);
    if (list[0] == '\0' && unified(machine, point, sizeof point, NULL))
        weiss_tuning_read(machine, list, sizeof list, "%s/cpuset.cpus.isolated", point);
    if (list[0] != '\0')
        weiss_tuning_say(finding, WEISS_TUNING_GOOD, "/sys/devices/system/cpu/isolated",
                         "processors %s are isolated", list);
    else if (count == 0)
        weiss_tuning_no_guests(finding);
    else if (unified(machine, point, sizeof point, &fault))
        weiss_tuning_say(
            finding, WEISS_TUNING_BAD, "/sys/devices/system/cpu/isolated",
            "no processor is isolated: the scheduler gives those of vCPUs to other processes too");
    else
        weiss_tuning_say(finding, WEISS_TUNING_UNKNOWN, "/sys/fs/cgroup/cgroup.controllers", "%s",
                         fault.text);
}

/** Checks that the list leaves a processor to this machine. @param[out] list  the same in its shortest form */
static int check_list(const weiss_tuning_machine *machine, const char *cpus, char *list, size_t size,
                      weiss_fault *fault)
{
    int code = 0;
    hwloc_bitmap_t wanted = weiss_tuning_cpus(cpus);
    hwloc_bitmap_t online = weiss_tuning_cpus_of(machine, "/sys/devices/system/cpu/online");
    if (wanted == NULL || online == NULL || hwloc_bitmap_iszero(wanted) ||
        !hwloc_bitmap_isincluded(wanted, online))
        code = weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "\"%.64s\" is no list of this machine's processors, such as 2-3,6", cpus);
    else if (hwloc_bitmap_isequal(wanted, online))
        code = weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "processors %.64s are all that this machine has; leave it one at least", cpus);
    else
        weiss_tuning_cpu_list(wanted, list, size);
    hwloc_bitmap_free(wanted);
    hwloc_bitmap_free(online);
    return code;
}

/** Change that moves one process. A group of libvirt's stays libvirt's: a virtual machine has groups for each vCPU there, to
 *  which undo could not put its threads back. */
static int add_move(const weiss_tuning_machine *machine, const char *point, pid_t pid,
                    weiss_tuning_changes *changes, weiss_fault *fault)
{
    char text[4096], old[WEISS_TUNING_PATH], group[WEISS_TUNING_PATH];
    const char *own = NULL;
    if (weiss_tuning_read(machine, text, sizeof text, "/proc/%d/cgroup", (int)pid))
        own = strstr(text, "0::/");
    if (own == NULL)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "process %d is in no control group of version 2",
                               (int)pid);
    if (strstr(own, "machine.slice/") != NULL || strstr(own, ".libvirt") != NULL)
        return weiss_fault_set(
            fault, WEISS_ERR_VALUE,
            "process %d is in a control group of libvirt's; isolate its processors with isolcpus=, or "
            "start it without libvirt",
            (int)pid);
    int length = (int)strcspn(own + 3, "\n");
    snprintf(old, sizeof old, "%s%.*s", point, own[4] == '\n' || own[4] == '\0' ? 0 : length, own + 3);
    snprintf(group, sizeof group, "%s/" GROUP, point);
    weiss_tuning_change_add(machine, changes, WEISS_TUNING_MOVE, group, old, "%d/%lld", (int)pid,
                            weiss_tuning_started(machine, pid, pid));
    return 0;
}

/** Lists the changes that make the partition and move the processes. */
static int list_changes(const weiss_tuning_machine *machine, const char *cpus, const pid_t *pid, int npids,
                        weiss_tuning_changes *changes, weiss_fault *fault)
{
    char point[64], list[WEISS_TUNING_PATH], given[WEISS_TUNING_TEXT];
    if (!unified(machine, point, sizeof point, fault))
        return WEISS_ERR_VALUE;
    WEISS_FAULT_TRY(check_list(machine, cpus, list, sizeof list, fault));
    weiss_tuning_read(machine, given, sizeof given, "%s/cgroup.subtree_control", point);
    /* The file lists controllers and takes their names with a sign; once on it stays, which hurts nobody. */
    if (strstr(given, "cpuset") == NULL)
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, "+cpuset", "",
                                "%s/cgroup.subtree_control", point);
    if (changes->count > 0)
        snprintf(changes->list[0].old, sizeof changes->list[0].old, "-cpuset");
    weiss_tuning_change_add(machine, changes, WEISS_TUNING_DIRECTORY, "", "", "%s/" GROUP, point);
    weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, list, "", "%s/" GROUP "/cpuset.cpus",
                            point);
    weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, "isolated", "",
                            "%s/" GROUP "/cpuset.cpus.partition", point);
    for (int i = 0; i < npids; i++)
        WEISS_FAULT_TRY(add_move(machine, point, pid[i], changes, fault));
    return 0;
}

/** Processors of all threads of the virtual machines. */
static void guests_cpus(const weiss_tuning_guest *guests, int count, char *list, size_t size)
{
    hwloc_bitmap_t all = hwloc_bitmap_alloc();
    for (int g = 0; g < count; g++) {
        for (int t = 0; t < guests[g].vcpus + guests[g].others; t++) {
            const weiss_tuning_thread *thread =
                t < guests[g].vcpus ? guests[g].vcpu + t : guests[g].other + t - guests[g].vcpus;
            hwloc_bitmap_t cpus = weiss_tuning_cpus(thread->cpus);
            if (cpus != NULL)
                hwloc_bitmap_or(all, all, cpus);
            hwloc_bitmap_free(cpus);
        }
    }
    weiss_tuning_cpu_list(all, list, size);
    hwloc_bitmap_free(all);
}

static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    char list[WEISS_TUNING_PATH];
    weiss_tuning_guest *guests;
    int count = weiss_tuning_guests(machine, &guests);
    pid_t *pid = calloc((size_t)count + 1, sizeof *pid);
    int code = 0;
    guests_cpus(guests, count, list, sizeof list);
    for (int g = 0; pid != NULL && g < count; g++)
        pid[g] = guests[g].pid;
    if (pid == NULL)
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    else if (argument == NULL && count == 0)
        code = weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "no virtual machine runs; say which processors: weiss tune isolation=2-3");
    else
        code = list_changes(machine, argument != NULL ? argument : list, pid, count, changes, fault);
    free(pid);
    weiss_tuning_guests_free(guests, count);
    return code;
}

int weiss_tuning_isolate(const weiss_tuning_machine *machine, const char *cpus, const pid_t *pid, int npids,
                         weiss_fault *fault)
{
    weiss_tuning_changes changes = {0};
    int code = list_changes(machine, cpus, pid, npids, &changes, fault);
    if (changes.failed)
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    if (code == 0)
        code = weiss_tuning_apply(machine, "isolation", &changes, fault);
    weiss_tuning_changes_clear(&changes);
    return code;
}

const weiss_tuning_step weiss_tuning_isolation = {
    .name = "isolation",
    .title = "the processors of virtual machines run nothing else",
    .why =
        "Any process that takes a vCPU's processor for a moment delays the slowest rank, and so all of them.",
    .argument = "CPUS",
    .side = WEISS_TUNING_HOST,
    .weight = 70,
    .find = find,
    .plan = plan,
};
