/* The simulator: how long a step of the solver would take on more ranks and other networks than there are.
 *
 * Ranks fill servers one after the other, VM by VM. A message of b bytes on level l takes L_l + b / B_l. The time of a run is
 *
 *   T(N) = s + p x(N) + e C(N)
 *
 * with the largest part of the mesh x(N) = max nodes of a rank / all nodes, the serial time s and parallel time p of computing,
 * which come from measured runs, e evaluations of the field, and the communication C(N) of one: exchanges of halos by the cost
 * model of plan/cost.h, reductions, an allgather and an alltoall by the formulas below. Nothing here is collective. */
#ifndef WEISS_PLAN_SIMULATE_H
#define WEISS_PLAN_SIMULATE_H

#include "plan/cost.h"

/** A machine that is made up: as many servers as are needed. */
typedef struct weiss_sim_machine {
    char name[WEISS_PLAN_NAME];
    int vms; /**< of each server */
    int vcpus; /**< of each VM */
    int servers; /**< 0: as many as are needed; else ranks share vCPUs when there are too few */
    weiss_speed speed[WEISS_PLAN_LEVELS];
} weiss_sim_machine;

/** What the division of a mesh says. */
typedef struct weiss_sim_parts {
    int nranks;
    double nodes; /**< of the mesh */
    double largest; /**< nodes of the largest part */
    double surface; /**< nodes on the surface */
    double interface; /**< nodes between parts */
    weiss_traffic halo; /**< one exchange of one number at each ghost node, settled; owned */
} weiss_sim_parts;

/** What one evaluation of the field does. */
typedef struct weiss_sim_step {
    double exchanges; /**< of the halo, three numbers for each ghost node */
    double reductions; /**< sums of one number over all ranks */
    double potentials; /**< sums of a number for each node between parts */
} weiss_sim_step;

/** A machine like the first server of a topology file, whose VMs must be of one size. @return 0, WEISS_ERR_VALUE */
int weiss_sim_machine_like(const char *name, const weiss_topology *topology, weiss_sim_machine *machine,
                           weiss_fault *fault);
/** Machines for a first look: servers of four VMs of 16 vCPUs with Ethernet of 1 Gb/s, 10 Gb/s, and RDMA of 100 Gb/s between
 *  them. @return how many there are in *machine, static */
int weiss_sim_usual(const weiss_sim_machine **machine);

/** Recursive doubling: log2(n) rounds, the messages of round k to the rank 2^k away; two rounds more when @p n is no power of
 *  two. Or a ring, 2 (n - 1) messages of bytes / n, where that is shorter. Between servers all ranks of one share its link.
 *  @return s */
double weiss_sim_allreduce(const weiss_sim_machine *machine, int n, double bytes);
/** Ring: n - 1 messages of bytes / n on the slowest level. Or doubling, rounds of 1, 2, 4, ... blocks, where that is shorter.
 *  @param bytes  of all blocks together. @return s */
double weiss_sim_allgather(const weiss_sim_machine *machine, int n, double bytes);
/** Each rank sends @p bytes to each other one, one after the other; the links of the servers are shared. @return s */
double weiss_sim_alltoall(const weiss_sim_machine *machine, int n, double bytes);
/** Communication of an evaluation. @param[out] seconds. @return 0, WEISS_ERR_VALUE (too many ranks), WEISS_ERR_MEMORY */
int weiss_sim_communication(const weiss_sim_machine *machine, const weiss_sim_parts *parts,
                            const weiss_sim_step *step, double *seconds, weiss_fault *fault);
/** Ranks for each vCPU when there are more ranks than vCPUs, else 1. */
double weiss_sim_crowd(const weiss_sim_machine *machine, int n);

/** Times of computing: t = serial + parallel x. */
typedef struct weiss_sim_law {
    double serial, parallel; /**< s */
} weiss_sim_law;

/** Least squares of the relative errors over @p n points, but not point @p except (-1: all). Neither number is negative; from a
 *  single point serial is 0. @return 0, WEISS_ERR_VALUE (no point, or a number that is not above 0) */
int weiss_sim_fit(const double *x, const double *t, int n, int except, weiss_sim_law *law,
                  weiss_fault *fault);

#endif
