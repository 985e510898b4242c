/* Begin and end of a traced program. */
#include "plan/trace/trace.h"

static void begin(void)
{
    weiss_group_begin();
    weiss_count_begin();
}

WEISS_TRACED int MPI_Init(int *argc, char ***argv)
{
    int code = PMPI_Init(argc, argv);
    if (code == MPI_SUCCESS)
        begin();
    return code;
}

WEISS_TRACED int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    int code = PMPI_Init_thread(argc, argv, required, provided);
    if (code == MPI_SUCCESS)
        begin();
    return code;
}

WEISS_TRACED int MPI_Finalize(void)
{
    weiss_count_end();
    return PMPI_Finalize();
}
