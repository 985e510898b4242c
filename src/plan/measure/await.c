#include "plan/measure/await.h"

#include <sys/prctl.h>
#include <time.h>

#define AWAIT_SPIN 200e-6 /* s */
#define SHARE 16.0 /* of the time waited */
#define LONGEST 1e-3 /* s */
#define LOOKS 32 /* between two looks at the clock */

void weiss_await_prepare(void)
{
    prctl(PR_SET_TIMERSLACK, 1UL);
}

static void doze(double waited)
{
    double seconds = waited / SHARE < LONGEST ? waited / SHARE : LONGEST;
    const struct timespec time = {.tv_nsec = (long)(1e9 * seconds)};
    if (waited > AWAIT_SPIN)
        nanosleep(&time, NULL);
}

void weiss_await_all(int n, MPI_Request *request)
{
    double begin = 0.0;
    int done = 0;
    for (int i = 0; i < LOOKS && !done; i++)
        MPI_Testall(n, request, &done, MPI_STATUSES_IGNORE);
    if (!done)
        begin = MPI_Wtime();
    while (!done) {
        doze(MPI_Wtime() - begin);
        MPI_Testall(n, request, &done, MPI_STATUSES_IGNORE);
    }
}

void weiss_await_meet(void)
{
    MPI_Request request;
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    weiss_await_all(1, &request);
}
