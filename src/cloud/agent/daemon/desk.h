/* The desk: the control socket RUN/control, where root and the agent's own user ask. One line of JSON each way:
 *
 *   {"command": "status"}    {"command": "why", "instance": "NAME"}    {"command": "resync"}
 *   {"command": "release", "instance": "NAME"}    {"command": "share", "instance": "NAME"}
 *
 * The answer is {"ok": true, ...} or {"ok": false, "error": "TEXT"}. A release is answered when the device is gone, or when the
 * guest did not give it up. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_DESK_H
#define WEISS_CLOUD_AGENT_DAEMON_DESK_H

#include "cloud/agent/daemon/agent.h"

/** Listens. @return 0, WEISS_ERR_FILE (another agent runs there; the directory cannot be used), WEISS_ERR_MEMORY */
int weiss_desk_open(weiss_agent *agent, weiss_fault *fault);
/** Answers who waits for a release that has come to an end, and drops those who are silent. */
void weiss_desk_check(weiss_agent *agent, int64_t now);
/** ms of the next time that weiss_desk_check should be called; 0: no need */
int64_t weiss_desk_due(const weiss_desk *desk);
void weiss_desk_close(weiss_agent *agent);

#endif
