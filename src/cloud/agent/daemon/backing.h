/* The memory behind a region: a file below /dev/shm, or a group of a weiss-ivshmemd that the agent starts and that outlives it.
 * For the threads of the pool, and for the start. */
#ifndef WEISS_CLOUD_AGENT_DAEMON_BACKING_H
#define WEISS_CLOUD_AGENT_DAEMON_BACKING_H

#include "cloud/agent/settings.h"

#define WEISS_BACKING_PATH 400

/** Makes it. @return 0, WEISS_ERR_FILE (no room), WEISS_ERR_SYSTEM (the server) */
int weiss_backing_make(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                       weiss_fault *fault);
/** Checks that it is what was made. @return 0, WEISS_ERR_FILE, WEISS_ERR_SYSTEM */
int weiss_backing_check(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                        weiss_fault *fault);
/** Removes it. What is not there is passed over. @return 0, WEISS_ERR_FILE, WEISS_ERR_SYSTEM */
int weiss_backing_remove(const weiss_agent_settings *settings, const char *name, weiss_fault *fault);
/** Calls @p found for each, of either kind, that has our prefix. @return 0, WEISS_ERR_FILE */
int weiss_backing_list(const weiss_agent_settings *settings, void (*found)(void *data, const char *name),
                       void *data, weiss_fault *fault);
/** Socket of a region with a doorbell. @return NULL: regions are plain; else @p path */
const char *weiss_backing_socket(const weiss_agent_settings *settings, const char *name,
                                 char path[WEISS_BACKING_PATH]);

/** Stops the server, if it runs and has no group. */
void weiss_backing_rest(const weiss_agent_settings *settings);

#endif
