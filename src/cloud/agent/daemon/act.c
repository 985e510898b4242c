/* Actions: what the model wants done is done by the pool, and the model hears how it went.
 *
 * The model tries what failed again after a while. When room has come (a region was removed, settings were read), waiting is over: its
 * clock is put ahead to the next attempt. */
#include "cloud/agent/daemon/agent.h"
#include "cloud/agent/daemon/backing.h"
#include "cloud/agent/daemon/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct act_task {
    weiss_task task;
    weiss_agent *agent;
    virConnectPtr connection; /**< a reference; NULL: none is needed, or there is none */
    weiss_agent_settings settings; /**< a copy */
    weiss_action action;
    int64_t begun;
    int code;
    bool lost; /**< the region is not what was made */
    weiss_fault fault;
} act_task;

static const char *const names[] = {[WEISS_ACTION_MAKE] = "make",
                                    [WEISS_ACTION_ATTACH] = "attach",
                                    [WEISS_ACTION_DETACH] = "detach",
                                    [WEISS_ACTION_REMOVE] = "remove"};
static const char *const done_names[] = {[WEISS_ACTION_MAKE] = "made",
                                         [WEISS_ACTION_ATTACH] = "attached",
                                         [WEISS_ACTION_DETACH] = "detached",
                                         [WEISS_ACTION_REMOVE] = "removed"};

int64_t weiss_agent_time(const weiss_agent *agent)
{
    return weiss_agent_clock() + agent->ahead;
}

void weiss_act_hurry(weiss_agent *agent)
{
    int64_t due;
    /* One failure after the other comes due; the bound is only there to end. */
    for (int i = 0; i < 1000 && (due = weiss_groups_due(agent->groups, weiss_agent_time(agent))) > 0; i++)
        agent->ahead += due;
}

/** QEMU would make a file that is missing, readable by all: so it is looked at first. */
static void attach(act_task *self)
{
    char socket[WEISS_BACKING_PATH];
    const weiss_action *a = &self->action;
    const weiss_shmem_device device = {.region = a->region,
                                       .bytes = a->bytes,
                                       .socket = weiss_backing_socket(&self->settings, a->region, socket),
                                       .vectors = self->settings.vectors,
                                       .port = -1};
    self->code = weiss_backing_check(&self->settings, a->region, a->bytes, &self->fault);
    self->lost = self->code == WEISS_ERR_FILE;
    if (self->code == 0)
        self->code = weiss_domain_attach(self->connection, a->uuid, a->run, &device, &self->fault);
}

static void run(weiss_task *task)
{
    act_task *self = (act_task *)task;
    const weiss_action *a = &self->action;
    bool domain = a->kind == WEISS_ACTION_ATTACH || a->kind == WEISS_ACTION_DETACH;
    if (domain && self->connection == NULL)
        self->code = weiss_fault_set(&self->fault, WEISS_ERR_SYSTEM, "there is no connection to libvirt");
    else if (a->kind == WEISS_ACTION_MAKE)
        self->code = weiss_backing_make(&self->settings, a->region, a->bytes, &self->fault);
    else if (a->kind == WEISS_ACTION_REMOVE)
        self->code = weiss_backing_remove(&self->settings, a->region, &self->fault);
    else if (a->kind == WEISS_ACTION_ATTACH)
        attach(self);
    else
        self->code = weiss_domain_detach(self->connection, a->uuid, a->run, a->region, &self->fault);
}

static void drop(weiss_task *task)
{
    act_task *self = (act_task *)task;
    if (self->connection != NULL)
        virConnectClose(self->connection);
    free(self);
}

