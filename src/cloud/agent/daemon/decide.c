/* Decisions: what the domain says, what the API says, what the settings say. */
#include "cloud/agent/daemon/agent.h"
#include "cloud/agent/daemon/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** Seconds since the API was reached; -1: never. */
static int64_t age(const weiss_agent *agent)
{
    int64_t now = (int64_t)time(NULL);
    return agent->facts.taken == 0 ? -1 : now > agent->facts.taken ? now - agent->facts.taken : 0;
}

static void add_sentence(weiss_decision *decision, const char *sentence)
{
    size_t used = strlen(decision->why);
    snprintf(decision->why + used, sizeof decision->why - used, "%s%s", used > 0 ? " " : "", sentence);
}

static void judge(const weiss_agent *agent, const weiss_known *known, const weiss_facts *facts,
                  weiss_decision *decision)
{
    memset(decision, 0, sizeof *decision);
    if (known->view.wrong.code != 0) {
        snprintf(decision->why, sizeof decision->why, "Its description by libvirt cannot be used: %.900s",
                 known->view.wrong.text);
        return;
    }
    weiss_policy_decide(&agent->settings, &known->view.instance, facts, age(agent), decision);
    if (facts == NULL && known->asked && known->view.instance.nova)
        add_sentence(decision, agent->api_trouble[0] != '\0'
                                   ? "The API did not answer; the domain alone decided."
                                   : "The API said nothing of it in time; the domain alone decided.");
}

/** Writes what was decided, if it is something else than before. */
static void tell(const weiss_agent *agent, const weiss_known *known, const weiss_decision *decision)
{
    const weiss_member *member = weiss_groups_find(agent->groups, known->uuid);
    const weiss_instance *instance = &known->view.instance;
    char bytes[WEISS_DIGITS];
    bool same = member != NULL && member->run == known->view.run &&
                strcmp(member->decision.group, decision->group) == 0 &&
                member->decision.shares == decision->shares && member->decision.bytes == decision->bytes;
    if (same)
        return;
    weiss_record(WEISS_PRIORITY_INFO, agent->settings.dry_run ? "would-decide" : "decided", "instance",
                 known->uuid, "domain", instance->domain, "name", instance->name, "project",
                 instance->project, "group", decision->group, "bytes",
                 decision->shares ? weiss_digits(decision->bytes, bytes) : NULL, "why", decision->why, NULL);
}

/** In a dry run: what would be attached. */
static void show_device(const weiss_known *known, const weiss_decision *decision)
{
    const weiss_instance *instance = &known->view.instance;
    char *xml = NULL;
    const weiss_shmem_device device = {.region = "weiss-agent-0123456789abcdef",
                                       .bytes = decision->bytes,
                                       .port = instance->machine == WEISS_MACHINE_Q35 ? instance->port : -1};
    if (!decision->shares || weiss_instance_region(instance)[0] != '\0' ||
        weiss_shmem_device_xml(&device, &xml, NULL) != 0)
        return;
    for (char *c = xml; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
    weiss_record(WEISS_PRIORITY_INFO, "would-attach", "instance", known->uuid, "domain", instance->domain,
                 "device", xml, NULL);
    free(xml);
}

/** @param seen  it was just looked at: what it has attached is known */
static void conclude(weiss_agent *agent, weiss_known *known, const weiss_facts *facts, bool seen)
{
    weiss_decision decision;
    weiss_fault fault = {0};
    const weiss_member *member = weiss_groups_find(agent->groups, known->uuid);
    bool fresh = member == NULL || member->run != known->view.run;
    known->facts_by = 0;
    judge(agent, known, facts, &decision);
    tell(agent, known, &decision);
    if (agent->settings.dry_run && fresh)
        show_device(known, &decision);
    if (weiss_groups_runs(agent->groups, known->uuid, known->view.run, &decision,
                          seen ? weiss_instance_region(&known->view.instance) : NULL, &fault) != 0)
        weiss_record(WEISS_PRIORITY_ERROR, "not-taken", "instance", known->uuid, "error", fault.text, NULL);
    else
        weiss_groups_release(agent->groups, known->uuid, known->ordered || (facts != NULL && facts->release));
}

static void decide(weiss_agent *agent, weiss_known *known, bool seen)
{
    const weiss_facts *facts = agent->facts.taken != 0 ? weiss_facts_find(&agent->facts, known->uuid) : NULL;
    if (agent->asker != NULL && facts == NULL && known->view.instance.nova && !known->asked &&
        known->view.wrong.code == 0) {
        known->asked = true;
        known->facts_by = weiss_agent_clock() + WEISS_AGENT_FACTS_WAIT;
        weiss_asker_ask(agent->asker);
        return;
    }
    if (known->facts_by == 0 || facts != NULL)
        conclude(agent, known, facts, seen);
}

void weiss_decide(weiss_agent *agent, weiss_known *known)
{
    decide(agent, known, true);
}

void weiss_decide_all(weiss_agent *agent)
{
    for (size_t i = 0; i < agent->n; i++)
        if (agent->known[i]->read)
            decide(agent, agent->known[i], false);
}

void weiss_decide_waiting(weiss_agent *agent)
{
    for (size_t i = 0; i < agent->n; i++)
        if (agent->known[i]->facts_by != 0)
            conclude(agent, agent->known[i], weiss_facts_find(&agent->facts, agent->known[i]->uuid), true);
}

void weiss_decide_check(weiss_agent *agent, int64_t now)
{
    for (size_t i = 0; i < agent->n; i++) {
        weiss_known *known = agent->known[i];
        if (known->facts_by != 0 && now >= known->facts_by)
            conclude(agent, known, weiss_facts_find(&agent->facts, known->uuid), true);
    }
}
