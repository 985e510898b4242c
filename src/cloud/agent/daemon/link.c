/* The connection to libvirt: its events, its end, and how it is made again. */
#include "cloud/agent/daemon/agent.h"
#include "cloud/agent/daemon/log.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** ms between attempts to connect: the first, and at most. */
#define RETRY 100
#define RETRY_MAX 5000
/** Seconds between signs of life, and how many may be missing: a libvirtd that hangs is given up. */
#define PULSE 5
#define PULSES 5
/** ms between two looks at all domains. libvirt does not tell of every end: not of a QEMU that dies while libvirtd is started. */
#define RESYNC 30000

/** Closes a connection. Each callback holds a reference to it. */
static void part(virConnectPtr connection, const int id[WEISS_AGENT_CALLBACKS]);

/** Connects, in a thread of the pool. */
typedef struct connect_task {
    weiss_task task;
    weiss_agent *agent;
    char uri[WEISS_AGENT_TEXT];
    virConnectPtr connection;
    int id[WEISS_AGENT_CALLBACKS];
    weiss_fault fault;
} connect_task;

/** Lists the domains that run. */
typedef struct list_task {
    weiss_task task;
    weiss_agent *agent;
    virConnectPtr connection; /**< a reference */
    bool told; /**< it is worth a line in the log */
    int count; /**< < 0: failed */
    char (*uuid)[WEISS_AGENT_UUID];
    weiss_fault fault;
} list_task;

static weiss_known *whose(weiss_agent *agent, virDomainPtr domain)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (virDomainGetUUIDString(domain, uuid) != 0)
        return NULL;
    return weiss_known_get(agent, uuid);
}

static int lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *data)
{
    weiss_agent *agent = data;
    weiss_known *known = whose(agent, domain);
    (void)connection, (void)detail;
    if (known == NULL)
        return 0;
    switch (event) {
    case VIR_DOMAIN_EVENT_STOPPED:
    case VIR_DOMAIN_EVENT_CRASHED: /* the process may be kept for a dump: the look tells whether it still runs */
        weiss_record(WEISS_PRIORITY_INFO, "ended", "instance", known->uuid, "domain",
                     virDomainGetName(domain), NULL);
        weiss_look_ended(agent, known);
        break;
    case VIR_DOMAIN_EVENT_STARTED:
        known->started = weiss_agent_clock();
        weiss_record(WEISS_PRIORITY_INFO, "started", "instance", known->uuid, "domain",
                     virDomainGetName(domain), "how",
                     detail == VIR_DOMAIN_EVENT_STARTED_RESTORED   ? "restored"
                     : detail == VIR_DOMAIN_EVENT_STARTED_MIGRATED ? "migrated"
                                                                   : "booted",
                     NULL);
        break;
    default:
        break;
    }
    weiss_look(agent, known);
    return 0;
}

static void metadata(virConnectPtr connection, virDomainPtr domain, int type, const char *uri, void *data)
{
    weiss_known *known = whose(data, domain);
    (void)connection, (void)type, (void)uri;
    if (known != NULL)
        weiss_look(data, known);
}

static void device_removed(virConnectPtr connection, virDomainPtr domain, const char *alias, void *data)
{
    weiss_known *known = whose(data, domain);
    (void)connection, (void)alias;
    if (known != NULL)
        weiss_look(data, known);
}

static void device_kept(virConnectPtr connection, virDomainPtr domain, const char *alias, void *data)
{
    weiss_known *known = whose(data, domain);
    (void)connection;
    if (known != NULL && strncmp(alias, "shmem", 5) == 0)
        weiss_act_kept(data, known);
}

static void closed(virConnectPtr connection, int reason, void *data)
{
    weiss_agent *agent = data;
    (void)reason;
    agent->lost =
        agent->lost || agent->connection == connection; /* libvirt holds a lock: closed in the next turn */
}

static void part(virConnectPtr connection, const int id[WEISS_AGENT_CALLBACKS])
{
    for (int i = 0; i < WEISS_AGENT_CALLBACKS; i++)
        if (id[i] >= 0)
            virConnectDomainEventDeregisterAny(connection, id[i]);
    virConnectUnregisterCloseCallback(connection, closed);
    virConnectClose(connection);
}

/** Events are registered before the domains are listed, so that none is lost in between. */
static int listen_to(virConnectPtr connection, weiss_agent *agent, int id[WEISS_AGENT_CALLBACKS],
                     weiss_fault *fault)
{
    const struct {
        int id;
        virConnectDomainEventGenericCallback call;
    } events[WEISS_AGENT_CALLBACKS] = {
        {VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(lifecycle)},
        {VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(metadata)},
        {VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(device_removed)},
        {VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, VIR_DOMAIN_EVENT_CALLBACK(device_kept)},
    };
    for (int i = 0; i < WEISS_AGENT_CALLBACKS; i++) {
        id[i] = virConnectDomainEventRegisterAny(connection, NULL, events[i].id, events[i].call, agent, NULL);
        if (id[i] < 0)
            return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt gives no events: %s",
                                   weiss_domain_error());
    }
    if (virConnectRegisterCloseCallback(connection, closed, agent, NULL) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt does not tell of its end: %s",
                               weiss_domain_error());
    return 0;
}

static void connect_run(weiss_task *task)
{
    connect_task *self = (connect_task *)task;
    self->connection = virConnectOpen(self->uri);
    if (self->connection == NULL) {
        weiss_fault_set(&self->fault, WEISS_ERR_SYSTEM,
                        "libvirt at %s cannot be reached: %s; is libvirtd started, and may this user use it?",
                        self->uri, weiss_domain_error());
        return;
    }
    /* One that runs in this process or does not answer pulses has none; it ends with the socket all the same. */
    virConnectSetKeepAlive(self->connection, PULSE, PULSES);
    if (listen_to(self->connection, self->agent, self->id, &self->fault) != 0) {
        part(self->connection, self->id);
        self->connection = NULL;
    }
}

