#include "cloud/agent/daemon/run.h"

#include "cloud/agent/daemon/agent.h"
#include "cloud/agent/daemon/desk.h"
#include "cloud/agent/daemon/log.h"
#include "cloud/agent/region-file.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <json-c/json.h>
#include <libxml/parser.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/** Threads for what may take long. libvirtd answers five calls of a client at a time. */
#define THREADS 4
/** ms that these get at the end. */
#define FAREWELL 3000

void weiss_agent_hand(weiss_agent *agent, weiss_task *task, const char *key)
{
    snprintf(task->key, sizeof task->key, "%s", key);
    agent->tasks++;
    weiss_pool_add(agent->pool, task);
}

static void keep_quiet(void *data, virErrorPtr error)
{
    (void)data, (void)error;
}

static int read_settings(const weiss_agent *agent, weiss_agent_settings *settings, weiss_fault *fault)
{
    weiss_agent_settings_default(settings);
    if (agent->config != NULL)
        WEISS_FAULT_TRY(weiss_agent_settings_read(settings, agent->config, fault));
    else if (access(WEISS_AGENT_FILE, F_OK) == 0)
        WEISS_FAULT_TRY(weiss_agent_settings_read(settings, WEISS_AGENT_FILE, fault));
    settings->dry_run = settings->dry_run || agent->dry_run;
    return 0;
}

static void take_facts(weiss_agent *agent)
{
    weiss_facts_table table = {0};
    weiss_fault fault = {0};
    char path[WEISS_AGENT_TEXT + 32], count[WEISS_DIGITS];
    int code = weiss_asker_take(agent->asker, &table, &fault);
    if (code == WEISS_RETRY)
        return;
    if (code != 0) {
        if (strcmp(agent->api_trouble, fault.text) != 0)
            weiss_record(WEISS_PRIORITY_WARNING, "api-away", "error", fault.text, NULL);
        snprintf(agent->api_trouble, sizeof agent->api_trouble, "%s", fault.text);
        weiss_decide_waiting(agent);
        return;
    }
    if (agent->api_trouble[0] != '\0' || agent->facts.taken == 0)
        weiss_record(WEISS_PRIORITY_NOTICE, "api-reached", "instances", weiss_digits((int64_t)table.n, count),
                     NULL);
    agent->api_trouble[0] = '\0';
    weiss_facts_clear(&agent->facts);
    agent->facts = table;
    weiss_fault_clear(&fault);
    if (weiss_facts_save(&agent->facts, weiss_notes_path(&agent->settings, "facts.json", path), &fault) != 0)
        weiss_record(WEISS_PRIORITY_ERROR, "notes-failed", "error", fault.text, NULL);
    weiss_decide_all(agent);
}

static void facts_ready(int watch, int fd, int events, void *data)
{
    (void)watch, (void)fd, (void)events;
    if (((weiss_agent *)data)->asker != NULL)
        take_facts(data);
}

/** Starts to ask the API, when the settings name one. */
static int open_asker(weiss_agent *agent, weiss_fault *fault)
{
    if (agent->settings.auth_url[0] == '\0')
        return 0;
    WEISS_FAULT_TRY(weiss_asker_open(&agent->settings, &agent->asker, fault));
    agent->asker_watch = virEventAddHandle(weiss_asker_descriptor(agent->asker), VIR_EVENT_HANDLE_READABLE,
                                           facts_ready, agent, NULL);
    return 0;
}

static void close_asker(weiss_agent *agent)
{
    if (agent->asker == NULL)
        return;
    virEventRemoveHandle(agent->asker_watch);
    weiss_asker_close(agent->asker);
    agent->asker = NULL;
}

/** SIGHUP: what can change without a restart does. */
static void reload(weiss_agent *agent)
{
    weiss_agent_settings settings;
    weiss_fault fault = {0};
    agent->reload = false;
    if (read_settings(agent, &settings, &fault) != 0) {
        weiss_record(WEISS_PRIORITY_ERROR, "not-reloaded", "error", fault.text, NULL);
        return;
    }
    if (strcmp(settings.uri, agent->settings.uri) != 0 || strcmp(settings.run, agent->settings.run) != 0 ||
        strcmp(settings.directory, agent->settings.directory) != 0 ||
        settings.doorbell != agent->settings.doorbell)
        weiss_record(WEISS_PRIORITY_WARNING, "restart-needed", "why",
                     "uri, run, directory and device take effect when the agent is started again", NULL);
    memcpy(settings.uri, agent->settings.uri, sizeof settings.uri);
    memcpy(settings.run, agent->settings.run, sizeof settings.run);
    memcpy(settings.directory, agent->settings.directory, sizeof settings.directory);
    settings.doorbell = agent->settings.doorbell;
    close_asker(agent);
    agent->settings = settings;
    if (open_asker(agent, &fault) != 0)
        weiss_record(WEISS_PRIORITY_ERROR, "api-away", "error", fault.text, NULL);
    weiss_record(WEISS_PRIORITY_NOTICE, "reloaded", NULL);
    weiss_act_hurry(agent);
    weiss_decide_all(agent);
}

static void signalled(int watch, int fd, int events, void *data)
{
    weiss_agent *agent = data;
    struct signalfd_siginfo info;
    (void)watch, (void)events;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        agent->reload = agent->reload || info.ssi_signo == SIGHUP;
        agent->stop = agent->stop || info.ssi_signo != SIGHUP;
    }
}

static void collect(int watch, int fd, int events, void *data)
{
    (void)watch, (void)fd, (void)events;
    weiss_pool_collect(((weiss_agent *)data)->pool);
}

