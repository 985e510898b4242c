/* What the programs of the suite share: data that both sides can compute, checks that say what differed, and a watchdog.
 *
 * A program is called as PROGRAM [--scale FACTOR] [--seed NUMBER] [--limit SECONDS] [--huge] [--trace]
 * [--tolerate FAULT,...] on any number of ranks. It exits 0, or 77 when this MPI cannot run it; a failed check says on standard error which rank expected
 * what, and aborts the job. */
#ifndef WEISS_TESTS_MPI_SUITE_H
#define WEISS_TESTS_MPI_SUITE_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes behind a receive buffer that no message may touch. */
#define TEST_GUARD 64

/** Starts MPI with @p threads (MPI_THREAD_...), reads the options, starts the watchdog. Collective.
 *  @return the level of threads that MPI provides */
int test_start(int *argc, char ***argv, const char *program, int threads);
/** Says what was checked on all ranks, and ends MPI. Collective. @return the exit code of main */
int test_end(void);
/** The same without a word: for processes that were spawned. */
int test_end_quietly(void);
/** Ends MPI; the runner counts the program as skipped. Collective. @return the exit code of main */
int test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** A line that the runner shows, printed by rank 0: something was left out. */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

int test_rank(void); /**< in MPI_COMM_WORLD */
int test_size(void);
bool test_huge(void); /**< --huge: more than 2 GiB at once */
/** True when --tolerate names @p fault, a fault of this MPI itself that the transport cannot help: see docs/mpi-suite.md. */
bool test_tolerates(const char *fault);
/** @p count times the scale, at least @p least. */
int test_scaled(int count, int least);

/** What the program does now, for failed checks and the watchdog, which starts again. Not for threads beside the first. */
void test_step(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Mixes numbers into one: of a message's source, target, number, ... */
uint64_t test_seed(uint64_t a, uint64_t b, uint64_t c);
/** Random number below @p bound > 0 that depends on seed and index only. */
uint64_t test_random(uint64_t seed, uint64_t index, uint64_t bound);
/** A random order of 0 .. n-1; the caller frees it. */
int *test_order(uint64_t seed, int n);

/** Bytes first .. first + n - 1 of the endless sequence that belongs to @p seed. */
void test_fill(void *data, size_t first, size_t n, uint64_t seed);
/** Checks the same; @p format names the data in the message of a failure. */
void test_check_fill(const void *data, size_t first, size_t n, uint64_t seed, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/** Checks that two buffers agree. */
void test_check_bytes(const void *data, const void *expected, size_t n, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** Memory for @p n bytes and a guard behind them, all 0xEE. Never NULL. */
void *test_buffer(size_t n);
/** Makes the buffer 0xEE again. */
void test_blank(void *buffer, size_t n);
/** Checks that the guard behind @p n bytes is as it was. */
void test_check_guard(const void *buffer, size_t n, const char *what);
/** Never NULL. */
void *test_memory(size_t n);

/** Checks a condition. */
#define TEST_CHECK(condition, ...)                                                                           \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            test_fail(__FILE__, __LINE__, __VA_ARGS__);                                                      \
    } while (0)
/** Says what is wrong and aborts the job. */
void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
/** Checks source, tag and number of bytes in the status of a received message. */
void test_check_status(const MPI_Status *status, int source, int tag, size_t bytes, const char *what);

/** Partner of a rank in round 1 .. test_rounds(n) - 1: all pairs meet once. -1: none in this round. */
int test_partner(int rank, int size, int round);
int test_rounds(int size);

#endif
