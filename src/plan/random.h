/* Pseudo-random numbers that are the same everywhere (splitmix64). */
#ifndef WEISS_PLAN_RANDOM_H
#define WEISS_PLAN_RANDOM_H

#include <stdint.h>

static inline uint64_t weiss_plan_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/** A number from 0 to @p n - 1; n is small beside 2^64. */
static inline int weiss_plan_random_below(uint64_t *state, int n)
{
    return (int)(weiss_plan_random(state) % (uint64_t)n);
}

#endif
