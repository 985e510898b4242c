#include "cloud/wishes.h"

#include "cloud/tuning/guests.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const weiss_tuning_machine here = {.root = ""};

weiss_wishes weiss_wishes_none(void)
{
    return (weiss_wishes){.node = -1};
}

/** Each processor is there, and none is given twice. */
static int check_cpus(const weiss_wishes *w, int needed, weiss_fault *fault)
{
    char list[WEISS_CPU_LIST] = "";
    hwloc_bitmap_t online = weiss_tuning_cpus_of(&here, "/sys/devices/system/cpu/online");
    hwloc_bitmap_t seen = hwloc_bitmap_alloc();
    int code = 0;
    if (w->cpus < needed)
        code =
            weiss_fault_set(fault, WEISS_ERR_USAGE,
                            "pin: expected a processor for each of the %d vCPUs, found %d", needed, w->cpus);
    for (int i = 0; code == 0 && i < w->cpus; i++) {
        unsigned cpu = (unsigned)w->cpu[i];
        if (online != NULL && !hwloc_bitmap_isset(online, cpu))
            code =
                weiss_fault_set(fault, WEISS_ERR_USAGE, "pin: there is no processor %u; this machine has %s",
                                cpu, weiss_tuning_cpu_list(online, list, sizeof list));
        else if (hwloc_bitmap_isset(seen, cpu))
            code = weiss_fault_set(fault, WEISS_ERR_USAGE, "pin: processor %u is given twice", cpu);
        hwloc_bitmap_set(seen, cpu);
    }
    hwloc_bitmap_free(seen);
    hwloc_bitmap_free(online);
    return code;
}

/** Enough huge pages are free, on the node where they are wished. */
static int check_pages(const weiss_wishes *w, int vms, int memory, int64_t region, weiss_fault *fault)
{
    char directory[128];
    long long bytes = (long long)memory << 20, pages = bytes / w->page * vms + region / w->page;
    if (w->node < 0)
        snprintf(directory, sizeof directory, "/sys/kernel/mm");
    else
        snprintf(directory, sizeof directory, "/sys/devices/system/node/node%d", w->node);
    long long free_pages = weiss_tuning_number(&here, -1, "%s/hugepages/hugepages-%lldkB/%s", directory,
                                               (long long)w->page >> 10, "free_hugepages");
    if (free_pages < 0)
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "hugepages: this machine has none of %lld KiB; `ls %s/hugepages` shows the sizes",
            (long long)w->page >> 10, directory);
    if (bytes % w->page != 0)
        return weiss_fault_set(fault, WEISS_ERR_USAGE,
                               "hugepages: the memory of a machine, %d MiB, is no multiple of %lld MiB",
                               memory, (long long)w->page >> 20);
    if (free_pages >= pages)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                           "hugepages: %lld pages of %lld MiB are needed, %lld are free%s; make more of them "
                           "(`weiss tune hugepages=PAGES`), or set hugepages: off",
                           pages, (long long)w->page >> 20, free_pages, w->node >= 0 ? " on that node" : "");
}

/** Processors for threads that are no vCPU's: those left over in the list, else all that it does not name, else none. */
static int leave_others(const weiss_wishes *w, int vcpus, char list[WEISS_CPU_LIST], weiss_fault *fault)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    hwloc_bitmap_t all = weiss_tuning_cpus_of(&here, "/sys/devices/system/cpu/online");
    if (set == NULL || all == NULL) {
        hwloc_bitmap_free(set);
        hwloc_bitmap_free(all);
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "/sys/devices/system/cpu/online cannot be read");
    }
    for (int i = vcpus; i < w->cpus; i++)
        hwloc_bitmap_set(set, (unsigned)w->cpu[i]);
    for (int i = 0; i < vcpus; i++)
        hwloc_bitmap_clr(all, (unsigned)w->cpu[i]);
    weiss_tuning_cpu_list(w->cpus > vcpus ? set : all, list, WEISS_CPU_LIST);
    hwloc_bitmap_free(set);
    hwloc_bitmap_free(all);
    return 0;
}

/** Gives the processors out, machine after machine. */
static void deal(const int *cpu, const char *others, int vms, int vcpus, weiss_place *place)
{
    for (int vm = 0; vm < vms; vm++) {
        hwloc_bitmap_t own = hwloc_bitmap_alloc();
        for (int v = 0; v < vcpus; v++) {
            place[vm].cpu[v] = cpu[vm * vcpus + v];
            hwloc_bitmap_set(own, (unsigned)place[vm].cpu[v]);
        }
        if (others[0] != '\0') /* else they share with the machine's own vCPUs */
            snprintf(place[vm].others, sizeof place[vm].others, "%s", others);
        else
            weiss_tuning_cpu_list(own, place[vm].others, sizeof place[vm].others);
        hwloc_bitmap_free(own);
    }
}

