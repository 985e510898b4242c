#include "cloud/agent/daemon/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/** A list that is added to at its end. */
typedef struct list {
    weiss_task *first, **end;
} list;

typedef struct worker {
    weiss_pool *pool;
    pthread_t thread;
    weiss_task *task; /**< that runs; NULL: none */
} worker;

struct weiss_pool {
    pthread_mutex_t lock;
    pthread_cond_t change; /**< a task was added, or one has run, or the end has come */
    list waiting, done;
    int descriptor; /**< eventfd */
    bool closing;
    int threads;
    worker worker[];
};

static void append(list *l, weiss_task *task)
{
    task->next = NULL;
    *l->end = task;
    l->end = &task->next;
}

static weiss_task *take_all(list *l)
{
    weiss_task *first = l->first;
    *l = (list){.first = NULL, .end = &l->first};
    return first;
}

static bool key_runs(const weiss_pool *pool, const char *key)
{
    for (int i = 0; i < pool->threads; i++)
        if (pool->worker[i].task != NULL && strcmp(pool->worker[i].task->key, key) == 0)
            return true;
    return false;
}

/** Takes the first task whose key is free. */
static weiss_task *take(weiss_pool *pool)
{
    weiss_task **link = &pool->waiting.first;
    while (*link != NULL && key_runs(pool, (*link)->key))
        link = &(*link)->next;
    weiss_task *task = *link;
    if (task == NULL)
        return NULL;
    *link = task->next;
    if (task->next == NULL)
        pool->waiting.end = link;
    return task;
}

static void *work(void *data)
{
    worker *self = data;
    weiss_pool *pool = self->pool;
    const uint64_t one = 1;
    pthread_mutex_lock(&pool->lock);
    while (!pool->closing) {
        self->task = take(pool);
        if (self->task == NULL) {
            pthread_cond_wait(&pool->change, &pool->lock);
            continue;
        }
        pthread_mutex_unlock(&pool->lock);
        self->task->run(self->task);
        pthread_mutex_lock(&pool->lock);
        append(&pool->done, self->task);
        self->task = NULL;
        ssize_t written = write(pool->descriptor, &one, sizeof one);
        (void)written; /* it fails only when it is readable already */
        pthread_cond_broadcast(&pool->change);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/** Starts the threads, which take no signals. */
static int start(weiss_pool *pool, int threads, weiss_fault *fault)
{
    sigset_t all, before;
    int error = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < threads && error == 0; i++) {
        pool->worker[i].pool = pool;
        pthread_mutex_lock(&pool->lock);
        error = pthread_create(&pool->worker[i].thread, NULL, work, &pool->worker[i]);
        pool->threads += error == 0;
        pthread_mutex_unlock(&pool->lock);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? 0 : weiss_fault_set(fault, WEISS_ERR_SYSTEM, "no thread: %s", strerror(error));
}

int weiss_pool_open(int threads, weiss_pool **out, weiss_fault *fault)
{
    weiss_pool *pool = calloc(1, sizeof *pool + (size_t)threads * sizeof pool->worker[0]);
    *out = pool;
    if (pool == NULL)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->change, NULL);
    take_all(&pool->waiting);
    take_all(&pool->done);
    pool->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int code = pool->descriptor >= 0
                   ? start(pool, threads, fault)
                   : weiss_fault_set(fault, WEISS_ERR_SYSTEM, "eventfd: %s", strerror(errno));
    if (code != 0) {
        weiss_pool_close(pool, 1000);
        *out = NULL;
    }
    return code;
}

int weiss_pool_descriptor(const weiss_pool *pool)
{
    return pool->descriptor;
}

void weiss_pool_add(weiss_pool *pool, weiss_task *task)
{
    pthread_mutex_lock(&pool->lock);
    append(&pool->waiting, task);
    pthread_cond_broadcast(&pool->change);
    pthread_mutex_unlock(&pool->lock);
}

void weiss_pool_collect(weiss_pool *pool)
{
    uint64_t count;
    ssize_t got = read(pool->descriptor, &count, sizeof count);
    (void)got;
    pthread_mutex_lock(&pool->lock);
    weiss_task *task = take_all(&pool->done);
    pthread_mutex_unlock(&pool->lock);
    while (task != NULL) {
        weiss_task *next = task->next;
        task->done(task);
        task = next;
    }
}

static void drop_all(list *l)
{
    weiss_task *task = take_all(l);
    while (task != NULL) {
        weiss_task *next = task->next;
        task->drop(task);
        task = next;
    }
}

bool weiss_pool_close(weiss_pool *pool, int milliseconds)
{
    struct timespec end;
    bool left = false;
    if (pool == NULL)
        return true;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    drop_all(&pool->waiting);
    pthread_cond_broadcast(&pool->change);
    pthread_mutex_unlock(&pool->lock);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += milliseconds / 1000 + 1;
    for (int i = 0; i < pool->threads; i++)
        left = pthread_timedjoin_np(pool->worker[i].thread, NULL, &end) != 0 || left;
    if (left)
        return false;
    drop_all(&pool->done);
    if (pool->descriptor >= 0)
        close(pool->descriptor);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->change);
    free(pool);
    return true;
}