static void tick(int timer, void *data)
{
    (void)data;
    virEventUpdateTimeout(timer, -1); /* the turn that follows sets it anew */
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/** ms of the next thing that is due; 0: nothing is. */
static int64_t next_due(const weiss_agent *agent)
{
    int64_t wait = weiss_groups_due(agent->groups, weiss_agent_time(agent)),
            due = weiss_desk_due(agent->desk);
    if (wait >= 0 && agent->synced && !agent->settings.dry_run)
        due = sooner(due, weiss_agent_clock() + (wait > 0 ? wait : 1));
    if (agent->listed != 0 && !agent->synced)
        due = sooner(due, agent->listed + WEISS_AGENT_SYNC_WAIT);
    if (agent->connection != NULL)
        due = sooner(due, agent->resync_at);
    if (agent->connection == NULL && !agent->connecting)
        due = sooner(due, agent->connect_at);
    for (size_t i = 0; i < agent->n; i++) {
        const weiss_known *known = agent->known[i];
        due = sooner(due, known->look_at);
        due = sooner(due, known->facts_by);
        due = sooner(due, known->detaching ? known->detach_by : 0);
    }
    return due;
}

void weiss_agent_turn(weiss_agent *agent)
{
    int64_t now = weiss_agent_clock();
    if (agent->reload)
        reload(agent);
    weiss_link_check(agent, now);
    weiss_look_check(agent, now);
    weiss_decide_check(agent, now);
    weiss_act_check(agent, now);
    weiss_act(agent);
    weiss_notes_sweep(agent);
    weiss_desk_check(agent, now);
    int64_t due = next_due(agent), left = due - weiss_agent_clock();
    virEventUpdateTimeout(agent->timer, due == 0 ? -1 : left < 1 ? 1 : left > 60000 ? 60000 : (int)left);
}

/** What the loop watches beside libvirt. */
static int watch_all(weiss_agent *agent, weiss_fault *fault)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "signalfd: %s", strerror(errno));
    agent->signals = fd;
    agent->timer = virEventAddTimeout(-1, tick, agent, NULL);
    if (agent->timer < 0 || virEventAddHandle(fd, VIR_EVENT_HANDLE_READABLE, signalled, agent, NULL) < 0 ||
        virEventAddHandle(weiss_pool_descriptor(agent->pool), VIR_EVENT_HANDLE_READABLE, collect, agent,
                          NULL) < 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt's loop takes nothing to watch: %s",
                               weiss_domain_error());
    return 0;
}

/** What was noted before a restart. What cannot be read is told and gone without. */
static void remember(weiss_agent *agent)
{
    char path[WEISS_AGENT_TEXT + 32];
    weiss_fault fault = {0};
    if (weiss_notes_read(agent, &fault) != 0)
        weiss_record(WEISS_PRIORITY_ERROR, "notes-failed", "error", fault.text, NULL);
    weiss_orders_read(agent);
    weiss_fault_clear(&fault);
    if (agent->settings.auth_url[0] != '\0' &&
        weiss_facts_load(&agent->facts, weiss_notes_path(&agent->settings, "facts.json", path), &fault) != 0)
        weiss_record(WEISS_PRIORITY_ERROR, "notes-failed", "error", fault.text, NULL);
}

static int prepare(weiss_agent *agent, weiss_fault *fault)
{
    WEISS_FAULT_TRY(read_settings(agent, &agent->settings, fault));
    if (virInitialize() != 0 || virEventRegisterDefaultImpl() != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt cannot be used: %s", weiss_domain_error());
    virSetErrorFunc(NULL, keep_quiet);
    xmlInitParser();
    agent->since = time(NULL);
    agent->groups = weiss_groups_new(weiss_region_file_name, NULL);
    if (agent->groups == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    WEISS_FAULT_TRY(weiss_desk_open(agent, fault));
    remember(agent);
    /* Signals are blocked before the first thread is there, so that none takes them. */
    WEISS_FAULT_TRY(weiss_pool_open(THREADS, &agent->pool, fault));
    WEISS_FAULT_TRY(watch_all(agent, fault));
    return open_asker(agent, fault);
}

static void end(weiss_agent *agent)
{
    close_asker(agent);
    if (!weiss_pool_close(agent->pool, FAREWELL)) {
        weiss_record(WEISS_PRIORITY_WARNING, "hung", "why",
                     "libvirt has not answered; what was asked of it is left alone", NULL);
        weiss_desk_close(agent);
        _exit(0);
    }
    weiss_link_close(agent);
    weiss_desk_close(agent);
    if (agent->signals >= 0)
        close(agent->signals);
    weiss_known_free(agent);
    json_object_put(agent->orders);
    weiss_groups_free(agent->groups);
    weiss_facts_clear(&agent->facts);
}

int weiss_agent_run(const char *config, bool dry_run, weiss_fault *fault)
{
    weiss_agent agent = {.config = config, .dry_run = dry_run, .signals = -1};
    int code = prepare(&agent, fault);
    if (code == 0) {
        weiss_record(WEISS_PRIORITY_NOTICE, "ready", "version", WEISS_VERSION, "run", agent.settings.run,
                     "uri", agent.settings.uri, "dry_run", agent.settings.dry_run ? "yes" : "no", NULL);
        weiss_agent_notify("READY=1");
    }
    while (code == 0 && !agent.stop) {
        weiss_agent_turn(&agent);
        if (virEventRunDefaultImpl() != 0)
            code =
                weiss_fault_set(fault, WEISS_ERR_SYSTEM, "libvirt's loop failed: %s", weiss_domain_error());
    }
    if (code == 0) {
        weiss_agent_notify("STOPPING=1");
        weiss_record(WEISS_PRIORITY_NOTICE, "stopping", NULL);
    }
    end(&agent);
    return code;
}
