/* The loop: waits for file descriptors and calls whoever watches one. A thin layer over epoll; what is freed while events of
 * the same turn are pending stays valid until the turn ends. */
#ifndef WEISS_FABRIC_SERVER_LOOP_H
#define WEISS_FABRIC_SERVER_LOOP_H

#include "base/fault.h"

#include <stdint.h>

typedef struct weiss_watch weiss_watch;
struct weiss_watch {
    int fd; /**< owned; -1: closed */
    uint32_t events; /**< EPOLLIN and so on; set by weiss_loop_watch */
    void (*ready)(weiss_watch *watch, uint32_t events);
    weiss_watch *buried; /**< next of those to free */
};

typedef struct weiss_loop {
    int epoll;
    weiss_watch *buried;
} weiss_loop;

/** @return 0, WEISS_ERR_SYSTEM */
int weiss_loop_open(weiss_loop *loop, weiss_fault *fault);
/** Frees what is buried. */
void weiss_loop_close(weiss_loop *loop);

/** Waits for @p events of @p watch from now on; 0 waits only for errors.
 *  @return 0, WEISS_ERR_SYSTEM */
int weiss_loop_watch(weiss_loop *loop, weiss_watch *watch, uint32_t events, weiss_fault *fault);
/** Closes the file descriptor. The structure stays the caller's. */
void weiss_loop_forget(weiss_watch *watch);
/** Closes the file descriptor and gives the structure, which begins with @p watch and came from malloc, to free() once the
 *  turn has ended. */
void weiss_loop_bury(weiss_loop *loop, weiss_watch *watch);

/** Waits at most @p timeout ms (-1: for ever) and calls whoever is ready.
 *  @return 0, WEISS_ERR_SYSTEM */
int weiss_loop_turn(weiss_loop *loop, int timeout, weiss_fault *fault);

#endif
