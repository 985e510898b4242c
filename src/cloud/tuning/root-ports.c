/* Step: instances of machine type q35 have free root ports. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

#define ENOUGH                                                                                               \
    8 /* an instance with a disk, a network card, a balloon and a random source takes five or six */

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char ports[64], machines[WEISS_TUNING_TEXT], where[WEISS_TUNING_PATH], elsewhere[WEISS_TUNING_PATH];
    if (!weiss_tuning_nova_there(machine, finding))
        return;
    weiss_tuning_nova(machine, "libvirt", "num_pcie_ports", ports, sizeof ports, where);
    weiss_tuning_nova(machine, "libvirt", "hw_machine_type", machines, sizeof machines, elsewhere);
    long number = strtol(ports, NULL, 10);
    bool q35 = strstr(machines, "q35") != NULL;
    weiss_tuning_say(finding,
                     number >= ENOUGH ? WEISS_TUNING_GOOD
                     : q35            ? WEISS_TUNING_BAD
                                      : WEISS_TUNING_INFO,
                     where, "num_pcie_ports is %s, hw_machine_type is %s%s",
                     ports[0] != '\0' ? ports : "not set", machines[0] != '\0' ? machines : "not set (pc)",
                     q35 ? "" : "; images may ask for q35 by hw_machine_type");
    if (number < ENOUGH)
        weiss_tuning_advise(finding, "num_pcie_ports = 16 in [libvirt] of " WEISS_TUNING_NOVA
                                     ", restart nova-compute, stop and start the instances");
}

const weiss_tuning_step weiss_tuning_root_ports = {
    .name = "root-ports",
    .title = "instances of machine type q35 have free root ports",
    .why =
        "A q35 machine takes a device while it runs only at a root port that is free; pc takes it anywhere.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 75,
    .find = find,
};
