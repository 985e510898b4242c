/* A group as the administrator writes it: `NAME,bytes=64M,vectors=8,...`. */
#ifndef WEISS_FABRIC_SERVER_SPEC_H
#define WEISS_FABRIC_SERVER_SPEC_H

#include "base/fault.h"

#include <stdint.h>

#define WEISS_GROUP_NAME 48
/** Longest path of a socket, NUL included: what fits into an address, less room for a suffix. */
#define WEISS_SOCKET_PATH 100
#define WEISS_MEMORY_PATH 256
/** QEMU takes a power of two; this one and smaller. */
#define WEISS_GROUP_BYTES_MAX (UINT64_C(1) << 40)
#define WEISS_GROUP_BYTES_MIN 4096
/** An MSI-X table has no more entries. */
#define WEISS_GROUP_VECTORS_MAX 2048
#define WEISS_GROUP_PEERS_MAX 1024

typedef enum weiss_memory_kind {
    WEISS_MEMORY_MEMFD, /**< anonymous and sealed: nobody can change its size */
    WEISS_MEMORY_SHM, /**< a file of a tmpfs, which host processes can open by its name */
    WEISS_MEMORY_HUGETLB /**< huge pages: sealed and anonymous, or a file of a hugetlbfs */
} weiss_memory_kind;

typedef struct weiss_group_spec {
    char name[WEISS_GROUP_NAME + 1];
    uint64_t bytes;
    unsigned vectors; /**< interrupts of each peer */
    unsigned peers; /**< most at a time */
    weiss_memory_kind memory;
    char socket[WEISS_SOCKET_PATH];
    char file[WEISS_MEMORY_PATH]; /**< "": the memory is anonymous */
} weiss_group_spec;

/** "memfd", "shm", "hugetlb" */
const char *weiss_memory_kind_name(weiss_memory_kind kind);

/** Reads the text of a group. Without a socket it is RUN_DIRECTORY/NAME.sock, and without a file that of shm is
 *  /dev/shm/weiss-NAME.
 *  @return 0, WEISS_ERR_VALUE */
int weiss_group_spec_parse(const char *text, const char *run_directory, weiss_group_spec *spec,
                           weiss_fault *fault);
/** True for what may be the name of a group: letters, digits, '.', '_' and '-', the first a letter or digit. */
int weiss_group_name_valid(const char *name);

/** File descriptors that a group of this shape needs at most. */
unsigned long weiss_group_spec_fds(const weiss_group_spec *spec);

#endif
