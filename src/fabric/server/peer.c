#include "fabric/server/peer.h"

#include "fabric/server/group.h"
#include "fabric/server/protocol.h"
#include "fabric/server/server.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/** Messages that a peer gets before others have their turn. */
#define BURST 256

/** Bytes of the kernel for messages that a peer has not read: room for about ten of them. The system limits how many file
 *  descriptors all peers together may have under way; one that does not read should hold few. */
#define UNREAD 4096

static void wait_for(weiss_peer *peer, bool writable)
{
    uint32_t events = EPOLLIN | EPOLLRDHUP | (writable ? EPOLLOUT : 0u);
    if (weiss_loop_watch(&peer->group->server->loop, &peer->watch, events, NULL) != 0)
        peer->doomed = true;
}

/** Message of @p notice whose turn it is. @return its number; *fd goes along, -1: none */
static int64_t compose(const weiss_peer *peer, const weiss_notice *notice, int *fd)
{
    *fd = -1;
    switch (notice->kind) {
    case WEISS_NOTICE_VERSION:
        return WEISS_PROTOCOL_VERSION;
    case WEISS_NOTICE_MEMORY:
        *fd = peer->group->memory.fd;
        return WEISS_PROTOCOL_MEMORY;
    case WEISS_NOTICE_JOIN:
        *fd = notice->peer->eventfd[notice->sent];
        return notice->id;
    case WEISS_NOTICE_ID:
    case WEISS_NOTICE_LEAVE:
        break;
    }
    return notice->id;
}

static void count_sent(weiss_peer *peer, weiss_notice *notice)
{
    peer->messages++;
    peer->moved = weiss_now();
    if (notice->kind != WEISS_NOTICE_JOIN || ++notice->sent == peer->group->spec.vectors)
        weiss_outbox_pop(&peer->outbox);
}

/** Sends what the socket takes. @return false when the reader is gone */
static bool flush(weiss_peer *peer)
{
    weiss_notice *notice;
    int fd;
    peer->throttled = false;
    for (int i = 0; i < BURST && (notice = weiss_outbox_next(&peer->outbox)) != NULL; i++) {
        int64_t number = compose(peer, notice, &fd);
        weiss_sent sent = weiss_protocol_send(peer->watch.fd, number, fd);
        if (sent == WEISS_SENT_FAILED)
            return false;
        peer->throttled = sent == WEISS_SENT_LIMIT;
        if (sent != WEISS_SENT)
            break;
        count_sent(peer, notice);
    }
    wait_for(peer, !peer->throttled && peer->outbox.count > 0);
    return true;
}

static void ready(weiss_watch *watch, uint32_t events)
{
    weiss_peer *peer = (weiss_peer *)watch;
    char byte;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        /* Clients have nothing to say. What they send is not read any further, and file descriptors in it are closed. */
        ssize_t n = recv(watch->fd, &byte, 1, MSG_DONTWAIT);
        if (n > 0) {
            weiss_group_drop(peer->group, peer, "it sent data, and this protocol has none for the server");
            return;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            weiss_group_drop(peer->group, peer, NULL);
            return;
        }
    }
    if ((events & EPOLLOUT) && !flush(peer))
        weiss_group_drop(peer->group, peer, NULL);
}

static int make_eventfds(weiss_peer *peer, weiss_fault *fault)
{
    unsigned vectors = peer->group->spec.vectors;
    peer->eventfd = malloc(vectors * sizeof *peer->eventfd);
    if (peer->eventfd == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    for (unsigned v = 0; v < vectors; v++)
        peer->eventfd[v] = -1;
    for (unsigned v = 0; v < vectors; v++) {
        peer->eventfd[v] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (peer->eventfd[v] < 0)
            return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "no eventfd: %s", strerror(errno));
    }
    return 0;
}

static int start(weiss_peer *peer, weiss_fault *fault)
{
    int unread = UNREAD;
    setsockopt(peer->watch.fd, SOL_SOCKET, SO_SNDBUF, &unread, sizeof unread);
    int code = make_eventfds(peer, fault);
    if (code == 0 && (weiss_outbox_put(&peer->outbox, WEISS_NOTICE_VERSION, 0, NULL) != 0 ||
                      weiss_outbox_put(&peer->outbox, WEISS_NOTICE_ID, peer->id, NULL) != 0 ||
                      weiss_outbox_put(&peer->outbox, WEISS_NOTICE_MEMORY, 0, NULL) != 0))
        code = weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    if (code == 0)
        code = weiss_loop_watch(&peer->group->server->loop, &peer->watch, EPOLLIN | EPOLLRDHUP | EPOLLOUT,
                                fault);
    return code;
}

int weiss_peer_create(weiss_group *group, int fd, uint16_t id, weiss_peer **out, weiss_fault *fault)
{
    weiss_peer *peer = calloc(1, sizeof *peer);
    *out = NULL;
    if (peer == NULL) {
        close(fd);
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    }
    *peer = (weiss_peer){.watch = {.fd = fd, .ready = ready},
                         .group = group,
                         .id = id,
                         .since = time(NULL),
                         .moved = weiss_now()};
    weiss_listener_credentials(fd, &peer->pid, &peer->uid);
    int code = start(peer, fault);
    if (code == 0)
        *out = peer;
    else
        weiss_peer_destroy(peer);
    return code;
}

void weiss_peer_destroy(weiss_peer *peer)
{
    for (unsigned v = 0; peer->eventfd != NULL && v < peer->group->spec.vectors; v++)
        if (peer->eventfd[v] >= 0)
            close(peer->eventfd[v]);
    free(peer->eventfd);
    weiss_outbox_free(&peer->outbox);
    weiss_loop_bury(&peer->group->server->loop, &peer->watch);
}

static void wake(weiss_peer *peer)
{
    if (!peer->throttled)
        wait_for(peer, peer->outbox.count > 0);
}

/** Time does not count against a peer that had nothing to take. */
static void begin_waiting(weiss_peer *peer)
{
    if (peer->outbox.count == 0)
        peer->moved = weiss_now();
}

void weiss_peer_tell_join(weiss_peer *peer, const weiss_peer *other)
{
    begin_waiting(peer);
    if (weiss_outbox_put(&peer->outbox, WEISS_NOTICE_JOIN, other->id, other) != 0)
        peer->doomed = true;
    wake(peer);
}

void weiss_peer_tell_leave(weiss_peer *peer, const weiss_peer *other)
{
    begin_waiting(peer);
    if (weiss_outbox_leave(&peer->outbox, other->id, other) != 0)
        peer->doomed = true;
    wake(peer);
}

/** True for a peer that has read all that was sent: others hold it up. */
static bool has_read_all(const weiss_peer *peer)
{
    int unread = 0;
    return ioctl(peer->watch.fd, SIOCOUTQ, &unread) == 0 && unread == 0;
}

const char *weiss_peer_check(weiss_peer *peer, uint64_t now)
{
    if (peer->doomed)
        return "there is no memory for what it has to be told";
    if (peer->outbox.count == 0)
        return NULL;
    if (peer->throttled && has_read_all(peer))
        peer->moved = now;
    if (now - peer->moved > 1000ull * peer->group->server->settings->timeout)
        return "it does not read what it is told";
    if (peer->throttled && !flush(peer))
        return "it is gone";
    return NULL;
}
