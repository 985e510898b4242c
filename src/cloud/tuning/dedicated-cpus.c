/* Step: Nova has processors for instances that want some of their own. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char cpus[WEISS_TUNING_TEXT], shared[WEISS_TUNING_TEXT], online[256], where[WEISS_TUNING_PATH],
        elsewhere[WEISS_TUNING_PATH];
    if (!weiss_tuning_nova_there(machine, finding))
        return;
    bool set = weiss_tuning_nova(machine, "compute", "cpu_dedicated_set", cpus, sizeof cpus, where);
    weiss_tuning_nova(machine, "compute", "cpu_shared_set", shared, sizeof shared, elsewhere);
    weiss_tuning_read(machine, online, sizeof online, "/sys/devices/system/cpu/online");
    weiss_tuning_say(finding, set && cpus[0] != '\0' ? WEISS_TUNING_GOOD : WEISS_TUNING_INFO, where,
                     "cpu_dedicated_set is %s, cpu_shared_set is %s; this machine has processors %s",
                     cpus[0] != '\0' ? cpus : "not set", shared[0] != '\0' ? shared : "not set", online);
    if (cpus[0] == '\0')
        weiss_tuning_advise(finding, "cpu_dedicated_set = CPUS in [compute] of " WEISS_TUNING_NOVA
                                     ", and flavors with hw:cpu_policy=dedicated");
}

const weiss_tuning_step weiss_tuning_dedicated_cpus = {
    .name = "dedicated-cpus",
    .title = "Nova has processors for instances that want some of their own",
    .why = "A vCPU that shares a processor stops whenever another runs there, and all ranks wait for it.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 60,
    .find = find,
};
