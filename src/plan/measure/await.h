/* Waiting for messages where ranks may share processors, as in virtual machines on a small host: who waits long sleeps, and
 * leaves the processor to those that work. */
#ifndef WEISS_PLAN_AWAIT_H
#define WEISS_PLAN_AWAIT_H

#include <mpi.h>

/** Lets this process sleep for times as short as weiss_await_all needs. Once, at the start. */
void weiss_await_prepare(void);

/** Waits until @p n requests are done. For the first AWAIT_SPIN seconds it looks all the time; then it sleeps between two
 *  looks, a sixteenth of the time that it has waited, at most a millisecond. So it is late by 6 % at most. */
void weiss_await_all(int n, MPI_Request *request);

/** A barrier of MPI_COMM_WORLD with that waiting. Collective. */
void weiss_await_meet(void);

#endif
