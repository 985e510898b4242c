/* A clock that costs a few cycles: the time stamp counter where there is one (a system call to read a clock costs far more in
 * an emulated guest than the messages that are timed). */
#ifndef WEISS_FABRIC_CLOCK_H
#define WEISS_FABRIC_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t weiss_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#if defined(__x86_64__)
static inline uint64_t weiss_ticks(void)
{
    return __builtin_ia32_rdtsc();
}
#else
static inline uint64_t weiss_ticks(void)
{
    return weiss_clock_ns();
}
#endif

/** Ticks in a microsecond, measured in about a millisecond. */
static inline double weiss_ticks_per_us(void)
{
    uint64_t ns = weiss_clock_ns(), ticks = weiss_ticks(), passed;
    do
        passed = weiss_clock_ns() - ns;
    while (passed < 1000000);
    double rate = (double)(weiss_ticks() - ticks) * 1e3 / (double)passed;
    return rate > 1 ? rate : 1;
}

/** Tells the processor that it waits in a loop. */
static inline void weiss_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

#endif
