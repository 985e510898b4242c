/* The mesh of a run in a cluster: made on this machine, since the machines have no Gmsh. */
#ifndef WEISS_COMMAND_CLUSTER_MESH_H
#define WEISS_COMMAND_CLUSTER_MESH_H

#include "base/fault.h"

#include <signal.h>

/** Makes the mesh of a problem, in metres, by `weiss mesh make` in a process of its own. What that says on standard error is
 *  told when it fails.
 *  @param stop  ends it early when it points to something else than 0
 *  @return 0; WEISS_ERR_VALUE (the problem is wrong or has no such mesh, which was said); WEISS_STOPPED, WEISS_ERR_SYSTEM, WEISS_ERR_MEMORY */
int weiss_cluster_make_mesh(const char *problem, const char *out, const volatile sig_atomic_t *stop,
                            weiss_fault *fault);

#endif
