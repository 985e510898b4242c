/* What a plan is written as: files for launchers, and a picture. */
#ifndef WEISS_PLAN_OUTPUTS_H
#define WEISS_PLAN_OUTPUTS_H

#include "plan/place.h"

typedef struct weiss_plan {
    const weiss_topology *topology; /**< borrowed */
    const weiss_traffic *traffic; /**< borrowed */
    const int *slot; /**< of each rank; borrowed */
    const weiss_place_times *times; /**< borrowed */
} weiss_plan;

/** Open MPI's hostfile: the VMs that have ranks, with all their vCPUs, and on which server they are. */
void weiss_plan_hostfile(FILE *to, const weiss_plan *plan);
/** Open MPI's rankfile: `rank 0=vm1 slot=0`. */
void weiss_plan_rankfile(FILE *to, const weiss_plan *plan);
/** Host file of MPICH's Hydra, `vm1:2`, which places ranks in the order of its lines. */
void weiss_plan_hydra(FILE *to, const weiss_plan *plan);
/** A table: `rank,server,vm,vcpu`. */
void weiss_plan_table(FILE *to, const weiss_plan *plan);
/** A picture (SVG): servers, VMs, vCPUs with their ranks, and lines between them as wide as their bytes. */
void weiss_plan_picture(FILE *to, const weiss_plan *plan);

#endif
