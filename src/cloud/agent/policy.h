/* Policy: whether an instance shares memory, with whom, and why. One decision for each instance, from its domain, from what
 * the API says, from the settings. Pure.
 *
 * A group is named by a key that begins with the project, so that instances of two projects are never in one:
 *     PROJECT/flavor            all of a project whose flavor's name matches (no API needed) or has weiss:shmem_mib
 *     PROJECT/server-group/ID   members of a server group, when their flavor matches or has weiss:shmem_mib
 *     PROJECT/named/NAME        metadata weiss:group=NAME, when the same holds: a tenant can divide what it was given, not
 *                               give itself something
 *     local/NAME                a domain that Nova did not make, by its element of metadata
 * A named group goes before a server group, and that before the flavor's. A key is printable as it is. */
#ifndef WEISS_CLOUD_AGENT_POLICY_H
#define WEISS_CLOUD_AGENT_POLICY_H

#include "cloud/agent/facts.h"
#include "cloud/agent/instance.h"
#include "cloud/agent/settings.h"

#define WEISS_GROUP_KEY 400

typedef struct weiss_decision {
    bool shares;
    char group[WEISS_GROUP_KEY]; /**< key; "": shares nothing */
    int64_t bytes; /**< of the region, if this instance is its first; a power of two, 1 MiB or more */
    char why[1024]; /**< for a person: what decided, step by step, a sentence each */
} weiss_decision;

/** Decides. @param facts  NULL: the API said nothing of it @param table_age  seconds since the API was reached; < 0: never */
void weiss_policy_decide(const weiss_agent_settings *settings, const weiss_instance *instance,
                         const weiss_facts *facts, int64_t table_age, weiss_decision *decision);

#endif
