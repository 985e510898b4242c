/* Latency and bandwidth from measured times of messages. */
#ifndef WEISS_PLAN_FIT_H
#define WEISS_PLAN_FIT_H

#include "plan/topology.h"

/** A message of so many bytes took so long, one way. */
typedef struct weiss_fit_sample {
    double bytes, seconds;
} weiss_fit_sample;

/** The latency L and bandwidth B for which L + bytes / B is nearest to the times: least squares of the relative errors, so that
 *  short messages count as much as long ones. L is at least 1 ns and B at most 10^15 bytes/s, should the fit leave these.
 *  @return 0, WEISS_ERR_VALUE (fewer than two sizes, or a time that is not above 0) */
int weiss_fit(const weiss_fit_sample *sample, int n, weiss_speed *speed, weiss_fault *fault);

#endif
