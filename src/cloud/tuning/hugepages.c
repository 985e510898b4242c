/* Step: huge pages are reserved for guests and region. */
#include "cloud/tuning/guests.h"
#include "cloud/tuning/steps.h"

#define COUNT "/proc/sys/vm/nr_hugepages"

/** Kilobytes of huge pages that the virtual machines use. */
static long long used_by_guests(const weiss_tuning_machine *machine)
{
    weiss_tuning_guest *guests;
    char status[4096];
    long long used = 0;
    int count = weiss_tuning_guests(machine, &guests);
    for (int g = 0; g < count; g++)
        if (weiss_tuning_read(machine, status, sizeof status, "/proc/%d/status", (int)guests[g].pid))
            used += weiss_tuning_field(status, "HugetlbPages", 0);
    weiss_tuning_guests_free(guests, count);
    return used;
}

/** Appends ", node N: FREE of ALL" for each node. */
static void per_node(const weiss_tuning_machine *machine, long long kib, char *out, size_t size)
{
    glob_t nodes;
    weiss_tuning_glob(machine, "/sys/devices/system/node/node[0-9]*", &nodes);
    for (size_t n = 0; n < nodes.gl_pathc; n++) {
        const char *node = weiss_tuning_bare(machine, nodes.gl_pathv[n]);
        size_t used = strlen(out);
        long long all =
            weiss_tuning_number(machine, 0, "%s/hugepages/hugepages-%lldkB/nr_hugepages", node, kib);
        long long left =
            weiss_tuning_number(machine, 0, "%s/hugepages/hugepages-%lldkB/free_hugepages", node, kib);
        snprintf(out + used, size - used, "; %s: %lld free of %lld", strrchr(node, '/') + 1, left, all);
    }
    globfree(&nodes);
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char text[8192], nodes[WEISS_TUNING_TEXT / 2] = "";
    weiss_tuning_read(machine, text, sizeof text, "/proc/meminfo");
    long long all = weiss_tuning_field(text, "HugePages_Total", -1);
    long long left = weiss_tuning_field(text, "HugePages_Free", 0),
              kib = weiss_tuning_field(text, "Hugepagesize", 0);
    if (all < 0) {
        weiss_tuning_say(finding, WEISS_TUNING_ABSENT, "/proc/meminfo", "this kernel has no huge pages");
        return;
    }
    long long used = used_by_guests(machine);
    per_node(machine, kib, nodes, sizeof nodes);
    weiss_tuning_say(finding, left > 0 || used > 0 ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, "/proc/meminfo",
                     "%lld pages of %lld KiB are reserved, %lld are free, guests use %lld MiB of them%s", all,
                     kib, left, used / 1024, nodes);
}

/** As many as asked for; else a quarter of the memory that is available. */
static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    char text[8192], value[32], *end;
    weiss_tuning_read(machine, text, sizeof text, "/proc/meminfo");
    long long kib = weiss_tuning_field(text, "Hugepagesize", 0);
    long long available = weiss_tuning_field(text, "MemAvailable", 0);
    if (kib <= 0)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "this kernel has no huge pages");
    long long pages = available / 4 / kib;
    if (argument != NULL) {
        pages = strtoll(argument, &end, 10);
        if (argument[0] < '0' || argument[0] > '9' || *end != '\0')
            return weiss_fault_set(fault, WEISS_ERR_VALUE, "\"%.64s\" is no number of huge pages", argument);
        long long most = available / kib + weiss_tuning_field(text, "HugePages_Total", 0);
        if (pages > most)
            return weiss_fault_set(
                fault, WEISS_ERR_VALUE,
                "%lld huge pages of %lld KiB are more than the memory that is available: %lld at most", pages,
                kib, most);
    }
    snprintf(value, sizeof value, "%lld", pages);
    weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, value, "", COUNT);
    return 0;
}

const weiss_tuning_step weiss_tuning_hugepages = {
    .name = "hugepages",
    .title = "huge pages are reserved for guests and region",
    .why = "A guest's memory access goes through two page tables; pages of 2 MiB make most of the misses go "
           "away.",
    .argument = "PAGES",
    .side = WEISS_TUNING_HOST,
    .weight = 65,
    .find = find,
    .plan = plan,
};
