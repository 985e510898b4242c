/* Step: guests may run guests. Only told. */
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    static const char *const modules[] = {"kvm_intel", "kvm_amd"};
    char value[8], file[WEISS_TUNING_PATH];
    for (int i = 0; i < 2; i++) {
        snprintf(file, sizeof file, "/sys/module/%s/parameters/nested", modules[i]);
        if (weiss_tuning_read(machine, value, sizeof value, "%s", file)) {
            bool on = value[0] == 'Y' || value[0] == '1';
            weiss_tuning_say(finding, WEISS_TUNING_INFO, file, "guests can%s use KVM themselves",
                             on ? "" : "not");
            return;
        }
    }
    weiss_tuning_say(finding, WEISS_TUNING_ABSENT, "/sys/module", "neither kvm_intel nor kvm_amd is loaded");
}

const weiss_tuning_step weiss_tuning_nested = {
    .name = "nested",
    .title = "whether guests may run guests",
    .why = "A cluster inside a guest is emulated unless the host hands virtualisation on.",
    .side = WEISS_TUNING_HOST,
    .weight = 5,
    .find = find,
};
