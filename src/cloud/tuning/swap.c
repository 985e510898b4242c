/* Step: guests' memory stays in memory. */
#include "cloud/tuning/guests.h"
#include "cloud/tuning/steps.h"

#define SWAPPINESS "/proc/sys/vm/swappiness"
#define OVERCOMMIT "/proc/sys/vm/overcommit_memory"

/** @return true when a guest has memory in the swap, and says so */
static bool swapped(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    weiss_tuning_guest *guests;
    char status[4096], file[WEISS_TUNING_PATH];
    int count = weiss_tuning_guests(machine, &guests);
    bool found = false;
    for (int g = 0; g < count && !found; g++) {
        snprintf(file, sizeof file, "/proc/%d/status", (int)guests[g].pid);
        weiss_tuning_read(machine, status, sizeof status, "%s", file);
        long long kib = weiss_tuning_field(status, "VmSwap", 0);
        found = kib > 0;
        if (found) {
            weiss_tuning_say(finding, WEISS_TUNING_BAD, file, "%s (process %d) has %lld KiB in the swap",
                             guests[g].name, (int)guests[g].pid, kib);
            weiss_tuning_advise(
                finding, "start fewer guests; lock their memory (libvirt: <memoryBacking><locked/>; QEMU: "
                         "-overcommit mem-lock=on)");
        }
    }
    weiss_tuning_guests_free(guests, count);
    return found;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char text[8192];
    weiss_tuning_read(machine, text, sizeof text, "/proc/meminfo");
    long long swap = weiss_tuning_field(text, "SwapTotal", 0);
    long long swappiness = weiss_tuning_number(machine, 60, SWAPPINESS);
    if (weiss_tuning_number(machine, 0, OVERCOMMIT) == 2)
        weiss_tuning_say(finding, WEISS_TUNING_BAD, OVERCOMMIT,
                         "memory is promised strictly (2): guests and regions may be refused theirs");
    else if (swapped(machine, finding))
        return;
    else if (swap == 0)
        weiss_tuning_say(finding, WEISS_TUNING_GOOD, "/proc/meminfo", "there is no swap");
    else
        weiss_tuning_say(finding, swappiness > 10 ? WEISS_TUNING_BAD : WEISS_TUNING_GOOD, SWAPPINESS,
                         "%lld MiB of swap, swappiness %lld", swap >> 10, swappiness);
}

static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    char text[8192];
    (void)argument, (void)fault;
    weiss_tuning_read(machine, text, sizeof text, "/proc/meminfo");
    if (weiss_tuning_field(text, "SwapTotal", 0) > 0 && weiss_tuning_number(machine, 0, SWAPPINESS) > 10)
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, "1", "", SWAPPINESS);
    if (weiss_tuning_number(machine, 0, OVERCOMMIT) == 2)
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, "0", "", OVERCOMMIT);
    return 0;
}

const weiss_tuning_step weiss_tuning_swap = {
    .name = "swap",
    .title = "guests' memory stays in memory",
    .why =
        "A page of a guest that is on disk stops its vCPU for milliseconds, in the middle of a message too.",
    .side = WEISS_TUNING_HOST,
    .weight = 62,
    .find = find,
    .plan = plan,
};
