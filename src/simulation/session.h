/* The libraries below us, initialised once and in a way that suits a guest in somebody's program. */
#ifndef WEISS_SIMULATION_SESSION_H
#define WEISS_SIMULATION_SESSION_H

#include "base/context.h"
#include "weiss/weiss.h"

struct weiss_session {
    weiss_context *ctx; /**< owned */
    bool started_mpi; /**< MPI_Finalize is ours to call */
    bool started_petsc; /**< PetscFinalize is ours to call */
    void (*log)(void *self, int level, const char *text); /**< the program's; NULL: the context's default */
    void *log_self;
};

#endif
