#include "simulation/session.h"

#include <cblas.h>
#include <petscsys.h>
#include <stdlib.h>

const char *weiss_version(void)
{
    return WEISS_VERSION;
}

/** PETSc without its signal handlers, its ~/.petscrc and its messages on standard error: failures come back as codes. */
static int start_petsc(weiss_session *session)
{
    PetscBool running = PETSC_FALSE;
    char program[] = "weiss", no_signals[] = "-no_signal_handler", no_file[] = "-skip_petscrc";
    char *arguments[] = {program, no_signals, no_file, NULL};
    char **argv = arguments;
    int argc = 3;
    if (PetscInitialized(&running) != 0)
        return WEISS_ERR_LIBRARY;
    if (running)
        return 0;
    if (PetscInitialize(&argc, &argv, NULL, NULL) != 0)
        return WEISS_ERR_LIBRARY;
    session->started_petsc = true;
    return PetscPushErrorHandler(PetscReturnErrorHandler, NULL) == 0 ? 0 : WEISS_ERR_LIBRARY;
}

int weiss_session_begin(MPI_Comm comm, weiss_session **out)
{
    int code = 0, running = 0;
    *out = NULL;
    weiss_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return WEISS_ERR_MEMORY;
    if (MPI_Initialized(&running) != MPI_SUCCESS || (!running && MPI_Init(NULL, NULL) != MPI_SUCCESS)) {
        free(session);
        return WEISS_ERR_MPI;
    }
    session->started_mpi = !running;
    WEISS_TRY_OUT(code, start_petsc(session));
    WEISS_TRY_OUT(code, weiss_context_create(comm, &session->ctx));
    /* One rank, one core: threads of the BLAS would compete with the other ranks. */
    openblas_set_num_threads(1);
    *out = session;
    return 0;
out:
    weiss_session_end(session);
    return code;
}

void weiss_session_end(weiss_session *session)
{
    if (session == NULL)
        return;
    weiss_context_destroy(session->ctx);
    if (session->started_petsc) {
        PetscPopErrorHandler();
        PetscFinalize();
    }
    if (session->started_mpi)
        MPI_Finalize();
    free(session);
}

const char *weiss_session_error(const weiss_session *session)
{
    return weiss_error_text(session->ctx);
}

static void pass_on(void *self, weiss_level level, const char *text)
{
    weiss_session *session = self;
    session->log(session->log_self, (int)level, text);
}

void weiss_session_log(weiss_session *session, void (*log)(void *self, int level, const char *text),
                       void *self)
{
    session->log = log;
    session->log_self = self;
    weiss_set_log(session->ctx, log != NULL ? pass_on : NULL, session);
}
