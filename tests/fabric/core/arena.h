/* What the tests of the region share: memory that faults when it is left, peers in it, processes, and a random number that is
 * the same everywhere. */
#ifndef WEISS_TEST_ARENA_H
#define WEISS_TEST_ARENA_H

#include "fabric/clock.h"
#include "fabric/mailbox.h"

#include <sys/types.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SANITIZED 1
#else
#define ARENA_SANITIZED 0
#endif
/** A number of repetitions, fewer of them where each costs more. */
#define ARENA_TIMES(n) (ARENA_SANITIZED ? (n) / 8 : (n))

/** Ends the process with a word about it: for children, threads and callbacks, where no test can be failed. */
#define INSIST(right) arena_insist((right), #right, __FILE__, __LINE__)
void arena_insist(bool right, const char *what, const char *file, int line);

/** Shared memory of zeros between two pages that cannot be touched. */
typedef struct arena {
    uint8_t *base;
    size_t bytes;
} arena;

arena arena_make(size_t bytes);
void arena_free(arena *a);

/** splitmix64 */
uint64_t arena_random(uint64_t *seed);
/** 0 ... n - 1 */
uint64_t arena_below(uint64_t *seed, uint64_t n);

/** Fills memory with what only @p key tells; and compares. */
void arena_fill(uint8_t *to, size_t bytes, uint64_t key);
bool arena_same(const uint8_t *data, size_t bytes, uint64_t key);
/** As arena_same, of a message: head, then body. */
bool arena_arrived(const weiss_message *message, uint64_t key);

/** Runs @p fn in a process of its own; the other waits for its end and insists on success. */
pid_t arena_fork(void (*fn)(void *self, int number), void *self, int number);
void arena_wait(pid_t child);

/** A member with all that it needs. It must not move. */
typedef struct peer {
    weiss_region region;
    weiss_member member;
    weiss_mailbox mailbox;
} peer;

/** Attaches, joins, makes the mailbox; insists on success. */
void peer_join(peer *p, const arena *a, const weiss_region_shape *shape, weiss_device *device, bool threads);
void peer_leave(peer *p);
/** Opens the ring from one peer to another; insists on success. */
void peer_connect(peer *from, const peer *to, uint64_t block, weiss_outlet *outlet);

#endif
