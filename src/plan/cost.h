/* The cost model: how long a step's communication takes under a placement.
 *
 *   out(r) = sum over what rank r sends of      messages * latency(level) + bytes / bandwidth(level)
 *   in(r)  = the same over what it receives
 *   time(r) = max(out(r), in(r))                              both directions at once, as two ranks that exchange do
 *   wait(r) = latency(network) * max(messages that rank r sends to other servers, that it receives from there)
 *   link(s) = max(bytes that leave server s, bytes that enter it) / bandwidth(network)
 *             + max over ranks of wait(r) when there are any  all ranks of a server share its link, which stands still
 *                                                             while a rank waits for one message to send the next
 *   step    = max over ranks and servers
 *
 * Messages of a rank follow each other; ranks wait for nothing else. Memory bandwidth inside a server is not shared. */
#ifndef WEISS_PLAN_COST_H
#define WEISS_PLAN_COST_H

#include "plan/topology.h"
#include "plan/traffic.h"

/** A placement is an array: the slot of each rank, each slot at most once. */
typedef struct weiss_plan_cost {
    const weiss_topology *topology; /**< borrowed */
    const weiss_traffic *traffic; /**< borrowed */
    double *out, *in; /**< nranks, s; owned */
    double *far_out, *far_in; /**< nranks: messages to other servers and from there; owned by out */
    double *leave, *enter; /**< nservers, bytes; owned */
    double total; /**< sum of out and of link bytes over bandwidth: s; what decides between equal steps */
} weiss_plan_cost;

/** @return 0, WEISS_ERR_MEMORY */
int weiss_cost_create(const weiss_topology *topology, const weiss_traffic *traffic, weiss_plan_cost *cost,
                      weiss_fault *fault);
void weiss_cost_free(weiss_plan_cost *cost);

/** Works the sums out for a placement. */
void weiss_cost_fill(weiss_plan_cost *cost, const int *slot);
/** Takes the flows of rank @p r out of the sums (@p sign -1) or puts them in (1), with all ranks where @p slot says.
 *  The flows between @p r and @p except (-1: none) are left alone. */
void weiss_cost_change(weiss_plan_cost *cost, const int *slot, int r, int except, double sign);
/** Step time from the sums, s. */
double weiss_cost_step(const weiss_plan_cost *cost);

/** Step time of a placement, s. @return 0, WEISS_ERR_MEMORY */
int weiss_cost_of(const weiss_topology *topology, const weiss_traffic *traffic, const int *slot, double *step,
                  weiss_fault *fault);

/** Messages and bytes of each level under a placement. */
typedef struct weiss_plan_share {
    double messages, bytes;
} weiss_plan_share;
void weiss_cost_shares(const weiss_topology *topology, const weiss_traffic *traffic, const int *slot,
                       weiss_plan_share share[WEISS_PLAN_LEVELS]);

#endif
