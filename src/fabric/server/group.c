#include "fabric/server/group.h"

#include "fabric/server/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/** Connections that are taken before others have their turn. */
#define BURST 16

/** ms until something that failed is tried again. */
#define RETRY 1000
/** ms until a peer is tried again that the limit of file descriptors under way has held up. */
#define THROTTLE 20

const char *weiss_group_state_name(weiss_group_state state)
{
    static const char *const names[] = {"preparing", "ready", "cleaning", "removing", "gone"};
    return names[state];
}

/** Takes or refuses connections; those that come while they are refused wait in the socket. */
static void accept_from(weiss_group *group, bool open)
{
    if (group->watch.fd >= 0)
        weiss_loop_watch(&group->server->loop, &group->watch, open ? EPOLLIN : 0, NULL);
}

static void announce(weiss_group *group, weiss_peer *peer)
{
    weiss_peer **link = &group->peers;
    for (; *link != NULL; link = &(*link)->next) {
        weiss_peer_tell_join(*link, peer);
        weiss_peer_tell_join(peer, *link);
    }
    weiss_peer_tell_join(peer, peer);
    *link = peer;
    group->npeers++;
    group->joined++;
    weiss_log("group %s: peer %u joined (pid %ld, uid %u); %u of %u", group->spec.name, peer->id,
              (long)peer->pid, (unsigned)peer->uid, group->npeers, group->spec.peers);
}

static void admit(weiss_group *group, int fd)
{
    weiss_fault fault = {0};
    weiss_peer *peer;
    pid_t pid = 0;
    uid_t uid = (uid_t)-1;
    if (!weiss_listener_credentials(fd, &pid, &uid) || !weiss_server_trusts(group->server, uid)) {
        weiss_log_seldom(&group->refusals,
                         "group %s: refused pid %ld: uid %u is neither root, this server's nor --user's",
                         group->spec.name, (long)pid, (unsigned)uid);
        close(fd);
        return;
    }
    if (group->npeers == group->spec.peers) {
        weiss_log_seldom(&group->refusals,
                         "group %s: refused pid %ld: all %u peers are there; peers=N allows more",
                         group->spec.name, (long)pid, group->spec.peers);
        close(fd);
        return;
    }
    int id = weiss_ids_take(&group->ids);
    if (weiss_peer_create(group, fd, (uint16_t)id, &peer, &fault) == 0) {
        announce(group, peer);
        return;
    }
    weiss_ids_give(&group->ids, (uint16_t)id);
    weiss_log_seldom(&group->refusals, "group %s: refused pid %ld: %s", group->spec.name, (long)pid,
                     fault.text);
}

static void ready(weiss_watch *watch, uint32_t events)
{
    weiss_group *group = (weiss_group *)watch;
    (void)events;
    for (int i = 0; i < BURST && group->state == WEISS_GROUP_READY; i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            admit(group, fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            weiss_log_seldom(&group->failures, "group %s: no connection can be taken: %s; trying again",
                             group->spec.name, strerror(errno));
            group->retry = weiss_now() + RETRY;
            accept_from(group, false);
            return;
        }
    }
}

