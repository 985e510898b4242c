/* A few threads that do what may take long. Tasks with the same key run one after another in the order in which they came, others
 * side by side, so that a domain which hangs keeps one thread and nobody else waits. What is done comes back by a
 * descriptor that becomes readable. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_POOL_H
#define WEISS_CLOUD_AGENT_DAEMON_POOL_H

#include "base/fault.h"

#include <stdbool.h>

#define WEISS_POOL_KEY 64

typedef struct weiss_pool weiss_pool;

/** The first member of whatever is handed to the pool. Filled by the caller but for what is the pool's own. */
typedef struct weiss_task weiss_task;
struct weiss_task {
    char key[WEISS_POOL_KEY];
    void (*run)(weiss_task *task); /**< in a thread of the pool */
    void (*done)(weiss_task *task); /**< where weiss_pool_collect is called; frees the task */
    void (*drop)(weiss_task *task); /**< frees a task that nobody collects any more */
    weiss_task *next; /**< the pool's */
};

/** @return 0, WEISS_ERR_MEMORY, WEISS_ERR_SYSTEM */
int weiss_pool_open(int threads, weiss_pool **pool, weiss_fault *fault);
/** Becomes readable when there is something to collect. */
int weiss_pool_descriptor(const weiss_pool *pool);
/** Hands over a task, which belongs to the pool until it is collected. */
void weiss_pool_add(weiss_pool *pool, weiss_task *task);
/** Calls done() of every task that has run. */
void weiss_pool_collect(weiss_pool *pool);
/** Drops what has not begun and waits for what runs, for @p milliseconds at most; a thread that hangs then is left behind with
 *  the pool. @return false when one was */
bool weiss_pool_close(weiss_pool *pool, int milliseconds);

#endif