/** Places without pins. */
static void begin(const weiss_wishes *w, int vms, weiss_place *place)
{
    for (int vm = 0; vm < vms; vm++) {
        place[vm] = (weiss_place){.cpu = {0}};
        for (int v = 0; v < WEISS_VCPUS_MAX; v++)
            place[vm].cpu[v] = -1;
        if (w->node >= 0)
            weiss_tuning_read(&here, place[vm].node, sizeof place[vm].node,
                              "/sys/devices/system/node/node%d/cpulist", w->node);
    }
}

int weiss_wishes_place(const weiss_wishes *w, int vms, int vcpus, weiss_place *place, weiss_fault *fault)
{
    int chosen[WEISS_PINS_MAX];
    char others[WEISS_CPU_LIST] = "";
    if (w->node >= 0 && !weiss_tuning_there(&here, "/sys/devices/system/node/node%d", w->node))
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "numa: this machine has no node %d; /sys/devices/system/node shows which it has", w->node);
    if (w->pin == WEISS_PIN_LIST)
        WEISS_FAULT_TRY(check_cpus(w, vms * vcpus, fault));
    begin(w, vms, place);
    if (w->pin == WEISS_PIN_OFF)
        return 0;
    if (w->pin == WEISS_PIN_LIST)
        WEISS_FAULT_TRY(leave_others(w, vms * vcpus, others, fault));
    else {
        int code =
            weiss_tuning_choose_cpus(&here, w->node, vms * vcpus, chosen, others, sizeof others, fault);
        if (code != 0)
            return weiss_fault_prefix(fault, "pin: auto");
    }
    deal(w->pin == WEISS_PIN_LIST ? w->cpu : chosen, others, vms, vcpus, place);
    return 0;
}

bool weiss_wishes_default_page(const weiss_wishes *w, int64_t bytes)
{
    char text[WEISS_TUNING_TEXT * 4];
    weiss_tuning_read(&here, text, sizeof text, "/proc/meminfo");
    return w->page > 0 && weiss_tuning_field(text, "Hugepagesize", 0) == w->page >> 10 &&
           bytes % w->page == 0;
}

int weiss_wishes_check(const weiss_wishes *w, int vms, int vcpus, int memory, int64_t region,
                       weiss_fault *fault)
{
    weiss_place place[WEISS_PLACES_MAX];
    WEISS_FAULT_TRY(weiss_wishes_place(w, vms, vcpus, place, fault));
    return w->page == 0 ? 0 : check_pages(w, vms, memory, region, fault);
}

int weiss_wishes_bind(const weiss_wishes *w, bool on, weiss_fault *fault)
{
    enum { WORD = 8 * sizeof(unsigned long), NODES = 1024 };
    unsigned long nodes[NODES / WORD] = {0};
    if (w->node < 0)
        return 0;
    if (on)
        nodes[w->node / WORD] = 1UL << (w->node % WORD);
    if (syscall(SYS_set_mempolicy, on ? MPOL_BIND : MPOL_DEFAULT, on ? nodes : NULL, on ? NODES : 0) == 0)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "numa: memory cannot be bound to node %d: %s", w->node,
                           strerror(errno));
}

/** Moves one thread. */
static int move(pid_t tid, const char *list, weiss_fault *fault)
{
    hwloc_bitmap_t cpus = weiss_tuning_cpus(list);
    cpu_set_t set;
    int i;
    CPU_ZERO(&set);
    hwloc_bitmap_foreach_begin(i, cpus)
    {
        CPU_SET((size_t)i, &set);
    }
    hwloc_bitmap_foreach_end();
    hwloc_bitmap_free(cpus);
    if (sched_setaffinity(tid, sizeof set, &set) == 0 || errno == ESRCH)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "thread %d of QEMU cannot be moved to processor %s: %s",
                           (int)tid, list, strerror(errno));
}

/** Moves all threads of one guest. */
static int move_guest(const weiss_place *place, const weiss_tuning_guest *guest, weiss_fault *fault)
{
    const char *others = place->others[0] != '\0' ? place->others : place->node;
    for (int i = 0; i < guest->vcpus; i++) {
        char list[WEISS_CPU_LIST];
        snprintf(list, sizeof list, "%s", place->node);
        if (place->cpu[i] >= 0)
            snprintf(list, sizeof list, "%d", place->cpu[i]);
        WEISS_FAULT_TRY(move(guest->vcpu[i].tid, list, fault));
    }
    for (int i = 0; i < guest->others; i++)
        WEISS_FAULT_TRY(move(guest->other[i].tid, others, fault));
    return 0;
}

int weiss_place_apply(const weiss_place *place, pid_t pid, int vcpus, weiss_fault *fault)
{
    weiss_tuning_guest *guests;
    if (place->cpu[0] < 0 && place->node[0] == '\0')
        return 0;
    int count = weiss_tuning_guests(&here, &guests);
    int code = WEISS_ERR_SYSTEM;
    for (int g = 0; g < count; g++)
        if (guests[g].pid == pid && guests[g].vcpus == vcpus)
            code = move_guest(place, guests + g, fault);
    weiss_tuning_guests_free(guests, count);
    return code == 0 ? 0
                     : weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                                       "the %d vCPUs of process %d are not found: it cannot be pinned", vcpus,
                                       (int)pid);
}
