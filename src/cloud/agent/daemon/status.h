/* What the agent tells of itself, as JSON. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_STATUS_H
#define WEISS_CLOUD_AGENT_DAEMON_STATUS_H

#include "cloud/agent/daemon/agent.h"

#include <json-c/json.h>

/** Everything. The caller puts it. */
json_object *weiss_status_all(const weiss_agent *agent);
/** One instance, with what decided. The caller puts it. */
json_object *weiss_status_why(const weiss_agent *agent, const weiss_known *known);
/** Finds an instance by its UUID, by libvirt's name, or by the name that its owner gave it.
 *  @return NULL: there is none, or there are several; the fault says so */
weiss_known *weiss_status_find(const weiss_agent *agent, const char *name, weiss_fault *fault);

#endif
