#include "fabric/bench/run.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#define MOST_ITERATIONS 100000000L

weiss_bench_time weiss_bench_now(void)
{
    struct timespec now;
    struct rusage used;
    clock_gettime(CLOCK_MONOTONIC, &now);
    getrusage(RUSAGE_SELF, &used);
    return (weiss_bench_time){
        .wall = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec,
        .cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec),
    };
}

weiss_bench_time weiss_bench_since(weiss_bench_time begin)
{
    weiss_bench_time now = weiss_bench_now();
    return (weiss_bench_time){.wall = now.wall - begin.wall, .cpu = now.cpu - begin.cpu};
}

void weiss_bench_fill(unsigned char *data, size_t bytes, int rank)
{
    for (size_t i = 0; i < bytes; i++)
        data[i] = (unsigned char)(31 * i + (i >> 8) + (size_t)(101 * rank) + 1);
}

bool weiss_bench_check(const unsigned char *data, size_t bytes, int rank)
{
    size_t i = 0;
    while (i < bytes && data[i] == (unsigned char)(31 * i + (i >> 8) + (size_t)(101 * rank) + 1))
        i++;
    return i == bytes;
}

static int take(const weiss_bench_carrier *carrier, weiss_bench_test test, size_t bytes, long iterations,
                weiss_bench_time *time, weiss_fault *fault)
{
    if (carrier->sample(carrier->self, test, bytes, iterations, time))
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_PEER,
                           "%s of %zu bytes: wrong bytes arrived on rank %d; the transport is broken",
                           weiss_bench_table[test].name, bytes, carrier->rank);
}

/** Iterations that take about as long as a sample should. Warms up on the way. */
static int calibrate(const weiss_bench_carrier *carrier, weiss_bench_test test, size_t bytes, double seconds,
                     long *iterations, weiss_fault *fault)
{
    long next = -1;
    *iterations = 1;
    if (test == WEISS_BENCH_WAIT)
        return 0;
    while (next < 0) {
        weiss_bench_time time;
        int code = take(carrier, test, bytes, -next, &time, fault);
        if (code != 0)
            return code;
        double wanted = fmin((double)-next * seconds / fmax(time.wall, 1e-9), (double)MOST_ITERATIONS);
        long enough = wanted >= 1.0 ? lround(wanted) : 1;
        /* A short trial is a poor measure and is repeated with more; rank 0 decides for all. */
        next = time.wall < seconds / 4 && enough < MOST_ITERATIONS
                   ? -(enough > -next * 10 ? -next * 10 : enough)
                   : enough;
        carrier->agree(carrier->self, &next);
    }
    *iterations = next;
    return 0;
}

static int measure(const weiss_bench_carrier *carrier, weiss_bench_test test, size_t bytes,
                   const weiss_bench_effort *effort, weiss_fault *fault)
{
    long iterations;
    int code = calibrate(carrier, test, bytes, effort->seconds, &iterations, fault);
    for (int s = 0; code == 0 && s < effort->samples; s++) {
        weiss_bench_time time;
        code = take(carrier, test, bytes, iterations, &time, fault);
        if (code != 0)
            break;
        double cpu = carrier->of_waiter(carrier->self, 100.0 * time.cpu / fmax(time.wall, 1e-9));
        double part = time.wall / ((double)iterations * weiss_bench_table[test].parts);
        if (carrier->rank == 0) {
            printf("sample %s %zu %.6g %.4g\n", weiss_bench_table[test].name, bytes, 1e6 * part, cpu);
            fflush(stdout);
        }
    }
    return code;
}

int weiss_bench_run(const weiss_bench_carrier *carrier, const weiss_bench_plan *plan,
                    const weiss_bench_effort *effort, weiss_fault *fault)
{
    int code = 0;
    for (int t = 0; t < WEISS_BENCH_TESTS; t++) {
        const weiss_bench_facts *facts = &weiss_bench_table[t];
        if (!plan->test[t])
            continue;
        for (int s = 0; code == 0 && s < (facts->sized ? plan->nsizes : 1); s++)
            code = measure(carrier, (weiss_bench_test)t, facts->sized ? plan->size[s] : facts->bytes, effort,
                           fault);
    }
    if (code == 0 && carrier->rank == 0)
        puts("done");
    return code;
}
