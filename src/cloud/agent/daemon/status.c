#include "cloud/agent/daemon/status.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const char *const states[] = {[WEISS_MEMBER_APART] = "apart",
                                     [WEISS_MEMBER_WAITS] = "waits",
                                     [WEISS_MEMBER_ATTACHED] = "attached",
                                     [WEISS_MEMBER_LEAVES] = "leaves",
                                     [WEISS_MEMBER_RELEASED] = "released"};

static void add_text(json_object *to, const char *key, const char *text)
{
    json_object_object_add(to, key, json_object_new_string(text != NULL ? text : ""));
}

static void add_number(json_object *to, const char *key, int64_t number)
{
    json_object_object_add(to, key, json_object_new_int64(number));
}

static void add_bool(json_object *to, const char *key, bool value)
{
    json_object_object_add(to, key, json_object_new_boolean(value));
}

/** Text of a moment, in UTC; "" for 0. */
static void add_time(json_object *to, const char *key, time_t when)
{
    struct tm utc;
    char text[32] = "";
    if (when != 0 && gmtime_r(&when, &utc) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    add_text(to, key, text);
}

static const char *machine_name(weiss_machine_kind machine)
{
    return machine == WEISS_MACHINE_PC ? "pc" : machine == WEISS_MACHINE_Q35 ? "q35" : "other";
}

/** What is known of an instance, and what the model says of it. */
static json_object *instance_of(const weiss_agent *agent, const weiss_known *known)
{
    const weiss_instance *instance = &known->view.instance;
    const weiss_member *member = weiss_groups_find(agent->groups, known->uuid);
    json_object *object = json_object_new_object();
    add_text(object, "uuid", known->uuid);
    add_text(object, "domain", instance->domain);
    add_text(object, "name", instance->name);
    add_bool(object, "nova", instance->nova);
    add_text(object, "project", instance->project);
    add_text(object, "project_name", instance->project_name);
    add_text(object, "flavor", instance->flavor);
    add_text(object, "machine", machine_name(instance->machine));
    add_number(object, "run", (int64_t)known->view.run);
    add_text(object, "state",
             member != NULL         ? states[member->state]
             : known->facts_by != 0 ? "asks"
                                    : "unknown");
    add_text(object, "group", member != NULL ? member->decision.group : "");
    add_text(object, "region", member != NULL ? member->region : "");
    add_number(object, "bytes", member != NULL && member->decision.shares ? member->decision.bytes : 0);
    add_bool(object, "released", member != NULL && member->released);
    add_text(object, "why", member != NULL ? member->decision.why : "");
    add_text(object, "trouble", member != NULL ? member->trouble : "");
    add_number(object, "attempts", member != NULL ? member->attempts : 0);
    return object;
}

static json_object *regions_of(const weiss_agent *agent)
{
    json_object *list = json_object_new_array();
    for (size_t i = 0; i < weiss_groups_regions(agent->groups); i++) {
        const weiss_group_region *region = weiss_groups_region(agent->groups, i);
        json_object *object = json_object_new_object();
        add_text(object, "name", region->name);
        add_text(object, "group", region->group);
        add_number(object, "bytes", region->bytes);
        add_bool(object, "made", region->made);
        add_number(object, "members", region->members);
        add_text(object, "trouble", region->trouble);
        json_object_array_add(list, object);
    }
    return list;
}

static json_object *agent_of(const weiss_agent *agent)
{
    json_object *object = json_object_new_object();
    int64_t used = 0;
    for (size_t i = 0; i < weiss_groups_regions(agent->groups); i++)
        used +=
            weiss_groups_region(agent->groups, i)->made ? weiss_groups_region(agent->groups, i)->bytes : 0;
    add_text(object, "version", WEISS_VERSION);
    add_time(object, "since", agent->since);
    add_text(object, "uri", agent->settings.uri);
    add_bool(object, "connected", agent->connection != NULL);
    add_text(object, "libvirt_trouble", agent->link_trouble);
    add_bool(object, "dry_run", agent->settings.dry_run);
    add_text(object, "device", agent->settings.doorbell ? "doorbell" : "plain");
    add_text(object, "api", agent->settings.auth_url);
    add_time(object, "api_reached", (time_t)agent->facts.taken);
    add_text(object, "api_trouble", agent->api_trouble);
    add_number(object, "bytes_used", used);
    add_number(object, "bytes_total", agent->settings.total);
    /* 0: nothing is on its way, and what is shown is what is. */
    add_number(object, "busy",
               agent->tasks + (agent->synced && weiss_look_idle(agent) && !agent->sweep ? 0 : 1));
    return object;
}

json_object *weiss_status_all(const weiss_agent *agent)
{
    json_object *answer = json_object_new_object(), *list = json_object_new_array();
    for (size_t i = 0; i < agent->n; i++)
        if (agent->known[i]->read)
            json_object_array_add(list, instance_of(agent, agent->known[i]));
    add_bool(answer, "ok", true);
    json_object_object_add(answer, "agent", agent_of(agent));
    json_object_object_add(answer, "instances", list);
    json_object_object_add(answer, "regions", regions_of(agent));
    return answer;
}

json_object *weiss_status_why(const weiss_agent *agent, const weiss_known *known)
{
    json_object *answer = json_object_new_object(), *others = json_object_new_array();
    const weiss_member *member = weiss_groups_find(agent->groups, known->uuid);
    for (size_t i = 0; member != NULL && i < agent->n; i++) {
        const weiss_member *other = weiss_groups_find(agent->groups, agent->known[i]->uuid);
        if (other != NULL && other != member && member->region[0] != '\0' &&
            strcmp(other->region, member->region) == 0)
            json_object_array_add(others, json_object_new_string(agent->known[i]->view.instance.domain));
    }
    add_bool(answer, "ok", true);
    json_object_object_add(answer, "instance", instance_of(agent, known));
    json_object_object_add(answer, "shares_with", others);
    return answer;
}

weiss_known *weiss_status_find(const weiss_agent *agent, const char *name, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    weiss_known *found = NULL;
    for (size_t i = 0; i < agent->n; i++)
        if (agent->known[i]->read && (strcmp(agent->known[i]->uuid, name) == 0 ||
                                      strcmp(agent->known[i]->view.instance.domain, name) == 0))
            return agent->known[i];
    for (size_t i = 0; i < agent->n; i++) {
        weiss_known *known = agent->known[i];
        if (!known->read || strcmp(known->view.instance.name, name) != 0)
            continue;
        if (found != NULL) {
            weiss_fault_set(fault, WEISS_ERR_VALUE,
                            "there are several instances of the name \"%s\" (%s and %s, for two); say which "
                            "by its UUID or "
                            "libvirt's name",
                            weiss_text_show(name, shown), found->uuid, known->uuid);
            return NULL;
        }
        found = known;
    }
    if (found == NULL)
        weiss_fault_set(fault, WEISS_ERR_VALUE,
                        "no instance \"%s\" runs on this host; `weiss agent status` lists those that do",
                        weiss_text_show(name, shown));
    return found;
}
