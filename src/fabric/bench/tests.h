/* The tests that the instrument knows, and the sizes and tests that a user asks for. */
#ifndef WEISS_FABRIC_BENCH_TESTS_H
#define WEISS_FABRIC_BENCH_TESTS_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum weiss_bench_test {
    WEISS_BENCH_LATENCY,
    WEISS_BENCH_BANDWIDTH,
    WEISS_BENCH_BIBANDWIDTH,
    WEISS_BENCH_RATE,
    WEISS_BENCH_PUT,
    WEISS_BENCH_GET,
    WEISS_BENCH_BARRIER,
    WEISS_BENCH_ALLREDUCE,
    WEISS_BENCH_WAIT,
    WEISS_BENCH_TESTS
} weiss_bench_test;

/** Messages in flight of a test with windows. */
#define WEISS_BENCH_WINDOW 64

/** What people are shown of a time. */
typedef enum weiss_bench_show { WEISS_BENCH_TIME, WEISS_BENCH_BYTES, WEISS_BENCH_MESSAGES } weiss_bench_show;

/** What the numbers of a test mean. */
typedef struct weiss_bench_facts {
    const char *name;
    const char *meaning; /**< of the time: "half a round trip" */
    bool sized; /**< repeated for every size */
    size_t bytes; /**< of a message when not sized */
    int parts; /**< an iteration counts as so many: 2 halves of a round trip, a window of messages */
    int directions; /**< in which the bytes of one part go */
    weiss_bench_show show;
    bool raw; /**< can be done without MPI */
} weiss_bench_facts;

extern const weiss_bench_facts weiss_bench_table[WEISS_BENCH_TESTS];

#define WEISS_BENCH_SIZES_MAX 64
#define WEISS_BENCH_BYTES_MAX ((size_t)1 << 30)

/** What to measure. */
typedef struct weiss_bench_plan {
    bool test[WEISS_BENCH_TESTS];
    size_t size[WEISS_BENCH_SIZES_MAX]; /**< bytes, ascending, each a multiple of 4 */
    int nsizes;
} weiss_bench_plan;

/** All tests, 4 B to 4 MiB. */
weiss_bench_plan weiss_bench_plan_all(void);
/** Takes the tests of "latency,put"; a wrong name is answered with the list. @return 0, WEISS_ERR_USAGE */
int weiss_bench_parse_tests(const char *text, weiss_bench_plan *plan, weiss_fault *fault);
/** Takes sizes: "4,64K,1M", or powers of two from one to another: "4-4M". K and KiB are 1024, M and MiB 1024^2.
 *  @return 0, WEISS_ERR_USAGE (malformed, no multiple of 4, more than 1 GiB, too many) */
int weiss_bench_parse_sizes(const char *text, weiss_bench_plan *plan, weiss_fault *fault);
/** "64 KiB", "12 B". Returns @p out. */
char *weiss_bench_size_text(size_t bytes, char *out, size_t size);
/** The test with this name; WEISS_BENCH_TESTS when there is none. */
weiss_bench_test weiss_bench_find(const char *name);
/** Number of pairs of a test and a size in the plan. */
int weiss_bench_plan_count(const weiss_bench_plan *plan);

#endif
