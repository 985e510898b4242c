/* Step: processors keep their full frequency. */
#include "cloud/tuning/steps.h"

#define PATTERN "/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    glob_t files;
    char governor[64];
    weiss_tuning_glob(machine, PATTERN, &files);
    weiss_tuning_say(finding, WEISS_TUNING_ABSENT, "/sys/devices/system/cpu/cpu0/cpufreq",
                     "the frequency is not this machine's to choose");
    for (size_t i = 0; i < files.gl_pathc && finding->verdict != WEISS_TUNING_BAD; i++) {
        const char *file = weiss_tuning_bare(machine, files.gl_pathv[i]);
        weiss_tuning_read(machine, governor, sizeof governor, "%s", file);
        bool right = strcmp(governor, "performance") == 0;
        weiss_tuning_say(finding, right ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, file, "the governor is %s",
                         governor);
    }
    globfree(&files);
}

static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    glob_t files;
    (void)argument, (void)fault;
    weiss_tuning_glob(machine, PATTERN, &files);
    for (size_t i = 0; i < files.gl_pathc; i++)
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, "performance", "", "%s",
                                weiss_tuning_bare(machine, files.gl_pathv[i]));
    globfree(&files);
    return 0;
}

const weiss_tuning_step weiss_tuning_governor = {
    .name = "governor",
    .title = "processors keep their full frequency",
    .why = "A processor that slows down while a rank waits is slow when the message comes.",
    .side = WEISS_TUNING_HOST,
    .weight = 55,
    .find = find,
    .plan = plan,
};
