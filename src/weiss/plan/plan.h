/* What the files of `weiss plan` share. */
#ifndef WEISS_COMMAND_PLAN_H
#define WEISS_COMMAND_PLAN_H

#include "base/context.h"
#include "plan/outputs.h"
#include "plan/simulate.h"
#include "weiss/child.h"

/** Traffic of a step of the solver on a mesh that is divided among @p nranks ranks (docs/plan.md says what is counted). Local.
 *  @param[out] traffic  free with weiss_traffic_free
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_SYNTAX, WEISS_ERR_MESH, WEISS_ERR_VALUE, WEISS_ERR_LIBRARY, WEISS_ERR_MEMORY */
int weiss_plan_mesh(weiss_context *ctx, const char *path, int nranks, weiss_traffic *traffic);

/** How a mesh file is divided among each of @p n numbers of ranks. Local.
 *  @param[out] parts  n; their halos are to be freed with weiss_traffic_free, also after an error
 *  @return as weiss_plan_mesh */
int weiss_plan_parts(weiss_context *ctx, const char *path, const int *nranks, int n, weiss_sim_parts *parts);

/** Writes the files of a plan into a directory, which is made when it is not there.
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_MEMORY */
int weiss_plan_write(const char *directory, const weiss_plan *plan, weiss_fault *fault);

/** Measures the speed of each level that the hosts of a hostfile have, under mpirun. WEISS_ERR_SYSTEM is
 *  printed already, with what mpirun said.
 *  @param[out] topology  of the hostfile; free with weiss_topology_free
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_SYNTAX, WEISS_ERR_VALUE, WEISS_ERR_SYSTEM, WEISS_ERR_MEMORY */
int weiss_plan_measure(const char *hostfile, weiss_topology *topology, weiss_fault *fault);

/** Runs a program of src/plan/measure under mpirun, a rank on each slot. A failure is printed, with what mpirun said.
 *  @param where     option and value that name the hosts
 *  @param argument  of the program; NULL after the last
 *  @return 0, WEISS_ERR_FILE (no mpirun, no program), WEISS_ERR_MEMORY, WEISS_ERR_SYSTEM (printed already) */
int weiss_plan_mpirun(const char *program, const char *const *where, int nslots, const char *const *argument,
                      weiss_child *child, weiss_fault *fault);

#define WEISS_PLAN_LAPS_MAX 1000

/** Sends the traffic of a step between the hosts of the topology, under the plan and under what people do without one, in
 *  turn, and prints measured and predicted times.
 *  @param laps       turns of each placement, at most WEISS_PLAN_LAPS_MAX
 *  @param directory  gets try.csv; NULL: no file
 *  @return as weiss_plan_mpirun, or WEISS_ERR_VALUE (a message is too large), WEISS_ERR_FILE */
int weiss_plan_try(const weiss_plan *plan, int laps, const char *directory, weiss_fault *fault);

#endif
