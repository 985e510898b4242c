#include "weiss/start.h"

#include "weiss/command.h"
#include "weiss/ranks.h"

#include <stdlib.h>

bool weiss_start(weiss_session **session)
{
    /* A process on its own needs no daemon beside it; starting one takes longer than small problems do. */
    if (!weiss_under_mpi())
        setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    /* Shared file pointers are not used here; Open MPI's complains when a process on its own opens a file. */
    setenv("OMPI_MCA_sharedfp", "^sm", 0);
    int code = weiss_session_begin(MPI_COMM_WORLD, session);
    if (code != 0 && weiss_speaks())
        fprintf(stderr, "weiss: MPI and PETSc cannot be initialised: %s\n", weiss_code_text(code));
    return code == 0;
}

int weiss_end(weiss_session *session, int code)
{
    weiss_context *ctx = session->ctx;
    code = weiss_agree(ctx, code);
    if (code != 0 && weiss_rank(ctx) == 0) {
        const char *text = weiss_error_text(ctx);
        fprintf(stderr, "weiss: %s\n", text[0] != '\0' ? text : weiss_code_text(code));
    }
    weiss_session_end(session);
    return code == 0 ? WEISS_EXIT_DONE : WEISS_EXIT_ERROR;
}
