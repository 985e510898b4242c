/* Step: guests' network cards are on a bridge of the kernel's, not on Open vSwitch. */
#include "cloud/tuning/network.h"
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    glob_t interfaces;
    char master[64];
    int taps = weiss_tuning_taps(machine, &interfaces);
    weiss_tuning_say(finding, taps > 0 ? WEISS_TUNING_GOOD : WEISS_TUNING_ABSENT, WEISS_TUNING_NET,
                     "%d taps, none on Open vSwitch", taps);
    for (size_t i = 0; i < interfaces.gl_pathc && finding->verdict != WEISS_TUNING_BAD; i++) {
        const char *interface = weiss_tuning_bare(machine, interfaces.gl_pathv[i]);
        if (!weiss_tuning_is_tap(machine, interface) ||
            !weiss_tuning_link(machine, master, sizeof master, "%s/master", interface) ||
            strcmp(master, "ovs-system") != 0)
            continue;
        weiss_tuning_say(finding, WEISS_TUNING_BAD, interface, "%s is on Open vSwitch",
                         strrchr(interface, '/') + 1);
        weiss_tuning_advise(finding,
                            "give the machine a card on a bridge: ip link add weiss0 type bridge; libvirt: "
                            "<interface type='bridge'><source bridge='weiss0'/></interface>");
    }
    globfree(&interfaces);
}

const weiss_tuning_step weiss_tuning_bridge = {
    .name = "bridge",
    .title = "guests' network cards are on a bridge, not on Open vSwitch",
    .why =
        "A packet between two guests takes longer through the tables of Open vSwitch than through a bridge.",
    .side = WEISS_TUNING_HOST,
    .weight = 30,
    .find = find,
};
