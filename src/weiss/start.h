/* How a subcommand begins and ends its work with the library. */
#ifndef WEISS_COMMAND_START_H
#define WEISS_COMMAND_START_H

#include "simulation/session.h"

/** Begins a session on all ranks. Says on standard error when that fails. @return true on success */
bool weiss_start(weiss_session **session);

/** Ends it. When @p code is not 0 on some rank, its text is printed once, on rank 0. Collective.
 *  @return WEISS_EXIT_DONE or WEISS_EXIT_ERROR */
int weiss_end(weiss_session *session, int code);

#endif