static void connect_drop(weiss_task *task)
{
    connect_task *self = (connect_task *)task;
    if (self->connection != NULL)
        part(self->connection, self->id);
    free(self);
}

static int pause_after(int failures)
{
    int pause = RETRY;
    for (int i = 1; i < failures && pause < RETRY_MAX; i++)
        pause *= 2;
    return pause < RETRY_MAX ? pause : RETRY_MAX;
}

static void connect_done(weiss_task *task)
{
    connect_task *self = (connect_task *)task;
    weiss_agent *agent = self->agent;
    agent->tasks--;
    agent->connecting = false;
    if (self->connection == NULL) {
        if (strcmp(agent->link_trouble, self->fault.text) != 0)
            weiss_record(WEISS_PRIORITY_WARNING, "unreachable", "uri", self->uri, "error", self->fault.text,
                         NULL);
        snprintf(agent->link_trouble, sizeof agent->link_trouble, "%s", self->fault.text);
        agent->connect_at = weiss_agent_clock() + pause_after(++agent->failures);
    } else {
        weiss_record(WEISS_PRIORITY_NOTICE, "connected", "uri", self->uri, NULL);
        agent->connection = self->connection;
        memcpy(agent->callback, self->id, sizeof agent->callback);
        self->connection = NULL;
        agent->failures = 0;
        agent->link_trouble[0] = '\0';
        if (virConnectIsAlive(agent->connection) == 1) {
            weiss_link_resync(agent, true);
        } else {
            weiss_link_close(agent); /* it went before anybody listened to its end */
            agent->connect_at = weiss_agent_clock() + RETRY;
        }
    }
    connect_drop(task);
}

static void begin(weiss_agent *agent)
{
    connect_task *task = calloc(1, sizeof *task);
    if (task == NULL) {
        agent->connect_at = weiss_agent_clock() + RETRY_MAX;
        return;
    }
    task->task = (weiss_task){.run = connect_run, .done = connect_done, .drop = connect_drop};
    task->agent = agent;
    memset(task->id, -1, sizeof task->id);
    snprintf(task->uri, sizeof task->uri, "%s", agent->settings.uri);
    agent->connecting = true;
    agent->connect_at = 0;
    weiss_agent_hand(agent, &task->task, "connection");
}

void weiss_link_check(weiss_agent *agent, int64_t now)
{
    if (agent->lost) {
        weiss_record(WEISS_PRIORITY_WARNING, "disconnected", "uri", agent->settings.uri, NULL);
        snprintf(agent->link_trouble, sizeof agent->link_trouble, "libvirt has closed the connection");
        weiss_link_close(agent);
        agent->connect_at = now;
    }
    if (agent->connection == NULL && !agent->connecting && now >= agent->connect_at && !agent->stop)
        begin(agent);
    if (agent->connection != NULL && now >= agent->resync_at)
        weiss_link_resync(agent, false);
}

void weiss_link_close(weiss_agent *agent)
{
    agent->lost = false;
    if (agent->connection == NULL)
        return;
    part(agent->connection, agent->callback);
    agent->connection = NULL;
}

static void list_run(weiss_task *task)
{
    list_task *self = (list_task *)task;
    virDomainPtr *domains = NULL;
    self->count = virConnectListAllDomains(self->connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    if (self->count < 0)
        weiss_fault_set(&self->fault, WEISS_ERR_SYSTEM, "libvirt does not list its domains: %s",
                        weiss_domain_error());
    self->uuid = calloc((size_t)(self->count > 0 ? self->count : 0) + 1, sizeof *self->uuid);
    for (int i = 0; i < self->count; i++) {
        if (self->uuid != NULL)
            virDomainGetUUIDString(domains[i], self->uuid[i]);
        virDomainFree(domains[i]);
    }
    if (self->uuid == NULL)
        self->count = -1;
    free(domains);
}

static void list_drop(weiss_task *task)
{
    list_task *self = (list_task *)task;
    virConnectClose(self->connection);
    free(self->uuid);
    free(self);
}

static void list_done(weiss_task *task)
{
    list_task *self = (list_task *)task;
    weiss_agent *agent = self->agent;
    char count[WEISS_DIGITS];
    agent->tasks--;
    if (self->count < 0) {
        weiss_record(WEISS_PRIORITY_WARNING, "no-list", "error", self->fault.text, NULL);
        if (agent->connection == self->connection) {
            weiss_link_close(agent);
            agent->connect_at = weiss_agent_clock() + RETRY_MAX;
        }
    } else {
        if (self->told)
            weiss_record(WEISS_PRIORITY_INFO, "resync", "domains", weiss_digits(self->count, count), NULL);
        for (int i = 0; i < self->count; i++)
            weiss_known_get(agent, self->uuid[i]);
        for (size_t i = 0; i < agent->n;
             i++) /* also those that are not in the list: they end, or have just begun */
            weiss_look(agent, agent->known[i]);
        agent->listed = agent->listed != 0 ? agent->listed : weiss_agent_clock();
        agent->sweep = true;
    }
    list_drop(task);
}

void weiss_link_resync(weiss_agent *agent, bool told)
{
    list_task *task = agent->connection != NULL ? calloc(1, sizeof *task) : NULL;
    if (task == NULL)
        return;
    task->task = (weiss_task){.run = list_run, .done = list_done, .drop = list_drop};
    task->agent = agent;
    task->told = told;
    task->connection = agent->connection;
    virConnectRef(task->connection);
    agent->resync_at = weiss_agent_clock() + RESYNC;
    weiss_agent_hand(agent, &task->task, "list");
}
