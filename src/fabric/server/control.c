#include "fabric/server/control.h"

#include "fabric/server/group.h"
#include "fabric/server/request.h"
#include "fabric/server/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 16

/** ms that a client may be silent, and until the socket is tried again after a failure. */
#define PATIENCE 30000
#define RETRY 1000

struct weiss_client {
    weiss_watch watch; /**< the first member */
    weiss_control *control; /**< borrowed */
    weiss_client *next;
    char in[WEISS_REQUEST_LINE];
    size_t nin;
    char *out; /**< answer on its way; owned; NULL: none */
    size_t nout, sent;
    uint64_t moved; /**< weiss_now() when it last sent or took something */
    bool waiting; /**< for a group, or the end of the server */
    bool last; /**< it sends no more: closed after its answer */
};

struct weiss_control {
    weiss_watch watch; /**< the first member */
    weiss_server *server; /**< borrowed */
    weiss_listener listener;
    char path[WEISS_SOCKET_PATH];
    weiss_client *clients; /**< owned list */
    weiss_client *stopper; /**< who asked for the end */
    int nclients;
    uint64_t retry; /**< weiss_now() from which connections are taken again; 0: now */
    weiss_seldom refusals;
};

int weiss_control_path(const char *run_directory, char out[WEISS_SOCKET_PATH], weiss_fault *fault)
{
    if (snprintf(out, WEISS_SOCKET_PATH, "%s/control", run_directory) < WEISS_SOCKET_PATH)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_VALUE,
                           "the path of the run directory is too long: at most %d bytes",
                           WEISS_SOCKET_PATH - 1 - (int)strlen("/control"));
}

static void drop(weiss_client *client)
{
    weiss_control *control = client->control;
    weiss_client **link = &control->clients;
    for (weiss_group *group = control->server->groups; group != NULL; group = group->next)
        if (group->asked == client)
            group->asked = NULL;
    if (control->stopper == client)
        control->stopper = NULL;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    control->nclients--;
    free(client->out);
    weiss_loop_bury(&control->server->loop, &client->watch);
}

/** Sends what the socket takes of the answer. False when the client is gone. */
static bool flush(weiss_client *client)
{
    while (client->sent < client->nout) {
        ssize_t n = send(client->watch.fd, client->out + client->sent, client->nout - client->sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        client->sent += (size_t)n;
        client->moved = weiss_now();
    }
    free(client->out);
    client->out = NULL;
    return true;
}

/** Stores an answer, which is put. */
static void answer(weiss_client *client, json_object *object)
{
    const char *text =
        json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    int length = text != NULL ? asprintf(&client->out, "%s\n", text) : -1;
    if (length < 0)
        client->out = NULL;
    client->nout = length > 0 ? (size_t)length : 0;
    client->sent = 0;
    client->last = client->last || length < 0;
    client->waiting = false;
    client->moved = weiss_now();
    json_object_put(object);
}

static void answer_fault(weiss_client *client, const weiss_fault *fault)
{
    json_object *object = json_object_new_object();
    json_object_object_add(object, "ok", json_object_new_boolean(fault == NULL));
    if (fault != NULL)
        json_object_object_add(object, "error", json_object_new_string(fault->text));
    answer(client, object);
}

static int add_group(weiss_client *client, const weiss_request *request, weiss_fault *fault)
{
    weiss_server *server = client->control->server;
    weiss_group_spec spec;
    weiss_group *group;
    int code = weiss_group_spec_parse(request->group, server->settings->run_directory, &spec, fault);
    if (code == 0)
        code = weiss_server_add(server, &spec, &group, fault);
    if (code != 0)
        return code;
    group->asked = client;
    client->waiting = true;
    return 0;
}

static int remove_group(weiss_client *client, const weiss_request *request, weiss_fault *fault)
{
    weiss_group *group = weiss_group_name_valid(request->group)
                             ? weiss_server_find(client->control->server, request->group)
                             : NULL;
    if (group == NULL)
        return weiss_fault_set(fault, WEISS_ERR_VALUE,
                               "there is no group of that name; `--status` lists them");
    if (group->state != WEISS_GROUP_READY && group->state != WEISS_GROUP_CLEANING)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "group %s is %s; try again later", group->spec.name,
                               weiss_group_state_name(group->state));
    if (group->npeers > 0 && !request->force)
        return weiss_fault_set(
            fault, WEISS_ERR_VALUE,
            "group %s has %u peers (process %ld, for one), which would lose its memory; stop them "
            "first, or add --force",
            group->spec.name, group->npeers, (long)group->peers->pid);
    weiss_group_remove(group);
    group->asked = client;
    client->waiting = true;
    return 0;
}

static void serve(weiss_client *client, const char *line, size_t length)
{
    weiss_server *server = client->control->server;
    weiss_request request;
    weiss_fault fault = {0};
    int code = weiss_request_parse(line, length, &request, &fault);
    if (code == 0 && server->stopping)
        code = weiss_fault_set(&fault, WEISS_ERR_VALUE, "the server is stopping");
    if (code == 0 && request.kind == WEISS_REQUEST_STATUS)
        answer(client, weiss_status_json(server));
    else if (code == 0 && request.kind == WEISS_REQUEST_ADD)
        code = add_group(client, &request, &fault);
    else if (code == 0 && request.kind == WEISS_REQUEST_REMOVE)
        code = remove_group(client, &request, &fault);
    else if (code == 0) {
        weiss_log("asked to stop");
        server->stopping = true;
        client->control->stopper = client;
        client->waiting = true;
    }
    if (code != 0)
        answer_fault(client, &fault);
}

