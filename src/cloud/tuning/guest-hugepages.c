/* Step: programs in the guest get huge pages. */
#include "cloud/tuning/steps.h"

#define FILE_NAME "/sys/kernel/mm/transparent_hugepage/enabled"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char word[128], text[8192];
    weiss_tuning_read(machine, text, sizeof text, "/proc/meminfo");
    long long reserved = weiss_tuning_field(text, "HugePages_Total", 0);
    bool known = weiss_tuning_read(machine, word, sizeof word, FILE_NAME);
    weiss_tuning_chosen(word);
    bool right = strcmp(word, "always") == 0 || reserved > 0;
    weiss_tuning_say(finding,
                     !known && reserved == 0 ? WEISS_TUNING_ABSENT
                     : right                 ? WEISS_TUNING_GOOD
                                             : WEISS_TUNING_BAD,
                     FILE_NAME, "transparent ones: %s; %lld reserved", known ? word : "none", reserved);
    if (!right)
        weiss_tuning_advise(finding, "echo always > " FILE_NAME);
}

const weiss_tuning_step weiss_tuning_guest_hugepages = {
    .name = "guest-hugepages",
    .title = "programs get huge pages",
    .why = "With small pages in the guest, huge pages on the host help only half.",
    .side = WEISS_TUNING_GUEST,
    .weight = 50,
    .find = find,
};
