#include "cloud/agent/daemon/desk.h"

#include "cloud/agent/daemon/log.h"
#include "cloud/agent/daemon/status.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <libvirt/libvirt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 16
#define LINE 4096
/** ms that a client may be silent, and that one waits for a release. */
#define PATIENCE 30000
#define RELEASE (WEISS_AGENT_DETACH_WAIT + 5000)

typedef struct client {
    weiss_agent *agent; /**< NULL: this place is free */
    int fd, watch;
    char in[LINE];
    size_t nin;
    char *out; /**< the answer; owned; NULL: none yet */
    size_t nout, sent;
    int64_t until; /**< ms; dropped then, or told that it takes too long */
    char waits_for[WEISS_AGENT_UUID]; /**< instance whose release it waits for; "": none */
} client;

struct weiss_desk {
    int fd, watch, lock;
    int64_t refused; /**< ms of the last line about who was refused */
    client client[CLIENTS];
};

static void drop(client *c)
{
    virEventRemoveHandle(c->watch);
    close(c->fd);
    free(c->out);
    *c = (client){.agent = NULL};
}

/** Sends what the socket takes; drops the client when it has all. */
static void flush(client *c)
{
    while (c->sent < c->nout) {
        ssize_t n = send(c->fd, c->out + c->sent, c->nout - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            virEventUpdateHandle(c->watch, VIR_EVENT_HANDLE_WRITABLE);
            return;
        }
        if (n < 0)
            break;
        c->sent += (size_t)n;
    }
    drop(c);
}

/** Sends an answer, which is put. */
static void answer(client *c, json_object *object)
{
    const char *text =
        json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    int length = text != NULL ? asprintf(&c->out, "%s\n", text) : -1;
    json_object_put(object);
    c->waits_for[0] = '\0';
    if (length < 0) {
        c->out = NULL;
        drop(c);
        return;
    }
    c->nout = (size_t)length;
    c->until = weiss_agent_clock() + PATIENCE;
    flush(c);
}

static void answer_text(client *c, const char *error)
{
    json_object *object = json_object_new_object();
    json_object_object_add(object, "ok", json_object_new_boolean(error == NULL));
    if (error != NULL)
        json_object_object_add(object, "error", json_object_new_string(error));
    answer(c, object);
}

static void release(client *c, weiss_known *known, bool yes)
{
    const weiss_facts *facts = weiss_facts_find(&c->agent->facts, known->uuid);
    const weiss_member *member = weiss_groups_find(c->agent->groups, known->uuid);
    if (c->agent->settings.dry_run) {
        answer_text(c, "this is a dry run: nothing is attached, so there is nothing to release");
        return;
    }
    if (member == NULL || (yes && !member->decision.shares && member->region[0] == '\0')) {
        answer_text(c, "it shares nothing, so there is nothing to release; `weiss agent why` says more");
        return;
    }
    weiss_orders_change(c->agent, known, yes);
    if (!yes && facts != NULL && facts->release) {
        answer_text(c, "its owner wants it released: it has metadata weiss:release");
        return;
    }
    weiss_groups_release(c->agent->groups, known->uuid, yes);
    weiss_record(WEISS_PRIORITY_NOTICE, yes ? "release-asked" : "share-asked", "instance", known->uuid,
                 "domain", known->view.instance.domain, NULL);
    if (!yes) {
        answer_text(c, NULL);
        return;
    }
    snprintf(c->waits_for, sizeof c->waits_for, "%s", known->uuid);
    c->until = weiss_agent_clock() + RELEASE;
    virEventUpdateHandle(c->watch, 0);
}

/** What is asked of one instance. */
static void serve_instance(client *c, const char *command, const char *name)
{
    weiss_fault fault = {0};
    weiss_known *known = weiss_status_find(c->agent, name != NULL ? name : "", &fault);
    if (known == NULL)
        answer_text(c, fault.text);
    else if (strcmp(command, "why") == 0)
        answer(c, weiss_status_why(c->agent, known));
    else
        release(c, known, strcmp(command, "release") == 0);
}

