/* Latency and bandwidth from measured times of messages. */
#ifndef WEISS_PLAN_FIT_H
#define WEISS_PLAN_FIT_H

#include "plan/topology.h"

/** A message of so many bytes took so long, one way. */
typedef struct weiss_fit_sample {
    double bytes, seconds;
} weiss_fit_sample;

/** Leaves one sample of each size, with the median of its times; of an even number the mean of the two in the middle. One pair of
 *  many, or a moment, in which something else ran does not move it. The least squares of weiss_fit lean to the shortest times
 *  when those of one size differ much.
 *  @param[in,out] sample  n; sorted by size at the end. @return how many sizes */
int weiss_fit_medians(weiss_fit_sample *sample, int n);

/** The latency L and bandwidth B for which L + bytes / B is nearest to the times: least squares of the relative errors, so that
 *  short messages count as much as long ones. L is at least 1 ns and B at most 10^15 bytes/s, should the fit leave these.
 *  @return 0, WEISS_ERR_VALUE (fewer than two sizes, or a time that is not above 0) */
int weiss_fit(const weiss_fit_sample *sample, int n, weiss_speed *speed, weiss_fault *fault);

#endif
