/* Step: the agent is installed and runs. */
#include "cloud/tuning/openstack.h"
#include "cloud/tuning/steps.h"

static void find(const weiss_tuning_machine *machine, weiss_tuning_finding *finding)
{
    static const char *const programs[] = {"/usr/sbin/weiss-agentd", "/usr/local/sbin/weiss-agentd"};
    char run[WEISS_TUNING_PATH - 16], path[WEISS_TUNING_PATH], flavors[WEISS_TUNING_TEXT],
        url[WEISS_TUNING_TEXT], others[32];
    if (!weiss_tuning_agent_readable(machine, finding))
        return;
    weiss_tuning_agent(machine, "agent", "run", "/run/weiss-agent", run, sizeof run);
    weiss_tuning_agent(machine, "share", "flavors", "", flavors, sizeof flavors);
    weiss_tuning_agent(machine, "openstack", "auth_url", "", url, sizeof url);
    weiss_tuning_agent(machine, "share", "others", "no", others, sizeof others);
    snprintf(path, sizeof path, "%s/control", run);
    bool runs = weiss_tuning_answers(machine, path);
    if (runs && flavors[0] == '\0' && url[0] == '\0' && strcmp(others, "no") == 0) {
        weiss_tuning_say(finding, WEISS_TUNING_BAD, WEISS_TUNING_AGENT_CONF,
                         "the agent runs, but none of [share] flavors, [share] others and [openstack] "
                         "auth_url is set: nobody shares");
        weiss_tuning_advise(finding, "set one of them, then systemctl reload weiss-agentd");
    } else if (runs)
        weiss_tuning_say(finding, WEISS_TUNING_GOOD, path, "the agent runs");
    else if (weiss_tuning_there(machine, "%s", programs[0]) ||
             weiss_tuning_there(machine, "%s", programs[1])) {
        weiss_tuning_say(finding, WEISS_TUNING_BAD, path, "the agent is installed and does not run%s",
                         weiss_tuning_there(machine, "%s", path) ? ", or does not answer this user" : "");
        weiss_tuning_advise(finding, "systemctl enable --now weiss-agentd; journalctl -u weiss-agentd");
    } else {
        weiss_tuning_say(finding, WEISS_TUNING_BAD, programs[0], "the agent is not installed");
        weiss_tuning_advise(finding,
                            "apt install weiss-agent; set [share] flavors in " WEISS_TUNING_AGENT_CONF);
    }
}

const weiss_tuning_step weiss_tuning_agent_runs = {
    .name = "agent",
    .title = "the agent runs, and has been told who shares",
    .why = "Nova makes instances anew at each start, without shared memory: something must attach it again.",
    .side = WEISS_TUNING_COMPUTE,
    .weight = 88,
    .find = find,
};
