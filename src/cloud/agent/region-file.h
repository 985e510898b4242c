/* Region files of the agent: memory that instances share, below /dev/shm. A file gets its name only when it is complete: of
 * its size, all of it reserved, all zeros, owned root:kvm, mode 0660. Nobody else can open it at any moment. */
#ifndef WEISS_CLOUD_AGENT_REGION_FILE_H
#define WEISS_CLOUD_AGENT_REGION_FILE_H

#include "cloud/agent/settings.h"

/** Names of our regions begin so, and nothing else may. */
#define WEISS_REGION_PREFIX "weiss-agent-"

/** Makes it. @return 0, WEISS_ERR_FILE (no room, with what is free and what is asked for; the name is taken; no such group) */
int weiss_region_file_make(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                           weiss_fault *fault);
/** Checks that it is there and as it was made: a regular file of its size, owner and mode, with one name.
 *  @return 0, WEISS_ERR_FILE */
int weiss_region_file_check(const weiss_agent_settings *settings, const char *name, int64_t bytes,
                            weiss_fault *fault);
/** Removes it. One that is not there is passed over. @return 0, WEISS_ERR_FILE */
int weiss_region_file_remove(const weiss_agent_settings *settings, const char *name, weiss_fault *fault);
/** Calls @p found for each file with our prefix. @return 0, WEISS_ERR_FILE */
int weiss_region_file_list(const weiss_agent_settings *settings, void (*found)(void *data, const char *name),
                           void *data, weiss_fault *fault);
/** A name that nobody can guess: the prefix and 16 hexadecimal digits. @param data  unused; fits weiss_groups_new */
void weiss_region_file_name(void *data, char *out);

#endif
