/* The memory of a group's region: made, allocated ahead, emptied for the next tenant, given back. All of it goes in slices,
 * so that gigabytes of one group do not keep the others waiting. The server never maps the memory: what its users do to it,
 * be it cutting a file short, cannot hurt the server. */
#ifndef WEISS_FABRIC_SERVER_MEMORY_H
#define WEISS_FABRIC_SERVER_MEMORY_H

#include "base/fault.h"
#include "fabric/server/spec.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct weiss_memory {
    const weiss_group_spec *spec; /**< borrowed */
    uid_t owner; /**< of a file */
    int fd; /**< what peers get; -1 while there is none */
    int old; /**< what is being emptied; -1: nothing, fd: the same file serves again */
    int lock; /**< keeps the file from other servers; not shared with peers, who may outlive this server */
    uint64_t slice, done; /**< bytes */
    bool linked; /**< the file has its name */
    bool ending; /**< nothing follows what is emptied */
} weiss_memory;

/** Starts a region: makes it, with nothing allocated, and checks that its file can have its name. @p owner gets a file.
 *  @return 0; WEISS_ERR_FILE, WEISS_ERR_SYSTEM: nothing has to be closed */
int weiss_memory_begin(weiss_memory *memory, const weiss_group_spec *spec, uid_t owner, weiss_fault *fault);
/** Starts to empty the region for the next tenant. Anonymous memory is emptied and replaced, so that a peer that kept it
 *  sees nothing of its successors; a file is emptied and stays. */
void weiss_memory_renew(weiss_memory *memory);
/** Starts to empty the region for good. */
void weiss_memory_end(weiss_memory *memory);
/** Does the next slice of what was started; the last one gives a file its name.
 *  @return 1: more to do; 0: done; < 0: WEISS_ERR_FILE, WEISS_ERR_SYSTEM (no room, say); it can be called again later */
int weiss_memory_step(weiss_memory *memory, weiss_fault *fault);
/** Closes everything and removes the file. */
void weiss_memory_close(weiss_memory *memory);

#endif
