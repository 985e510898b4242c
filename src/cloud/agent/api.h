/* Questions of the agent to Nova's API: who is on this host, in which groups, with which metadata and extra specs. */
#ifndef WEISS_CLOUD_AGENT_API_H
#define WEISS_CLOUD_AGENT_API_H

#include "cloud/agent/facts.h"
#include "cloud/openstack/cloud.h"

/** Asks for all instances of a host. Uses few requests: the servers of the host with details, the server groups of all
 *  projects, extra specs that come with microversion 2.47 and later; follows pages.
 *  @param host  Nova's name of it
 *  @param[out] table  complete, or empty on failure; cleared by the caller
 *  @return 0, or as weiss_cloud_ask */
int weiss_api_facts(weiss_cloud *cloud, const char *host, weiss_facts_table *table, weiss_fault *fault);

#endif
