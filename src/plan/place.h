/* Placements: the slot of each rank. Those that people use without a plan, the best one found, and the worst. */
#ifndef WEISS_PLAN_PLACE_H
#define WEISS_PLAN_PLACE_H

#include "plan/cost.h"

#include <stdbool.h>
#include <stdint.h>

/** Says that there are too few slots. @return 0, WEISS_ERR_VALUE */
int weiss_place_check(const weiss_topology *topology, int nranks, weiss_fault *fault);

/** Plain order: the VMs are filled one after the other. @param[out] slot  nranks, as in all of these; nranks <= nslots */
void weiss_place_fill(const weiss_topology *topology, int nranks, int *slot);
/** Round-robin over the VMs that have a free slot. */
void weiss_place_round(const weiss_topology *topology, int nranks, int *slot);
/** A random placement, the same for the same @p seed. @return 0, WEISS_ERR_MEMORY */
int weiss_place_random(const weiss_topology *topology, int nranks, uint64_t seed, int *slot,
                       weiss_fault *fault);
/** Scotch's static mapping of the traffic onto the topology: a tree of which levels cost what a message of mean size
 *  takes there.
 *  @param spread  all slots are the target, else only the first that are needed
 *  @param recursive  by recursive bipartitioning only, else by Scotch's own choice
 *  @return 0, WEISS_ERR_LIBRARY, WEISS_ERR_MEMORY */
int weiss_place_scotch(const weiss_topology *topology, const weiss_traffic *traffic, bool spread,
                       bool recursive, int *slot, weiss_fault *fault);

/** Swaps ranks, and moves them to free slots, as long as that makes the step shorter (@p sign 1) or longer (-1), and among
 *  equal steps the total smaller or larger. Ends at an optimum of single swaps, or after a fixed amount of work.
 *  @param[in,out] slot  a placement. @return 0, WEISS_ERR_MEMORY */
int weiss_place_refine(const weiss_topology *topology, const weiss_traffic *traffic, double sign, int *slot,
                       weiss_fault *fault);

/** The worst placement that such swaps find from four starts. @param[out] slot  nranks; @param[out] step  its predicted time, s
 *  @return 0, WEISS_ERR_MEMORY */
int weiss_place_worst(const weiss_topology *topology, const weiss_traffic *traffic, int *slot, double *step,
                      weiss_fault *fault);

#define WEISS_PLACE_SEEDS 20 /* random placements of which the mean is given */

/** The predicted step times, s. */
typedef struct weiss_place_times {
    double plan, fill, round, random, worst;
} weiss_place_times;

/** The best placement found: of Scotch's, plain order and round-robin, each refined. The same for the same input.
 *  @param[out] slot   nranks
 *  @param[out] times  of it and of the others
 *  @return 0, WEISS_ERR_VALUE (too few slots), WEISS_ERR_LIBRARY, WEISS_ERR_MEMORY */
int weiss_place_plan(const weiss_topology *topology, const weiss_traffic *traffic, int *slot,
                     weiss_place_times *times, weiss_fault *fault);

#endif
