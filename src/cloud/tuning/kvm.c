/* Step: guests run on the processor. */
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char flags[WEISS_TUNING_TEXT * 8];
    weiss_tuning_read(machine, flags, sizeof flags, "/proc/cpuinfo");
    bool guest = strstr(flags, " hypervisor") != NULL;
    if (weiss_tuning_there(machine, "/dev/kvm")) {
        weiss_tuning_say(finding, WEISS_TUNING_GOOD, "/dev/kvm", "KVM is there");
        return;
    }
    weiss_tuning_say(finding, WEISS_TUNING_BAD, "/dev/kvm", "there is no KVM%s: guests are emulated",
                     guest ? " on this machine, which is a virtual one" : "");
    if (strstr(flags, " vmx") != NULL || strstr(flags, " svm") != NULL)
        weiss_tuning_advise(finding, "modprobe %s", strstr(flags, " vmx") != NULL ? "kvm_intel" : "kvm_amd");
    else if (guest)
        weiss_tuning_advise(finding,
                            "on the host below this machine: switch nested virtualisation on "
                            "(modprobe kvm_intel nested=1, or kvm_amd), and start it with -cpu host");
    else
        weiss_tuning_advise(finding, "switch virtualisation (VT-x, AMD-V) on in the firmware");
}

const weiss_tuning_step weiss_tuning_kvm = {
    .name = "kvm",
    .title = "guests run on the processor, by KVM",
    .why = "An emulated guest computes 20 to 40 times slower; its times mean nothing.",
    .side = WEISS_TUNING_HOST,
    .weight = 100,
    .find = find,
};
