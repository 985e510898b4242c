/* An instance: a running domain as the agent sees it, read from the XML that libvirt gives for it. What Nova wrote into the
 * metadata of its domains is there; for other domains, an element of our own may be:
 *
 *     <metadata>
 *       <weiss:share xmlns:weiss="https://weiss.invalid/agent/1" group="lab" size="64 MiB"/>
 *     </metadata>
 *
 * The XML holds words that tenants chose (names of instances and projects), so whatever is read is checked: what may not be
 * there is an error of that instance, never of the agent. Pure: no libvirt, no files. */
#ifndef WEISS_CLOUD_AGENT_INSTANCE_H
#define WEISS_CLOUD_AGENT_INSTANCE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEISS_AGENT_UUID 37
#define WEISS_AGENT_WORD                                                                                     \
    256 /**< names of domains, flavors, groups; longer ones are refused; what owners call their things is cut off */
#define WEISS_AGENT_SHMEMS 8 /**< devices of shared memory of one domain; more are an error of the instance */
/** Namespace of the element of our own. */
#define WEISS_AGENT_NAMESPACE "https://weiss.invalid/agent/1"

typedef enum weiss_machine_kind {
    WEISS_MACHINE_PC, /**< i440fx: devices go to any free slot */
    WEISS_MACHINE_Q35, /**< devices need a free root port */
    WEISS_MACHINE_OTHER /**< no PCI that is known here: never given a region */
} weiss_machine_kind;

/** A device of shared memory that the domain has. */
typedef struct weiss_shmem {
    char name[WEISS_AGENT_WORD]; /**< file below /dev/shm, or the name of a doorbell device */
    char alias[64];
    bool doorbell;
    bool ours; /**< its name begins with WEISS_REGION_PREFIX (region-file.h) */
    int64_t bytes; /**< 0: not said */
} weiss_shmem;

typedef struct weiss_instance {
    char uuid[WEISS_AGENT_UUID]; /**< of the domain, which is that of Nova's server */
    char domain[WEISS_AGENT_WORD]; /**< libvirt's name, such as instance-00000002 */
    bool
        nova; /**< Nova made it; an element of our own is then ignored: only Nova's API speaks for such a domain */
    char name[WEISS_AGENT_WORD]; /**< what its owner calls it; of a domain that is not Nova's, as domain */
    char flavor[WEISS_AGENT_WORD];
    char project[65]; /**< UUID of the project, as Nova writes it: hexadecimal digits; "": not Nova's */
    char project_name[WEISS_AGENT_WORD];
    char group[WEISS_AGENT_WORD]; /**< of the element of our own; "": none */
    int64_t bytes; /**< of that element; 0: not said */
    weiss_machine_kind machine;
    int port; /**< q35: number of the bus behind a free root port; -1: none is free, or pc */
    int nshmems;
    weiss_shmem shmem[WEISS_AGENT_SHMEMS];
} weiss_instance;

/** Reads the XML of a live domain.
 *  @param[out] instance  filled as far as it was read, uuid and domain first, so that an error can be told of it
 *  @return 0, WEISS_ERR_VALUE (what is wrong and where), WEISS_ERR_MEMORY */
int weiss_instance_read(const char *xml, size_t length, weiss_instance *instance, weiss_fault *fault);

#endif
