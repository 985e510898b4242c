/* Questions to a running weiss-agentd, at its control socket. */
#ifndef WEISS_CLOUD_AGENT_ASK_H
#define WEISS_CLOUD_AGENT_ASK_H

#include "base/fault.h"

#include <json-c/json.h>
#include <signal.h>

#define WEISS_AGENT_SOCKET "/run/weiss-agent/control"

/** Sends a command and waits for the answer.
 *  @param command   status, why, release, share, resync
 *  @param instance  NULL: the command has none
 *  @param stop      ends the wait when it points to something else than 0; may be NULL
 *  @param[out] answer  put by the caller; NULL on failure
 *  @return 0, WEISS_ERR_SYSTEM (no agent, no answer), WEISS_ERR_VALUE (the agent refuses, in its words), WEISS_STOPPED,
 *          WEISS_ERR_MEMORY */
int weiss_agent_ask(const char *socket, const char *command, const char *instance,
                    const volatile sig_atomic_t *stop, json_object **answer, weiss_fault *fault);

#endif