int weiss_group_begin(weiss_server *server, const weiss_group_spec *spec, weiss_group **out,
                      weiss_fault *fault)
{
    weiss_group *group = calloc(1, sizeof *group);
    *out = NULL;
    if (group == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    group->watch = (weiss_watch){.fd = -1, .ready = ready};
    group->server = server;
    group->spec = *spec;
    weiss_ids_start(&group->ids);
    uid_t owner = server->settings->user;
    int code = weiss_listener_open(&group->listener, group->spec.socket, owner, &group->watch.fd, fault);
    if (code != 0) {
        free(group);
        return code;
    }
    code = weiss_memory_begin(&group->memory, &group->spec, owner, fault);
    if (code == 0)
        code = weiss_loop_watch(&server->loop, &group->watch, 0, fault);
    if (code != 0) {
        weiss_memory_close(&group->memory);
        weiss_listener_close(&group->listener);
        weiss_loop_bury(&server->loop, &group->watch);
        return code;
    }
    *out = group;
    return 0;
}

bool weiss_group_works(const weiss_group *group)
{
    if (group->retry != 0)
        return weiss_now() >= group->retry;
    return group->state != WEISS_GROUP_READY;
}

static void become_ready(weiss_group *group, weiss_fault *fault)
{
    if (group->state == WEISS_GROUP_PREPARING && weiss_listener_show(&group->listener, fault) != 0)
        return;
    weiss_log("group %s: %s", group->spec.name,
              group->state == WEISS_GROUP_PREPARING ? "ready" : "ready again, its memory is empty");
    group->state = WEISS_GROUP_READY;
    accept_from(group, true);
}

static void become_gone(weiss_group *group)
{
    weiss_memory_close(&group->memory);
    weiss_log("group %s: removed", group->spec.name);
    group->state = WEISS_GROUP_GONE;
}

int weiss_group_step(weiss_group *group, weiss_fault *fault)
{
    weiss_fault failed = {0};
    group->retry = 0;
    if (group->state == WEISS_GROUP_READY) { /* its socket was paused */
        accept_from(group, true);
        return 0;
    }
    int code = weiss_memory_step(&group->memory, &failed);
    if (code > 0)
        return 0;
    if (group->state == WEISS_GROUP_REMOVING)
        become_gone(group);
    else if (code == 0)
        become_ready(group, &failed);
    if (failed.code == 0)
        return 0;
    if (group->state == WEISS_GROUP_CLEANING) { /* somebody else has taken the room; peers wait for it */
        weiss_log_seldom(&group->failures, "group %s: %s; trying again", group->spec.name, failed.text);
        group->retry = weiss_now() + RETRY;
        return 0;
    }
    weiss_log("group %s: %s", group->spec.name, failed.text);
    if (group->state == WEISS_GROUP_PREPARING)
        weiss_group_remove(group);
    return weiss_fault_set(fault, failed.code, "group %s: %s", group->spec.name, failed.text);
}

void weiss_group_remove(weiss_group *group)
{
    if (group->state == WEISS_GROUP_REMOVING || group->state == WEISS_GROUP_GONE)
        return;
    group->state = WEISS_GROUP_REMOVING;
    group->retry = 0;
    while (group->peers != NULL)
        weiss_group_drop(group, group->peers, "the group is removed");
    weiss_loop_forget(&group->watch);
    weiss_listener_close(&group->listener);
    weiss_memory_end(&group->memory);
}

void weiss_group_destroy(weiss_group *group)
{
    weiss_loop_bury(&group->server->loop, &group->watch);
}

static void take_out(weiss_group *group, const weiss_peer *peer)
{
    weiss_peer **link = &group->peers;
    while (*link != peer)
        link = &(*link)->next;
    *link = peer->next;
    group->npeers--;
}

void weiss_group_drop(weiss_group *group, weiss_peer *peer, const char *why)
{
    take_out(group, peer);
    weiss_log("group %s: peer %u %s%s (pid %ld, uid %u); %u of %u", group->spec.name, peer->id,
              why != NULL ? "dropped: " : "left", why != NULL ? why : "", (long)peer->pid,
              (unsigned)peer->uid, group->npeers, group->spec.peers);
    for (weiss_peer *other = group->peers; other != NULL; other = other->next)
        weiss_peer_tell_leave(other, peer);
    weiss_ids_give(&group->ids, peer->id);
    weiss_peer_destroy(peer);
    if (group->npeers == 0 && group->state == WEISS_GROUP_READY) {
        group->state = WEISS_GROUP_CLEANING;
        accept_from(group, false);
        weiss_memory_renew(&group->memory);
    }
}

int weiss_group_check(weiss_group *group, uint64_t now)
{
    int again = -1;
    if (group->retry != 0)
        again = group->retry > now ? (int)(group->retry - now) : 0;
    for (weiss_peer *peer = group->peers, *next; peer != NULL; peer = next) {
        next = peer->next;
        const char *why = weiss_peer_check(peer, now);
        if (why != NULL)
            weiss_group_drop(group, peer, why);
        else if (peer->throttled)
            again = THROTTLE;
        else if (peer->outbox.count > 0 && (again < 0 || again > RETRY))
            again = RETRY;
    }
    return again;
}