static void serve(client *c, size_t length)
{
    json_tokener *tokener = json_tokener_new();
    json_object *request = tokener != NULL ? json_tokener_parse_ex(tokener, c->in, (int)length) : NULL;
    const char *command = json_object_get_string(json_object_object_get(request, "command"));
    const char *instance = json_object_get_string(json_object_object_get(request, "instance"));
    if (command == NULL) {
        answer_text(c, "expected a line like {\"command\": \"status\"}");
    } else if (strcmp(command, "status") == 0) {
        answer(c, weiss_status_all(c->agent));
    } else if (strcmp(command, "resync") == 0) {
        weiss_link_resync(c->agent, true);
        answer_text(c,
                    c->agent->connection != NULL ? NULL : "there is no connection to libvirt; one is tried");
    } else if (strcmp(command, "why") == 0 || strcmp(command, "release") == 0 ||
               strcmp(command, "share") == 0) {
        serve_instance(c, command, instance);
    } else {
        answer_text(c, "there is no such command; there are status, why, release, share, resync");
    }
    json_object_put(request);
    if (tokener != NULL)
        json_tokener_free(tokener);
}

static void client_ready(int watch, int fd, int events, void *data)
{
    client *c = data;
    (void)watch;
    if (c->out != NULL) {
        flush(c);
        return;
    }
    ssize_t n = recv(fd, c->in + c->nin, sizeof c->in - c->nin, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR) &&
        !(events & (VIR_EVENT_HANDLE_ERROR | VIR_EVENT_HANDLE_HANGUP)))
        return;
    if (n <= 0 || c->waits_for[0] != '\0') {
        drop(c);
        return;
    }
    c->nin += (size_t)n;
    char *end = memchr(c->in, '\n', c->nin);
    if (end != NULL)
        serve(c, (size_t)(end - c->in));
    else if (c->nin == sizeof c->in)
        answer_text(c, "the request is too long");
}

/** Who may ask: root and this user. Says of others, at most once a second, that they were refused. */
static bool trusted(weiss_desk *desk, int fd)
{
    struct ucred who;
    socklen_t length = sizeof who;
    char pid[WEISS_DIGITS], uid[WEISS_DIGITS];
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0)
        return false;
    if (who.uid == 0 || who.uid == geteuid())
        return true;
    if (weiss_agent_clock() - desk->refused > 1000)
        weiss_record(WEISS_PRIORITY_WARNING, "refused", "pid", weiss_digits(who.pid, pid), "uid",
                     weiss_digits(who.uid, uid), NULL);
    desk->refused = weiss_agent_clock();
    return false;
}

static void visitor(int watch, int fd, int events, void *data)
{
    weiss_agent *agent = data;
    client *c = NULL;
    (void)watch, (void)events;
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0)
        return;
    for (int i = 0; i < CLIENTS && c == NULL; i++)
        if (agent->desk->client[i].agent == NULL)
            c = &agent->desk->client[i];
    if (c == NULL || !trusted(agent->desk, connection)) {
        close(connection);
        return;
    }
    *c = (client){.agent = agent, .fd = connection, .until = weiss_agent_clock() + PATIENCE};
    c->watch = virEventAddHandle(connection, VIR_EVENT_HANDLE_READABLE, client_ready, c, NULL);
    if (c->watch < 0) {
        close(connection);
        *c = (client){.agent = NULL};
    }
}

/** Whether the release that a client waits for has come to an end. */
static void check_release(client *c)
{
    const weiss_member *member = weiss_groups_find(c->agent->groups, c->waits_for);
    const weiss_known *known = weiss_known_find(c->agent, c->waits_for);
    if (known != NULL && (known->acting > 0 || known->detaching))
        return;
    if (member == NULL || member->region[0] == '\0')
        answer_text(c, NULL);
    else if (!member->released)
        answer_text(c, "it was shared again meanwhile");
    else if (member->attempts > 0 && member->trouble[0] != '\0')
        answer_text(c, member->trouble);
}

