/* Step: no two vCPUs share a core. */
#include "cloud/tuning/guests.h"
#include "cloud/tuning/steps.h"

#define ACTIVE "/sys/devices/system/cpu/smt/active"
#define CONTROL "/sys/devices/system/cpu/smt/control"

/** Two vCPUs that are pinned to threads of one core. */
static bool shared_core(const weiss_tuning_machine *machine, int *a, int *b)
{
    hwloc_bitmap_t kept = weiss_tuning_kept_cpus(machine);
    bool found = false;
    int i;
    hwloc_bitmap_foreach_begin(i, kept)
    {
        char file[WEISS_TUNING_PATH];
        snprintf(file, sizeof file, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", i);
        hwloc_bitmap_t core = weiss_tuning_cpus_of(machine, file);
        if (core != NULL && !found) {
            hwloc_bitmap_and(core, core, kept);
            if (hwloc_bitmap_weight(core) > 1) {
                found = true;
                *a = i;
                *b = hwloc_bitmap_next(core, i);
            }
        }
        hwloc_bitmap_free(core);
    }
    hwloc_bitmap_foreach_end();
    hwloc_bitmap_free(kept);
    return found;
}

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    int a = 0, b = 0;
    long long active = weiss_tuning_number(machine, -1, ACTIVE);
    if (active <= 0)
        weiss_tuning_say(finding, active < 0 ? WEISS_TUNING_ABSENT : WEISS_TUNING_GOOD, ACTIVE,
                         active < 0 ? "this machine does not tell of threads of a core"
                                    : "each core runs one thread");
    else if (shared_core(machine, &a, &b))
        weiss_tuning_say(finding, WEISS_TUNING_BAD, ACTIVE,
                         "processors %d and %d, which vCPUs have, are one core", a, b);
    else
        weiss_tuning_say(finding, WEISS_TUNING_INFO, ACTIVE,
                         "cores run two threads; no two vCPUs are pinned to one core");
}

static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    char control[64];
    (void)argument, (void)fault;
    if (weiss_tuning_read(machine, control, sizeof control, CONTROL) && strcmp(control, "on") == 0)
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, "off", "", CONTROL);
    return 0;
}

const weiss_tuning_step weiss_tuning_smt = {
    .name = "smt",
    .title = "no two vCPUs share a core",
    .why = "Two ranks on one core have half its floating-point units each, and the slower one sets the pace.",
    .side = WEISS_TUNING_HOST,
    .weight = 50,
    .find = find,
    .plan = plan,
};
