/* The life of the agent. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_RUN_H
#define WEISS_CLOUD_AGENT_DAEMON_RUN_H

#include "base/fault.h"

#include <stdbool.h>

/** Works until SIGTERM or SIGINT. SIGHUP has the settings read again. Regions and devices stay when it ends.
 *  @param config  file; NULL: the usual one, which may be missing
 *  @return 0; WEISS_ERR_VALUE, WEISS_ERR_FILE (settings; another agent runs); WEISS_ERR_SYSTEM, WEISS_ERR_MEMORY */
int weiss_agent_run(const char *config, bool dry_run, weiss_fault *fault);

#endif
