/* Notes: regions that were made, so that a restart finds them; and files of ours that nobody knows any more. */
#include "cloud/agent/daemon/agent.h"
#include "cloud/agent/daemon/backing.h"
#include "cloud/agent/daemon/log.h"

#include "base/replace.h"
#include "cloud/agent/region-file.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *weiss_notes_path(const weiss_agent_settings *settings, const char *name,
                             char path[WEISS_AGENT_TEXT + 32])
{
    snprintf(path, WEISS_AGENT_TEXT + 32, "%s/%s", settings->run, name);
    return path;
}

static void write_regions(FILE *to, const void *data)
{
    const weiss_agent *agent = data;
    json_object *list = json_object_new_array();
    for (size_t i = 0; i < weiss_groups_regions(agent->groups); i++) {
        const weiss_group_region *region = weiss_groups_region(agent->groups, i);
        if (!region->made)
            continue;
        json_object *entry = json_object_new_object();
        json_object_object_add(entry, "name", json_object_new_string(region->name));
        json_object_object_add(entry, "group", json_object_new_string(region->group));
        json_object_object_add(entry, "bytes", json_object_new_int64(region->bytes));
        json_object_array_add(list, entry);
    }
    fprintf(to, "%s\n",
            json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(list);
}

void weiss_notes_write(weiss_agent *agent)
{
    char path[WEISS_AGENT_TEXT + 32];
    weiss_fault fault = {0};
    if (weiss_replace_file(weiss_notes_path(&agent->settings, "regions.json", path), write_regions, agent,
                           &fault) != 0)
        weiss_record(WEISS_PRIORITY_ERROR, "notes-failed", "error", fault.text, NULL);
}

static const char *text_of(json_object *entry, const char *key)
{
    json_object *value = json_object_object_get(entry, key);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

/** Gives the model one region, if it still is what was made. */
static void adopt(weiss_agent *agent, json_object *entry)
{
    const char *name = text_of(entry, "name"), *group = text_of(entry, "group");
    int64_t bytes = json_object_get_int64(json_object_object_get(entry, "bytes"));
    weiss_fault fault = {0};
    char digits[WEISS_DIGITS];
    if (strncmp(name, WEISS_REGION_PREFIX, strlen(WEISS_REGION_PREFIX)) != 0 || strchr(name, '/') != NULL ||
        strlen(name) >= WEISS_REGION_NAME || group[0] == '\0' || strlen(group) >= WEISS_GROUP_KEY ||
        bytes <= 0)
        weiss_fault_set(&fault, WEISS_ERR_VALUE, "the note of it is malformed");
    else if (weiss_backing_check(&agent->settings, name, bytes, &fault) == 0)
        weiss_groups_adopt(agent->groups, name, group, bytes, &fault);
    if (fault.code == 0)
        weiss_record(WEISS_PRIORITY_INFO, "adopted", "region", name, "group", group, "bytes",
                     weiss_digits(bytes, digits), NULL);
    else
        weiss_record(WEISS_PRIORITY_WARNING, "not-adopted", "region", name, "group", group, "error",
                     fault.text, NULL);
}

int weiss_notes_read(weiss_agent *agent, weiss_fault *fault)
{
    char path[WEISS_AGENT_TEXT + 32];
    weiss_notes_path(&agent->settings, "regions.json", path);
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return 0;
    json_object *list = json_object_from_file(path);
    if (!json_object_is_type(list, json_type_array)) {
        json_object_put(list);
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "%s is no list of regions; without it regions that are in use cannot be told from others, so "
            "they are made anew if it is removed",
            path);
    }
    for (size_t i = 0; i < json_object_array_length(list); i++)
        adopt(agent, json_object_array_get_idx(list, i));
    json_object_put(list);
    return 0;
}

/** Looks for files that nobody knows, and removes them. */
typedef struct sweep_task {
    weiss_task task;
    weiss_agent *agent;
    weiss_agent_settings settings;
    char (*kept)[WEISS_AGENT_WORD]; /**< names that somebody knows; owned */
    size_t nkept;
    char (*stray)[WEISS_AGENT_WORD]; /**< owned */
    size_t nstray;
} sweep_task;

static void consider(void *data, const char *name)
{
    sweep_task *self = data;
    for (size_t i = 0; i < self->nkept; i++)
        if (strcmp(self->kept[i], name) == 0)
            return;
    void *longer = realloc(self->stray, (self->nstray + 1) * sizeof *self->stray);
    if (longer == NULL)
        return;
    self->stray = longer;
    snprintf(self->stray[self->nstray++], sizeof *self->stray, "%s", name);
}

static void sweep_run(weiss_task *task)
{
    sweep_task *self = (sweep_task *)task;
    weiss_fault fault = {0};
    if (weiss_backing_list(&self->settings, consider, self, &fault) != 0)
        weiss_record(WEISS_PRIORITY_WARNING, "sweep-failed", "error", fault.text, NULL);
    for (size_t i = 0; i < self->nstray; i++) {
        weiss_fault wrong = {0};
        int code = weiss_backing_remove(&self->settings, self->stray[i], &wrong);
        weiss_record(code == 0 ? WEISS_PRIORITY_NOTICE : WEISS_PRIORITY_WARNING,
                     code == 0 ? "swept" : "sweep-failed", "region", self->stray[i], "error", wrong.text,
                     NULL);
    }
    if (self->nkept == 0)
        weiss_backing_rest(&self->settings);
}

static void sweep_drop(weiss_task *task)
{
    sweep_task *self = (sweep_task *)task;
    free(self->kept);
    free(self->stray);
    free(self);
}

static void sweep_done(weiss_task *task)
{
    sweep_task *self = (sweep_task *)task;
    weiss_agent *agent = self->agent;
    agent->tasks--;
    agent->sweeping = false;
    if (self->nstray > 0)
        weiss_act_hurry(agent);
    sweep_drop(task);
}

/** Names that the model or a domain knows. @return false without memory */
static bool list_kept(const weiss_agent *agent, sweep_task *task)
{
    size_t regions = weiss_groups_regions(agent->groups);
    task->kept = calloc(regions + agent->n * WEISS_AGENT_SHMEMS + 1, sizeof *task->kept);
    if (task->kept == NULL)
        return false;
    for (size_t i = 0; i < regions; i++)
        snprintf(task->kept[task->nkept++], sizeof *task->kept, "%s",
                 weiss_groups_region(agent->groups, i)->name);
    for (size_t i = 0; i < agent->n; i++)
        for (int j = 0; agent->known[i]->read && j < agent->known[i]->view.instance.nshmems; j++)
            snprintf(task->kept[task->nkept++], sizeof *task->kept, "%s",
                     agent->known[i]->view.instance.shmem[j].name);
    return true;
}

void weiss_notes_sweep(weiss_agent *agent)
{
    if (!agent->sweep || agent->sweeping || !agent->synced || agent->tasks > 0 || agent->settings.dry_run ||
        agent->stop || agent->connection == NULL || !weiss_look_idle(agent))
        return;
    sweep_task *task = calloc(1, sizeof *task);
    if (task == NULL || !list_kept(agent, task)) {
        free(task);
        return;
    }
    agent->sweep = false;
    agent->sweeping = true;
    task->task = (weiss_task){.run = sweep_run, .done = sweep_done, .drop = sweep_drop};
    task->agent = agent;
    task->settings = agent->settings;
    weiss_agent_hand(agent, &task->task, "doorbell");
}
