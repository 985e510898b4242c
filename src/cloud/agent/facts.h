/* Facts: what Nova's API says of the instances of a host and the XML of the domain does not: server groups, metadata, extra
 * specs of the flavor. A table is a snapshot; the last good one is kept while the API is away. Pure, but for reading and
 * writing the file that carries it over a restart of the agent. */
#ifndef WEISS_CLOUD_AGENT_FACTS_H
#define WEISS_CLOUD_AGENT_FACTS_H

#include "cloud/agent/instance.h"

typedef struct weiss_facts {
    char uuid[WEISS_AGENT_UUID];
    char project[65]; /**< as the API says; must agree with the domain's, else nothing is shared */
    char group[WEISS_AGENT_WORD]; /**< metadata weiss:group; "": none */
    char server_group[WEISS_AGENT_UUID]; /**< UUID; "": in none */
    bool
        release; /**< metadata weiss:release is set (to anything but "no", "false", "0"): the region is taken away for as long */
    int64_t
        bytes; /**< extra spec weiss:shmem_mib of its flavor, in bytes; 0: none; < 0: there, but it is no number of MiB */
} weiss_facts;

typedef struct weiss_facts_table {
    int64_t taken; /**< seconds since 1970; 0: the API was never reached */
    size_t n;
    weiss_facts *facts; /**< sorted by uuid */
} weiss_facts_table;

/** Facts of an instance; NULL: none are known. */
const weiss_facts *weiss_facts_find(const weiss_facts_table *table, const char *uuid);
/** Adds a copy. @return 0, WEISS_ERR_MEMORY */
int weiss_facts_add(weiss_facts_table *table, const weiss_facts *facts, weiss_fault *fault);
/** Sorts; called once all are added. */
void weiss_facts_sort(weiss_facts_table *table);
void weiss_facts_clear(weiss_facts_table *table);

/** Keeps a table in a file (JSON, 0600, by a temporary name). @return 0, WEISS_ERR_FILE */
int weiss_facts_save(const weiss_facts_table *table, const char *path, weiss_fault *fault);
/** Reads it back. A file that is not there gives an empty table. @return 0, WEISS_ERR_FILE (and an empty table) */
int weiss_facts_load(weiss_facts_table *table, const char *path, weiss_fault *fault);

#endif