void weiss_desk_check(weiss_agent *agent, int64_t now)
{
    for (int i = 0; i < CLIENTS; i++) {
        client *c = &agent->desk->client[i];
        if (c->agent != NULL && c->waits_for[0] != '\0')
            check_release(c);
        if (c->agent != NULL && now >= c->until) {
            if (c->waits_for[0] != '\0')
                answer_text(c, "the device is not given up yet; it is asked again, see `weiss agent status`");
            else
                drop(c);
        }
    }
}

int64_t weiss_desk_due(const weiss_desk *desk)
{
    int64_t due = 0;
    for (int i = 0; i < CLIENTS; i++)
        if (desk->client[i].agent != NULL && (due == 0 || desk->client[i].until < due))
            due = desk->client[i].until;
    return due;
}

/** The directory, where only this user can write, and a lock in it, so that there is one agent. Others may enter it when this
 *  is root: QEMU's user has to, to reach the sockets of doorbells. */
static int occupy(const weiss_agent *agent, weiss_desk *desk, weiss_fault *fault)
{
    const char *run = agent->settings.run;
    char path[WEISS_AGENT_TEXT + 32];
    struct stat status;
    if (mkdir(run, 0700) == 0) {
        if (geteuid() == 0 && chmod(run, 0755) != 0)
            return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: %s", run, strerror(errno));
    } else if (errno != EEXIST)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "[agent] run: %s cannot be made: %s", run,
                               strerror(errno));
    if (lstat(run, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid() ||
        (status.st_mode & 022) != 0)
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "[agent] run: %s must be a directory of this user that nobody else can write to", run);
    desk->lock = open(weiss_notes_path(&agent->settings, "lock", path),
                      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (desk->lock < 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: %s", path, strerror(errno));
    if (flock(desk->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_FILE,
        "another weiss-agentd runs with %s; stop it first, or give this one another directory ([agent] "
        "run)",
        run);
}

static int listen_there(const weiss_agent *agent, weiss_desk *desk, weiss_fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[WEISS_AGENT_TEXT + 32];
    weiss_notes_path(&agent->settings, "control", path);
    if (strlen(path) >= sizeof address.sun_path)
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "[agent] run: the path is too long for a socket: at most %zu bytes",
                               sizeof address.sun_path - sizeof "/control");
    memcpy(address.sun_path, path, strlen(path) + 1);
    unlink(path); /* of an agent that was killed: the lock says that none runs */
    desk->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Nobody can connect before it listens. */
    if (desk->fd >= 0 && bind(desk->fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        chmod(path, 0600) == 0 && listen(desk->fd, 64) == 0)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_FILE, "the socket %s cannot be made: %s", path, strerror(errno));
}

int weiss_desk_open(weiss_agent *agent, weiss_fault *fault)
{
    weiss_desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    desk->fd = desk->lock = desk->watch = -1;
    agent->desk = desk;
    int code = occupy(agent, desk, fault);
    if (code == 0)
        code = listen_there(agent, desk, fault);
    if (code == 0) {
        desk->watch = virEventAddHandle(desk->fd, VIR_EVENT_HANDLE_READABLE, visitor, agent, NULL);
        return 0;
    }
    weiss_desk_close(agent);
    return code;
}

void weiss_desk_close(weiss_agent *agent)
{
    weiss_desk *desk = agent->desk;
    char path[WEISS_AGENT_TEXT + 32];
    if (desk == NULL)
        return;
    for (int i = 0; i < CLIENTS; i++)
        if (desk->client[i].agent != NULL)
            drop(&desk->client[i]);
    if (desk->watch >= 0)
        virEventRemoveHandle(desk->watch);
    if (desk->fd >= 0) {
        unlink(weiss_notes_path(&agent->settings, "control", path));
        close(desk->fd);
    }
    if (desk->lock >= 0)
        close(desk->lock);
    free(desk);
    agent->desk = NULL;
}