/** Writes a line about an action. @param error  NULL: it was done */
static void tell(const weiss_agent *agent, const weiss_action *a, int64_t begun, const char *error)
{
    char event[32], bytes[WEISS_DIGITS], ms[WEISS_DIGITS], since[WEISS_DIGITS];
    const weiss_known *known = a->uuid[0] != '\0' ? weiss_known_find(agent, a->uuid) : NULL;
    int64_t now = weiss_agent_clock();
    bool timed = known != NULL && known->started != 0 && a->kind == WEISS_ACTION_ATTACH;
    snprintf(event, sizeof event, "%s%s", error != NULL ? names[a->kind] : done_names[a->kind],
             error != NULL ? "-failed" : "");
    weiss_record(error != NULL ? WEISS_PRIORITY_WARNING : WEISS_PRIORITY_NOTICE, event, "region", a->region,
                 "group", a->group, "bytes", weiss_digits(a->bytes, bytes), "instance", a->uuid, "domain",
                 known != NULL ? known->view.instance.domain : NULL, "ms", weiss_digits(now - begun, ms),
                 "after_start_ms", timed ? weiss_digits(now - known->started, since) : NULL, "error", error,
                 NULL);
}

/** Tells the model, and writes what is kept. */
static void conclude(weiss_agent *agent, const weiss_action *a, int64_t begun, const char *error)
{
    weiss_known *known = a->uuid[0] != '\0' ? weiss_known_find(agent, a->uuid) : NULL;
    tell(agent, a, begun, error);
    weiss_groups_done(agent->groups, a, error, weiss_agent_time(agent));
    if (a->kind == WEISS_ACTION_MAKE || a->kind == WEISS_ACTION_REMOVE)
        weiss_notes_write(agent);
    if (error == NULL && a->kind == WEISS_ACTION_REMOVE)
        weiss_act_hurry(agent);
    if (error == NULL && known != NULL) {
        known->started = 0;
        agent->sweep = agent->sweep || a->kind == WEISS_ACTION_DETACH;
        weiss_look(agent, known); /* what is known of its devices has changed */
    }
}

/** The guest was asked; it has some time. */
static void await(weiss_agent *agent, const weiss_action *a)
{
    weiss_known *known = weiss_known_find(agent, a->uuid);
    if (known == NULL || !known->runs || known->view.run != a->run) {
        conclude(agent, a, weiss_agent_clock(), "the domain has ended meanwhile");
        return;
    }
    known->detaching = true;
    known->detach = *a;
    known->detach_by = weiss_agent_clock() + WEISS_AGENT_DETACH_WAIT;
    weiss_look(agent, known); /* the answer may have come before this */
}

static void done(weiss_task *task)
{
    act_task *self = (act_task *)task;
    weiss_agent *agent = self->agent;
    const weiss_action *a = &self->action;
    weiss_known *known = a->uuid[0] != '\0' ? weiss_known_find(agent, a->uuid) : NULL;
    agent->tasks--;
    if (known != NULL && known->acting > 0)
        known->acting--;
    if (a->kind == WEISS_ACTION_MAKE)
        agent->making -= a->bytes;
    if (a->kind == WEISS_ACTION_DETACH && self->code == WEISS_RETRY)
        await(agent, a);
    else
        conclude(agent, a, self->begun, self->code != 0 ? self->fault.text : NULL);
    if (self->lost) {
        weiss_record(WEISS_PRIORITY_WARNING, "lost", "region", a->region, "error", self->fault.text, NULL);
        weiss_groups_lose(agent->groups, a->region);
        weiss_notes_write(agent);
    }
    drop(task);
}

/** Room of [share] total. @return true when a region of @p bytes fits beside what is there */
static bool fits(const weiss_agent *agent, int64_t bytes, char *why, size_t size)
{
    int64_t used = agent->making;
    for (size_t i = 0; i < weiss_groups_regions(agent->groups); i++) {
        const weiss_group_region *region = weiss_groups_region(agent->groups, i);
        used += region->made ? region->bytes : 0;
    }
    if (used + bytes <= agent->settings.total)
        return true;
    snprintf(why, size,
             "no room for a region of %" PRId64 " MiB: regions of this host have %" PRId64
             " MiB of the %" PRId64
             " MiB that [share] total allows; it is tried again when another region goes",
             bytes >> 20, used >> 20, agent->settings.total >> 20);
    return false;
}

