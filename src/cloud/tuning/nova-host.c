/* Step: the agent asks Nova for the instances of this host by the name that Nova has for it. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    char url[WEISS_TUNING_TEXT], self[256], nova[256], agent[256], where[WEISS_TUNING_PATH];
    if (!weiss_tuning_agent_readable(machine, finding))
        return;
    weiss_tuning_agent(machine, "openstack", "auth_url", "", url, sizeof url);
    if (url[0] == '\0') {
        weiss_tuning_say(finding, WEISS_TUNING_ABSENT, WEISS_TUNING_AGENT_CONF,
                         "[openstack] auth_url is not set: the agent does not ask Nova");
        return;
    }
    if (!weiss_tuning_nova_there(machine, finding))
        return;
    weiss_tuning_read(machine, self, sizeof self, "/proc/sys/kernel/hostname");
    if (!weiss_tuning_nova(machine, "DEFAULT", "host", nova, sizeof nova, where))
        snprintf(nova, sizeof nova, "%s", self);
    weiss_tuning_agent(machine, "openstack", "host", self, agent, sizeof agent);
    if (agent[0] == '\0')
        snprintf(agent, sizeof agent, "%s", self);
    bool right = nova[0] != '\0' && strcmp(nova, agent) == 0;
    weiss_tuning_say(finding, right ? WEISS_TUNING_GOOD : WEISS_TUNING_BAD,
                     right ? where : WEISS_TUNING_AGENT_CONF,
                     "nova-compute calls this host %s, the agent asks for %s", nova, agent);
    if (!right)
        weiss_tuning_advise(finding,
                            "host = %s in [openstack] of " WEISS_TUNING_AGENT_CONF
                            ", then systemctl reload weiss-agentd",
                            nova);
}

const weiss_tuning_step weiss_tuning_nova_host = {
    .name = "nova-host",
    .title = "the agent asks for this host by Nova's name of it",
    .why = "By another name Nova tells of no instance, and no server group and no metadata counts.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 72,
    .find = find,
};
