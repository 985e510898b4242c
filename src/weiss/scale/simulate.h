/* What `weiss scale --simulate` predicts from the runs that were measured. */
#ifndef WEISS_COMMAND_SCALE_SIMULATE_H
#define WEISS_COMMAND_SCALE_SIMULATE_H

#include "plan/simulate.h"
#include "weiss/scale/scale.h"

#define WEISS_SCALE_NETWORKS_MAX 8

typedef struct weiss_scale_forecast {
    int ranks[WEISS_SCALING_POINTS_MAX]; /**< to predict for, ascending */
    int nranks; /**< 0: nothing is asked for */
    weiss_sim_machine machine[WEISS_SCALE_NETWORKS_MAX];
    int nmachines;
    const char *mesh; /**< in place of the problem's; NULL: that one; borrowed */
    char mesh_file[64]; /**< the problem's */
} weiss_scale_forecast;

/** Takes the files of --network, separated by commas; NULL: the usual machines. @return 0, WEISS_ERR_USAGE, or a code of
 *  weiss_topology_read */
int weiss_scale_take_networks(const char *files, weiss_scale_forecast *forecast, weiss_fault *fault);

/** Compares the model with the runs on this machine, prints its error, and predicts.
 *  @param job  measured on this machine
 *  @param[out] series  one for each machine
 *  @return an exit code; what went wrong was said */
int weiss_scale_simulate(const weiss_scale_job *job, weiss_scale_forecast *forecast, weiss_scaling *series);

#endif
