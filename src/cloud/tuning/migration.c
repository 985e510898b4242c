/* Step: who migrates or suspends an instance knows that its region must be taken away before. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    if (!weiss_tuning_nova_there(machine, finding))
        return;
    weiss_tuning_say(finding, WEISS_TUNING_INFO, WEISS_TUNING_NOVA,
                     "libvirt refuses to migrate, suspend or save an instance as long as it has a region");
    weiss_tuning_advise(finding, "before: weiss agent release INSTANCE, or openstack server set --property "
                                 "weiss:release=yes SERVER");
    weiss_tuning_advise(finding, "after a suspend that failed: openstack server set --state active SERVER");
}

const weiss_tuning_step weiss_tuning_migration = {
    .name = "migration",
    .title = "regions are taken away before instances are migrated or suspended",
    .why = "The memory is shared with others on this host and cannot move; Nova's suspend leaves such an "
           "instance in "
           "ERROR.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 40,
    .find = find,
};
