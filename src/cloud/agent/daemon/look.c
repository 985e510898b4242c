/* What is known of the domains, and how they are looked at. */
#include "cloud/agent/daemon/agent.h"
#include "cloud/agent/daemon/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** ms until a domain that libvirt would not describe is looked at again. */
#define RETRY 1000
/** ms: it is just ending when libvirt has told of it so lately (SHUTDOWN comes before STOPPED). */
#define HEARD 5000

typedef struct look_task {
    weiss_task task;
    weiss_agent *agent;
    virConnectPtr connection; /**< a reference */
    char uuid[WEISS_AGENT_UUID];
    unsigned ends;
    weiss_domain_view view;
    weiss_fault fault;
} look_task;

weiss_known *weiss_known_find(const weiss_agent *agent, const char *uuid)
{
    for (size_t i = 0; i < agent->n; i++)
        if (strcmp(agent->known[i]->uuid, uuid) == 0)
            return agent->known[i];
    return NULL;
}

weiss_known *weiss_known_get(weiss_agent *agent, const char *uuid)
{
    weiss_known *known = weiss_known_find(agent, uuid);
    if (known != NULL)
        return known;
    known = calloc(1, sizeof *known);
    weiss_known **longer = realloc(agent->known, (agent->n + 1) * sizeof *agent->known);
    if (longer != NULL)
        agent->known = longer;
    if (known == NULL || longer == NULL) {
        weiss_record(WEISS_PRIORITY_ERROR, "no-memory", "instance", uuid, NULL);
        free(known);
        return NULL;
    }
    snprintf(known->uuid, sizeof known->uuid, "%s", uuid);
    agent->known[agent->n++] = known;
    return known;
}

static void forget(weiss_agent *agent, weiss_known *known)
{
    size_t i = 0;
    while (agent->known[i] != known)
        i++;
    agent->known[i] = agent->known[--agent->n];
    free(known);
}

void weiss_known_free(weiss_agent *agent)
{
    for (size_t i = 0; i < agent->n; i++)
        free(agent->known[i]);
    free(agent->known);
    agent->known = NULL;
    agent->n = 0;
}

static void run(weiss_task *task)
{
    look_task *self = (look_task *)task;
    weiss_domain_look(self->connection, self->uuid, &self->view, &self->fault);
}

static void drop(weiss_task *task)
{
    look_task *self = (look_task *)task;
    virConnectClose(self->connection);
    free(self);
}

/** It does not run. */
static void end(weiss_agent *agent, weiss_known *known)
{
    weiss_act_ended(agent, known);
    weiss_groups_ends(agent->groups, known->uuid);
    weiss_orders_change(agent, known, false);
    known->runs = known->read = known->asked = false;
    known->facts_by = 0;
    agent->sweep = true;
}

/** What was seen becomes what is known. */
static void take(weiss_agent *agent, weiss_known *known, const weiss_domain_view *view)
{
    if (known->read && known->view.run != view->run)
        end(agent, known); /* it was started again, and the end of the run before was not heard of */
    if (view->wrong.code != 0 && (!known->read || strcmp(view->wrong.text, known->view.wrong.text) != 0))
        weiss_record(WEISS_PRIORITY_WARNING, "unreadable", "instance", known->uuid, "error", view->wrong.text,
                     NULL);
    known->ordered = known->ordered || (!known->read && weiss_orders_have(agent, known->uuid, view->run));
    known->view = *view;
    known->read = known->runs = true;
    weiss_act_seen(agent, known);
    weiss_decide(agent, known);
}

static void done(weiss_task *task)
{
    look_task *self = (look_task *)task;
    weiss_agent *agent = self->agent;
    weiss_known *known = weiss_known_find(agent, self->uuid);
    agent->tasks--;
    known->looking = false; /* it is never forgotten while a look is on its way */
    bool stale = known->ends != self->ends;
    if (self->view.state == WEISS_DOMAIN_UNKNOWN) {
        weiss_record(WEISS_PRIORITY_WARNING, "no-answer", "instance", known->uuid, "error", self->fault.text,
                     NULL);
        known->look_at = weiss_agent_clock() + RETRY;
    } else if (stale) {
        known->again = true;
    } else if (self->view.state == WEISS_DOMAIN_RUNS) {
        take(agent, known, &self->view);
    } else {
        if (known->runs && weiss_agent_clock() - known->heard > HEARD)
            weiss_record(WEISS_PRIORITY_NOTICE, "ended-unseen", "instance", known->uuid, "domain",
                         known->view.instance.domain, NULL);
        end(agent, known);
    }
    bool gone = !known->runs && !known->again && known->look_at == 0;
    if (known->again)
        weiss_look(agent, known);
    else if (gone)
        forget(agent, known);
    drop(task);
}

void weiss_look(weiss_agent *agent, weiss_known *known)
{
    known->again = known->looking || agent->connection == NULL;
    if (known->again)
        return; /* without a connection: the resync after the next one looks at all */
    look_task *task = calloc(1, sizeof *task);
    if (task == NULL) {
        known->look_at = weiss_agent_clock() + RETRY;
        return;
    }
    task->task = (weiss_task){.run = run, .done = done, .drop = drop};
    task->agent = agent;
    task->connection = agent->connection;
    virConnectRef(task->connection);
    snprintf(task->uuid, sizeof task->uuid, "%s", known->uuid);
    task->ends = known->ends;
    known->looking = true;
    known->look_at = 0;
    weiss_agent_hand(agent, &task->task, known->uuid);
}

void weiss_look_ended(weiss_agent *agent, weiss_known *known)
{
    known->ends++;
    known->started = 0;
    end(agent, known);
}

void weiss_look_check(weiss_agent *agent, int64_t now)
{
    for (size_t i = 0; i < agent->n; i++)
        if (agent->known[i]->look_at != 0 && now >= agent->known[i]->look_at && agent->connection != NULL)
            weiss_look(agent, agent->known[i]);
}

bool weiss_look_idle(const weiss_agent *agent)
{
    for (size_t i = 0; i < agent->n; i++)
        if (agent->known[i]->looking || agent->known[i]->again || agent->known[i]->look_at != 0)
            return false;
    return true;
}
