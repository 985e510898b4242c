/* Step: Nova runs instances by KVM. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char type[64], where[WEISS_TUNING_PATH];
    if (!weiss_tuning_nova_there(machine, finding))
        return;
    if (!weiss_tuning_nova(machine, "libvirt", "virt_type", type, sizeof type, where))
        snprintf(type, sizeof type, "kvm");
    bool kvm = strcmp(type, "kvm") == 0, there = weiss_tuning_there(machine, "/dev/kvm");
    weiss_tuning_say(finding, kvm == there ? (kvm ? WEISS_TUNING_GOOD : WEISS_TUNING_INFO) : WEISS_TUNING_BAD,
                     where, "virt_type is %s, and KVM is %s", type, there ? "there" : "not there");
    if (kvm && !there)
        weiss_tuning_advise(
            finding, "weiss doctor --host says how KVM comes; virt_type = qemu emulates, for trials only");
    if (!kvm && there)
        weiss_tuning_advise(finding, "virt_type = kvm in [libvirt] of %s, then restart nova-compute", where);
}

const weiss_tuning_step weiss_tuning_virt_type = {
    .name = "virt-type",
    .title = "Nova runs instances on the processor, by KVM",
    .why = "An emulated instance computes 20 to 40 times slower; its times mean nothing.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 68,
    .find = find,
};
