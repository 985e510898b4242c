/* Regions with a doorbell: groups of weiss-ivshmemd, which is asked by running it. The server is started when the first
 * region is made, does not end with the agent, and is found again by its directory. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_SERVER_H
#define WEISS_CLOUD_AGENT_DAEMON_SERVER_H

#include "cloud/agent/settings.h"

/** Its run directory, below the agent's. */
#define WEISS_DOORBELL_DIRECTORY "doorbell"

int weiss_doorbell_make(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                        weiss_fault *fault);
int weiss_doorbell_check(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                         weiss_fault *fault);
int weiss_doorbell_remove(const weiss_agent_settings *settings, const char *name, weiss_fault *fault);
int weiss_doorbell_list(const weiss_agent_settings *settings, void (*found)(void *data, const char *name),
                        void *data, weiss_fault *fault);
void weiss_doorbell_rest(const weiss_agent_settings *settings);

#endif
