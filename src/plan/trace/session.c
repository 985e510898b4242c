/* Begin and end of a traced program. */
#include "plan/trace/trace.h"

static void begin(void)
{
    weiss_group_begin();
    weiss_count_begin();
    weiss_time_begin();
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

/** MPI's own way for a program to say which part of it is of interest: 0 stops counts and clock, 1 lets them go on, 2 lets
 *  them begin anew. */
WEISS_TRACED int MPI_Pcontrol(const int level, ...)
{
    if (level == 2) {
        weiss_count_forget();
        weiss_time_forget();
    }
    weiss_count_switch(level != 0);
    weiss_time_switch(level != 0);
    return MPI_SUCCESS;
}

WEISS_TRACED int MPI_Finalize(void)
{
    weiss_time_switch(false);
    weiss_count_end();
    return PMPI_Finalize();
}
