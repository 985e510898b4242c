/* Step: instances that ran are started after a boot of the host. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char value[64], where[WEISS_TUNING_PATH];
    if (!weiss_tuning_nova_there(machine, finding))
        return;
    bool set =
        weiss_tuning_nova(machine, "DEFAULT", "resume_guests_state_on_host_boot", value, sizeof value, where);
    bool right =
        set && (strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0 || strcmp(value, "1") == 0);
    weiss_tuning_say(
        finding, right ? WEISS_TUNING_GOOD : WEISS_TUNING_INFO, where,
        "resume_guests_state_on_host_boot is %s: after a boot instances %s", set ? value : "not set",
        right ? "are started again, and get a new region" : "stay off until somebody starts them");
    if (!right)
        weiss_tuning_advise(finding,
                            "resume_guests_state_on_host_boot = true in [DEFAULT] of " WEISS_TUNING_NOVA
                            " starts them; regions are made anew either way");
}

const weiss_tuning_step weiss_tuning_resume = {
    .name = "resume",
    .title = "instances that ran are started after a boot of the host",
    .why = "A cluster is whole again only when all of its instances run; regions do not outlive a boot.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 30,
    .find = find,
};