static const char *key_of(const weiss_agent *agent, const weiss_action *a)
{
    if (a->kind == WEISS_ACTION_ATTACH || a->kind == WEISS_ACTION_DETACH)
        return a->uuid;
    return agent->settings.doorbell ? "doorbell" : a->region;
}

static void hand(weiss_agent *agent, const weiss_action *a)
{
    char why[WEISS_FAULT_TEXT];
    weiss_known *known = a->uuid[0] != '\0' ? weiss_known_find(agent, a->uuid) : NULL;
    act_task *task = NULL;
    if (a->kind == WEISS_ACTION_MAKE && !fits(agent, a->bytes, why, sizeof why)) {
        conclude(agent, a, weiss_agent_clock(), why);
        return;
    }
    task = calloc(1, sizeof *task);
    if (task == NULL) {
        conclude(agent, a, weiss_agent_clock(), "out of memory");
        return;
    }
    task->task = (weiss_task){.run = run, .done = done, .drop = drop};
    task->agent = agent;
    task->settings = agent->settings;
    task->action = *a;
    task->begun = weiss_agent_clock();
    task->connection = agent->connection;
    if (task->connection != NULL)
        virConnectRef(task->connection);
    if (a->kind == WEISS_ACTION_MAKE)
        agent->making += a->bytes;
    if (known != NULL)
        known->acting++;
    weiss_agent_hand(agent, &task->task, key_of(agent, a));
}

/** A region of the notes seems to be nobody's until its members were looked at. A domain that hangs is not waited for for ever. */
static bool synced(weiss_agent *agent)
{
    bool all = agent->listed != 0 && weiss_look_idle(agent);
    for (size_t i = 0; all && i < agent->n; i++)
        all = agent->known[i]->facts_by == 0;
    agent->synced = agent->synced || all ||
                    (agent->listed != 0 && weiss_agent_clock() >= agent->listed + WEISS_AGENT_SYNC_WAIT);
    return agent->synced;
}

void weiss_act(weiss_agent *agent)
{
    weiss_action action;
    if (!synced(agent) || agent->settings.dry_run || agent->stop || agent->sweeping)
        return;
    while (weiss_groups_next(agent->groups, weiss_agent_time(agent), &action))
        hand(agent, &action);
}

void weiss_act_seen(weiss_agent *agent, weiss_known *known)
{
    if (!known->detaching)
        return;
    for (int i = 0; i < known->view.instance.nshmems; i++)
        if (strcmp(known->view.instance.shmem[i].name, known->detach.region) == 0)
            return;
    known->detaching = false;
    conclude(agent, &known->detach, known->detach_by - WEISS_AGENT_DETACH_WAIT, NULL);
}

static void give_up(weiss_agent *agent, weiss_known *known, const char *why)
{
    known->detaching = false;
    conclude(agent, &known->detach, known->detach_by - WEISS_AGENT_DETACH_WAIT, why);
}

void weiss_act_kept(weiss_agent *agent, weiss_known *known)
{
    if (known->detaching)
        give_up(agent, known, "the guest refuses to give the device up; it is asked again later");
}

void weiss_act_ended(weiss_agent *agent, weiss_known *known)
{
    if (known->detaching)
        give_up(agent, known, "the domain has ended meanwhile");
}

void weiss_act_check(weiss_agent *agent, int64_t now)
{
    for (size_t i = 0; i < agent->n; i++)
        if (agent->known[i]->detaching && now >= agent->known[i]->detach_by)
            give_up(agent, agent->known[i],
                    "the guest does not answer the request to give the device up (is its system booted, has "
                    "it PCI hot "
                    "plug?); it keeps the device, and is asked again later");
}
