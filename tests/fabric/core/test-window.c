/* Windows that others put to and get from, between processes: contents, limits, counting under a lock and without, a dead
 * holder. */
#include "weiss/fabric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 2000

typedef struct state {
    char path[64];
    weiss_fabric *fabric;
    weiss_window *window;
} state;

static weiss_fabric *join(const char *path)
{
    weiss_fabric *fabric;
    char error[512];
    if (weiss_fabric_join(path, 4 << 20, "test", &fabric, error, sizeof error) != 0)
        fail_msg("%s", error);
    return fabric;
}

static int begin(void **self)
{
    state *s = calloc(1, sizeof *s);
    snprintf(s->path, sizeof s->path, "/dev/shm/weiss-test-window-%d", (int)getpid());
    s->fabric = join(s->path);
    assert_int_equal(weiss_window_make(s->fabric, 7, 1000, &s->window), 0);
    *self = s;
    return 0;
}

static int end(void **self)
{
    state *s = *self;
    weiss_fabric_leave(s->fabric);
    unlink(s->path);
    free(s);
    return 0;
}

/* Runs @p work in a process of its own that has found the window. @return the process */
static pid_t elsewhere(const state *s, void (*work)(weiss_window *window))
{
    pid_t child = fork();
    if (child == 0) {
        weiss_fabric *fabric;
        weiss_window *window;
        if (weiss_fabric_join(s->path, 0, "other", &fabric, NULL, 0) != 0 ||
            weiss_window_find(fabric, 7, 5000, &window) != 0)
            _exit(1);
        work(window);
        weiss_fabric_leave(fabric);
        _exit(0);
    }
    return child;
}

static void finished(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void write_text(weiss_window *window)
{
    if (weiss_put(window, 990, "0123456789", 10) != 0)
        _exit(2);
}

static void what_another_puts_is_here(void **self)
{
    state *s = *self;
    char got[10];
    finished(elsewhere(s, write_text));
    assert_memory_equal((char *)weiss_window_memory(s->window) + 990, "0123456789", 10);
    assert_int_equal(weiss_get(s->window, 990, got, 10), 0);
    assert_memory_equal(got, "0123456789", 10);
}

static void limits(void **self)
{
    state *s = *self;
    weiss_window *window;
    char byte = 0;
    uint64_t before;
    assert_int_equal(weiss_put(s->window, 1000, &byte, 1), WEISS_ERR_VALUE);
    assert_non_null(strstr(weiss_fabric_error(s->fabric), "not within window 7"));
    assert_int_equal(weiss_get(s->window, SIZE_MAX, &byte, 2), WEISS_ERR_VALUE);
    assert_int_equal(weiss_fetch_add(s->window, 4, 1, &before), WEISS_ERR_VALUE);
    assert_int_equal(weiss_window_make(s->fabric, 7, 10, &window), WEISS_ERR_VALUE);
    assert_int_equal(weiss_window_make(s->fabric, 8, 1 << 30, &window), WEISS_ERR_REGION);
    assert_int_equal(weiss_window_find(s->fabric, 9, 10, &window), WEISS_RETRY);
    assert_int_equal(weiss_unlock(s->window), WEISS_ERR_VALUE);
}

/* Reads, adds and writes: only a lock makes the sum right. The second word is added to as one step, without one. */
static void count(weiss_window *window)
{
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t value, before;
        if (weiss_lock(window, WEISS_LOCK_EXCLUSIVE, 30000) != 0 || weiss_get(window, 0, &value, 8) != 0)
            _exit(2);
        value++;
        if (weiss_put(window, 0, &value, 8) != 0 || weiss_unlock(window) != 0 ||
            weiss_fetch_add(window, 8, 1, &before) != 0)
            _exit(3);
    }
}

static void a_lock_keeps_others_out(void **self)
{
    state *s = *self;
    pid_t child[3];
    uint64_t sum[2];
    for (int i = 0; i < 3; i++)
        child[i] = elsewhere(s, count);
    for (int i = 0; i < 3; i++)
        finished(child[i]);
    assert_int_equal(weiss_get(s->window, 0, sum, sizeof sum), 0);
    assert_true(sum[0] == 3 * ROUNDS && sum[1] == 3 * ROUNDS);
}

static void die_with_the_lock(weiss_window *window)
{
    if (weiss_lock(window, WEISS_LOCK_EXCLUSIVE, 1000) == 0)
        kill(getpid(), SIGKILL);
}

static void a_dead_holder_is_told(void **self)
{
    state *s = *self;
    pid_t child = elsewhere(s, die_with_the_lock);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(weiss_lock(s->window, WEISS_LOCK_SHARED, 100), WEISS_RETRY);
    assert_int_equal(weiss_lock(s->window, WEISS_LOCK_EXCLUSIVE, 20000), WEISS_OWNER_DIED);
    assert_int_equal(weiss_unlock(s->window), 0);
    assert_int_equal(weiss_lock(s->window, WEISS_LOCK_SHARED, 1000), 0);
    assert_int_equal(weiss_unlock(s->window), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_another_puts_is_here, begin, end),
        cmocka_unit_test_setup_teardown(limits, begin, end),
        cmocka_unit_test_setup_teardown(a_lock_keeps_others_out, begin, end),
        cmocka_unit_test_setup_teardown(a_dead_holder_is_told, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
