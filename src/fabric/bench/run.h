/* The course of a measurement, whatever carries the messages: how many iterations make a sample, how many samples, and the
 * lines that report them:
 *
 *     sample TEST BYTES MICROSECONDS CPU      time of one part (tests.h), mean of a sample; CPU time of rank 1 in percent
 *     done
 */
#ifndef WEISS_FABRIC_BENCH_RUN_H
#define WEISS_FABRIC_BENCH_RUN_H

#include "fabric/bench/tests.h"

/** A point in time, or the time between two: of the clock, and of all threads of this process on a CPU. Seconds. */
typedef struct weiss_bench_time {
    double wall, cpu;
} weiss_bench_time;

weiss_bench_time weiss_bench_now(void);
weiss_bench_time weiss_bench_since(weiss_bench_time begin);

/** What carries the messages. All functions are collective on the ranks of the measurement. */
typedef struct weiss_bench_carrier {
    int rank;
    void *self;
    /** Runs @p iterations of a test and takes the time on this rank. @return false when wrong bytes arrived */
    bool (*sample)(void *self, weiss_bench_test test, size_t bytes, long iterations, weiss_bench_time *time);
    /** Gives rank 0's value to all. */
    void (*agree)(void *self, long *value);
    /** On rank 0: the value of rank 1. */
    double (*of_waiter)(void *self, double value);
} weiss_bench_carrier;

/** How long to measure. */
typedef struct weiss_bench_effort {
    int samples; /**< of each test and size */
    double seconds; /**< of one sample, about */
} weiss_bench_effort;

/** Measures all that @p plan asks for; rank 0 prints the lines.
 *  @return 0, WEISS_ERR_PEER (wrong bytes arrived on this rank) */
int weiss_bench_run(const weiss_bench_carrier *carrier, const weiss_bench_plan *plan,
                    const weiss_bench_effort *effort, weiss_fault *fault);

/** Fills a message; the bytes depend on the rank that sends it. */
void weiss_bench_fill(unsigned char *data, size_t bytes, int rank);
/** True when @p data is what rank @p rank fills in. */
bool weiss_bench_check(const unsigned char *data, size_t bytes, int rank);

/** Takes the options of a measuring program: --tests, --sizes, --samples, --sample-time and, when @p wait is not NULL,
 *  --wait-time. @return 0, WEISS_ERR_USAGE */
int weiss_bench_options(int argc, char **argv, weiss_bench_plan *plan, weiss_bench_effort *effort,
                        double *wait, weiss_fault *fault);

#endif
