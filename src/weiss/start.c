#include "weiss/start.h"

#include "weiss/command.h"
#include "weiss/run/ranks.h"

#include <stdlib.h>

bool weiss_start(weiss_session **session)
{
    /* A process on its own needs no daemon beside it; starting one takes longer than small problems do. All such processes
     * would share one directory for temporary files, which each removes at its end under the feet of the others; without
     * other ranks nothing needs it but shared file pointers, which are not used here. */
    if (!weiss_under_mpi()) {
        setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
        setenv("OMPI_MCA_orte_create_session_dirs", "0", 0);
        setenv("OMPI_MCA_sharedfp", "^sm", 0);
    }
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