/** Serves the first complete line, if there is one and nothing else is going on. */
static bool serve_next(weiss_client *client)
{
    char *end = memchr(client->in, '\n', client->nin);
    if (client->waiting || client->out != NULL || end == NULL)
        return false;
    size_t length = (size_t)(end - client->in);
    serve(client, client->in, length);
    client->nin -= length + 1;
    memmove(client->in, end + 1, client->nin);
    return true;
}

/** Serves and sends as far as it goes. Drops the client when it is gone or done. */
static void advance(weiss_client *client)
{
    do {
        if (client->out == NULL && !client->waiting && client->nin == sizeof client->in &&
            memchr(client->in, '\n', client->nin) == NULL) {
            weiss_fault fault = {0};
            weiss_fault_set(&fault, WEISS_ERR_SYNTAX, "the request is longer than %d bytes",
                            WEISS_REQUEST_LINE);
            answer_fault(client, &fault);
            client->last = true;
            client->nin = 0;
        }
        if (client->out != NULL && !flush(client)) {
            drop(client);
            return;
        }
    } while (serve_next(client));
    bool idle = client->out == NULL && !client->waiting;
    if (idle && client->last) {
        drop(client);
        return;
    }
    uint32_t events = (client->out != NULL ? EPOLLOUT : 0u) | (idle ? EPOLLIN : 0u);
    if (weiss_loop_watch(&client->control->server->loop, &client->watch, events, NULL) != 0)
        drop(client);
}

static void client_ready(weiss_watch *watch, uint32_t events)
{
    weiss_client *client = (weiss_client *)watch;
    if (events & EPOLLIN) {
        ssize_t n = recv(watch->fd, client->in + client->nin, sizeof client->in - client->nin, MSG_DONTWAIT);
        if (n > 0) {
            client->nin += (size_t)n;
            client->moved = weiss_now();
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            client->last = true;
        }
    } else if (events & (EPOLLHUP | EPOLLERR)) {
        drop(client);
        return;
    }
    advance(client);
}

static void admit(weiss_control *control, int fd)
{
    pid_t pid = 0;
    uid_t uid = (uid_t)-1;
    bool known = weiss_listener_credentials(fd, &pid, &uid) && (uid == 0 || uid == geteuid());
    weiss_client *client = known && control->nclients < CLIENTS ? calloc(1, sizeof *client) : NULL;
    if (client == NULL) {
        weiss_log_seldom(&control->refusals, "control: refused pid %ld, uid %u: %s", (long)pid, (unsigned)uid,
                         known ? "too many connections" : "it is neither root nor this server's user");
        close(fd);
        return;
    }
    client->watch = (weiss_watch){.fd = fd, .ready = client_ready};
    client->control = control;
    client->moved = weiss_now();
    client->next = control->clients;
    control->clients = client;
    control->nclients++;
    advance(client);
}

static void ready(weiss_watch *watch, uint32_t events)
{
    weiss_control *control = (weiss_control *)watch;
    (void)events;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        admit(control, fd);
    } else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
        weiss_log_seldom(&control->refusals, "control: no connection can be taken: %s", strerror(errno));
        control->retry = weiss_now() + RETRY;
        weiss_loop_watch(&control->server->loop, watch, 0, NULL);
    }
}

int weiss_control_open(weiss_server *server, weiss_control **out, weiss_fault *fault)
{
    weiss_control *control = calloc(1, sizeof *control);
    *out = NULL;
    if (control == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    control->watch = (weiss_watch){.fd = -1, .ready = ready};
    control->server = server;
    int code = weiss_control_path(server->settings->run_directory, control->path, fault);
    if (code == 0)
        code = weiss_listener_open(&control->listener, control->path, geteuid(), &control->watch.fd, fault);
    if (code == 0)
        code = weiss_listener_show(&control->listener, fault);
    if (code == 0)
        code = weiss_loop_watch(&server->loop, &control->watch, EPOLLIN, fault);
    if (code == 0)
        *out = control;
    else
        weiss_control_close(control);
    return code;
}

void weiss_control_close(weiss_control *control)
{
    if (control == NULL)
        return;
    weiss_listener_close(&control->listener);
    if (control->stopper != NULL) {
        answer_fault(control->stopper, NULL);
        flush(control->stopper);
    }
    while (control->clients != NULL)
        drop(control->clients);
    weiss_loop_bury(&control->server->loop, &control->watch);
}

void weiss_client_answer(weiss_client *client, const weiss_fault *fault)
{
    answer_fault(client, fault);
    advance(client);
}

int weiss_control_check(weiss_control *control, uint64_t now)
{
    int again = control->clients != NULL ? RETRY : -1;
    for (weiss_client *client = control->clients, *next; client != NULL; client = next) {
        next = client->next;
        if (!client->waiting && now - client->moved > PATIENCE)
            drop(client);
    }
    if (control->retry == 0)
        return again;
    if (now < control->retry)
        return RETRY;
    control->retry = 0;
    weiss_loop_watch(&control->server->loop, &control->watch, EPOLLIN, NULL);
    return again;
}
