/* Orders: instances from which an administrator took the memory (weiss agent release). They are kept over a restart of the agent,
 * which may come in the middle of a migration; an order ends with the run of the domain that it was given for. */
#include "cloud/agent/daemon/agent.h"
#include "cloud/agent/daemon/log.h"

#include "base/replace.h"

#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#define NOTE "released.json"

static bool is_for(json_object *order, const char *uuid, uint64_t run)
{
    json_object *whose = json_object_object_get(order, "instance");
    json_object *which = json_object_object_get(order, "run");
    return json_object_is_type(whose, json_type_string) && json_object_is_type(which, json_type_int) &&
           strcmp(json_object_get_string(whose), uuid) == 0 && json_object_get_uint64(which) == run;
}

static void add(json_object *list, const char *uuid, uint64_t run)
{
    json_object *order = json_object_new_object();
    json_object_object_add(order, "instance", json_object_new_string(uuid));
    json_object_object_add(order, "run", json_object_new_uint64(run));
    json_object_array_add(list, order);
}

/** The same orders in another list. */
static json_object *copy(json_object *orders)
{
    json_object *list = json_object_new_array();
    for (size_t i = 0; i < json_object_array_length(orders); i++)
        json_object_array_add(list, json_object_get(json_object_array_get_idx(orders, i)));
    return list;
}

static void write_orders(FILE *to, const void *data)
{
    const weiss_agent *agent = data;
    /* Until all domains were looked at, orders that were read may be for one of the others. */
    json_object *list =
        agent->synced || agent->orders == NULL ? json_object_new_array() : copy(agent->orders);
    for (size_t i = 0; i < agent->n; i++)
        if (agent->known[i]->ordered && agent->known[i]->read)
            add(list, agent->known[i]->uuid, agent->known[i]->view.run);
    fprintf(to, "%s\n", json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY));
    json_object_put(list);
}

void weiss_orders_read(weiss_agent *agent)
{
    char path[WEISS_AGENT_TEXT + 32];
    json_object *list = json_object_from_file(weiss_notes_path(&agent->settings, NOTE, path));
    if (!json_object_is_type(list, json_type_array)) {
        if (access(path, F_OK) == 0)
            weiss_record(WEISS_PRIORITY_WARNING, "notes-failed", "error",
                         "released.json is no list: instances that were released before share again", NULL);
        json_object_put(list);
        list = NULL;
    }
    json_object_put(agent->orders);
    agent->orders = list;
}

bool weiss_orders_have(const weiss_agent *agent, const char *uuid, uint64_t run)
{
    for (size_t i = 0; agent->orders != NULL && i < json_object_array_length(agent->orders); i++)
        if (is_for(json_object_array_get_idx(agent->orders, i), uuid, run))
            return true;
    return false;
}

void weiss_orders_change(weiss_agent *agent, weiss_known *known, bool released)
{
    char path[WEISS_AGENT_TEXT + 32];
    weiss_fault fault = {0};
    if (known->ordered == released)
        return;
    known->ordered = released;
    for (size_t i = 0; !released && agent->orders != NULL && i < json_object_array_length(agent->orders);)
        if (is_for(json_object_array_get_idx(agent->orders, i), known->uuid, known->view.run))
            json_object_array_del_idx(agent->orders, i, 1);
        else
            i++;
    if (weiss_replace_file(weiss_notes_path(&agent->settings, NOTE, path), write_orders, agent, &fault) != 0)
        weiss_record(WEISS_PRIORITY_ERROR, "notes-failed", "error", fault.text, NULL);
}
