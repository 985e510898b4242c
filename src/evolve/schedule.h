/* Times at which something is due: the multiples of an interval, up to the end of a stage. */
#ifndef WEISS_EVOLVE_SCHEDULE_H
#define WEISS_EVOLVE_SCHEDULE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct weiss_schedule {
    double every; /**< s; 0: never */
    double end; /**< s, nothing is due after it */
    int64_t next; /**< which multiple is due next */
} weiss_schedule;

/** Relative difference below which two times count as the same: far below any step, far above rounding. */
#define WEISS_SAME_TIME 1e-11

/** The first time due is the first multiple after @p now (s). */
static inline weiss_schedule weiss_schedule_start(double every, double now, double end)
{
    weiss_schedule s = {.every = every, .end = end};
    if (every > 0)
        s.next = (int64_t)floor(now / every * (1 + WEISS_SAME_TIME)) + 1;
    return s;
}

/** Time that is due next; infinite when there is none. A multiple that falls on the end is the end exactly. */
static inline double weiss_schedule_due(const weiss_schedule *s)
{
    double due = (double)s->next * s->every;
    if (!(s->every > 0) || due > s->end * (1 + WEISS_SAME_TIME))
        return INFINITY;
    return due > s->end * (1 - WEISS_SAME_TIME) ? s->end : due;
}

#endif
