/* Step: QEMU's user is in the group that owns the regions. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char user[128], own[128], group[128];
    long primary = -1;
    bool member = false;
    if (!weiss_tuning_agent_readable(machine, finding))
        return;
    weiss_tuning_qemu_user(machine, user, own, sizeof user);
    weiss_tuning_agent(machine, "share", "group", "kvm", group, sizeof group);
    long id = weiss_tuning_group(machine, group, user, &member);
    if (id < 0) {
        weiss_tuning_say(finding, WEISS_TUNING_BAD, "/etc/group",
                         "there is no group %s, to which regions are to belong", group);
        weiss_tuning_advise(finding,
                            "set [share] group in " WEISS_TUNING_AGENT_CONF " to a group of QEMU's user, %s",
                            user[0] != '\0' ? user : "which is not known");
        return;
    }
    if (user[0] == '\0') {
        weiss_tuning_say(finding, WEISS_TUNING_UNKNOWN, WEISS_TUNING_QEMU_CONF,
                         "it cannot be told as which user QEMU runs");
        weiss_tuning_advise(finding, "ps -o user,group,supgrp -C qemu-system-x86_64");
        return;
    }
    bool known = weiss_tuning_user(machine, user, &primary);
    bool root = strcmp(user, "root") == 0 || strcmp(user, "+0") == 0;
    bool right = root || member || (known && primary == id) || strcmp(own, group) == 0;
    weiss_tuning_say(finding, right ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD, "/etc/group",
                     "QEMU runs as %s, which %s in the group %s", user, right ? "is" : "is not", group);
    if (!right)
        weiss_tuning_advise(finding, "usermod -aG %s %s, then stop and start the instances", group, user);
}

const weiss_tuning_step weiss_tuning_region_group = {
    .name = "region-group",
    .title = "QEMU's user is in the group that owns the regions",
    .why = "Regions are open to root and one group only, so that no other user of the host can read them.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 96,
    .find = find,
};
