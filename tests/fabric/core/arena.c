#include "arena.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define GUARD 4096

/** In a child: the test itself. */
static pid_t parent;

void arena_insist(bool right, const char *what, const char *file, int line)
{
    if (right)
        return;
    fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, what);
    if (parent != 0) /* it would wait for ever */
        kill(parent, SIGTERM);
    abort();
}

arena arena_make(size_t bytes)
{
    uint8_t *all =
        mmap(NULL, bytes + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    INSIST(all != MAP_FAILED && bytes % GUARD == 0);
    uint8_t *base = mmap(all + GUARD, bytes, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    INSIST(base == all + GUARD);
    return (arena){base, bytes};
}

void arena_free(arena *a)
{
    munmap(a->base - GUARD, a->bytes + 2 * GUARD);
    *a = (arena){0};
}

uint64_t arena_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t arena_below(uint64_t *seed, uint64_t n)
{
    return n > 0 ? arena_random(seed) % n : 0;
}

/** Byte @p i of the stream of @p key. */
static uint8_t byte_of(uint64_t key, size_t i)
{
    uint64_t word = (key + i / 8 + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint8_t)((word ^ word >> 29) >> 8 * (i % 8));
}

void arena_fill(uint8_t *to, size_t bytes, uint64_t key)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = byte_of(key, i);
}

bool arena_same(const uint8_t *data, size_t bytes, uint64_t key)
{
    for (size_t i = 0; i < bytes; i++)
        if (data[i] != byte_of(key, i))
            return false;
    return true;
}

bool arena_arrived(const weiss_message *message, uint64_t key)
{
    if (!arena_same(message->head, message->head_bytes, key))
        return false;
    for (size_t i = 0; i < message->body_bytes; i++)
        if (message->body[i] != byte_of(key, message->head_bytes + i))
            return false;
    return true;
}

pid_t arena_fork(void (*fn)(void *self, int number), void *self, int number)
{
    fflush(NULL);
    pid_t self_pid = getpid(), child = fork();
    INSIST(child >= 0);
    if (child == 0) {
        parent = self_pid;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        fn(self, number);
        _exit(0);
    }
    return child;
}

void arena_wait(pid_t child)
{
    int status;
    INSIST(waitpid(child, &status, 0) == child);
    INSIST(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void insist_on_success(int code, const weiss_fault *fault)
{
    if (code != 0)
        fprintf(stderr, "code %d: %s\n", code, fault->text);
    INSIST(code == 0);
}

void peer_join(peer *p, const arena *a, const weiss_region_shape *shape, weiss_device *device, bool threads)
{
    weiss_fault fault = {0};
    weiss_identity who = {.job = 1, .rank = 2, .label = "a test"};
    insist_on_success(weiss_region_attach(a->base, a->bytes, shape, &p->region, &fault), &fault);
    insist_on_success(weiss_member_join(&p->region, device, &who, 100, &p->member, &fault), &fault);
    insist_on_success(weiss_mailbox_make(&p->member, threads, &p->mailbox, &fault), &fault);
}

void peer_leave(peer *p)
{
    weiss_mailbox_clear(&p->mailbox);
    weiss_member_leave(&p->member);
}

void peer_connect(peer *from, const peer *to, uint64_t block, weiss_outlet *outlet)
{
    weiss_fault fault = {0};
    weiss_address address = weiss_member_address(&to->member);
    insist_on_success(weiss_outlet_open(&from->member, &address, block, outlet, &fault), &fault);
}
