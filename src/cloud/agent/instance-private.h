/* What the files that read a domain's XML share. */
#ifndef WEISS_CLOUD_AGENT_INSTANCE_PRIVATE_H
#define WEISS_CLOUD_AGENT_INSTANCE_PRIVATE_H

#include "cloud/agent/instance.h"

#include <libxml/tree.h>

/** The child element of a name after @p after (NULL: the first). @param space  namespace; NULL: none */
xmlNode *weiss_instance_child(const xmlNode *parent, const char *space, const char *name,
                              const xmlNode *after);
/** Copies an attribute without namespace. @return 1; 0: there is none; WEISS_ERR_VALUE (longer than room, or empty);
 *  WEISS_ERR_MEMORY */
int weiss_instance_attribute(const xmlNode *node, const char *name, char *out, size_t room,
                             weiss_fault *fault);

/** Machine, ports, shared memory. @return as weiss_instance_read */
int weiss_instance_read_devices(const xmlNode *domain, weiss_instance *instance, weiss_fault *fault);

#endif
