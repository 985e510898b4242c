/* Step: equal pages of guests are not merged. */
#include "cloud/tuning/steps.h"

#define FILE_NAME "/sys/kernel/mm/ksm/run"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    long long run = weiss_tuning_number(machine, -1, FILE_NAME);
    if (run < 0)
        weiss_tuning_say(finding, WEISS_TUNING_ABSENT, FILE_NAME, "this kernel merges no pages");
    else
        weiss_tuning_say(finding, run == 1 ? WEISS_TUNING_BAD : WEISS_TUNING_GOOD, FILE_NAME,
                         run == 1 ? "equal pages are merged" : "pages are not merged");
}

static int plan(const weiss_tuning_machine *machine, const char *argument, weiss_tuning_changes *changes,
                weiss_fault *fault)
{
    (void)argument, (void)fault;
    if (weiss_tuning_number(machine, 0, FILE_NAME) == 1) /* 2 also takes apart what is merged */
        weiss_tuning_change_add(machine, changes, WEISS_TUNING_WRITE, "2", "", FILE_NAME);
    return 0;
}

const weiss_tuning_step weiss_tuning_ksm = {
    .name = "ksm",
    .title = "the kernel does not merge equal pages",
    .why = "Merging scans guests' memory all the time, and the first write to a merged page is a fault.",
    .side = WEISS_TUNING_HOST,
    .weight = 35,
    .find = find,
    .plan = plan,
};
