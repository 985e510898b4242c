#include "fabric/server/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 64

/** Marks a watch that epoll knows; no event that is used here has this bit. */
#define KNOWN (1u << 20)

int weiss_loop_open(weiss_loop *loop, weiss_fault *fault)
{
    *loop = (weiss_loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (loop->epoll < 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "epoll_create1: %s", strerror(errno));
    return 0;
}

static void free_buried(weiss_loop *loop)
{
    while (loop->buried != NULL) {
        weiss_watch *watch = loop->buried;
        loop->buried = watch->buried;
        free(watch);
    }
}

void weiss_loop_close(weiss_loop *loop)
{
    free_buried(loop);
    if (loop->epoll >= 0)
        close(loop->epoll);
    loop->epoll = -1;
}

int weiss_loop_watch(weiss_loop *loop, weiss_watch *watch, uint32_t events, weiss_fault *fault)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (watch->events == (events | KNOWN))
        return 0;
    if (epoll_ctl(loop->epoll, watch->events & KNOWN ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watch->fd, &event) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "epoll_ctl: %s", strerror(errno));
    watch->events = events | KNOWN;
    return 0;
}

void weiss_loop_forget(weiss_watch *watch)
{
    if (watch->fd >= 0)
        close(watch->fd);
    watch->fd = -1;
    watch->events = 0;
}

void weiss_loop_bury(weiss_loop *loop, weiss_watch *watch)
{
    weiss_loop_forget(watch);
    watch->buried = loop->buried;
    loop->buried = watch;
}

int weiss_loop_turn(weiss_loop *loop, int timeout, weiss_fault *fault)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(loop->epoll, events, EVENTS, timeout);
    if (n < 0 && errno != EINTR)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "epoll_wait: %s", strerror(errno));
    for (int i = 0; i < n; i++) {
        weiss_watch *watch = events[i].data.ptr;
        if (watch->fd >= 0)
            watch->ready(watch, events[i].events);
    }
    free_buried(loop);
    return 0;
}
