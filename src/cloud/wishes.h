/* What the machines of a lab may have of this machine: processors of their own, memory of one NUMA node, huge pages. */
#ifndef WEISS_CLOUD_WISHES_H
#define WEISS_CLOUD_WISHES_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WEISS_VCPUS_MAX 64 /**< of one machine */
#define WEISS_PLACES_MAX 4 /**< machines */
#define WEISS_PINS_MAX 512
#define WEISS_CPU_LIST 256

typedef enum weiss_pin {
    WEISS_PIN_OFF,
    WEISS_PIN_AUTO, /**< processors that no vCPU of another machine has */
    WEISS_PIN_LIST /**< those of weiss_wishes.cpu */
} weiss_pin;

typedef struct weiss_wishes {
    weiss_pin pin;
    int cpus; /**< length of cpu */
    int cpu
        [WEISS_PINS_MAX]; /**< for the vCPUs of the first machine, of the second, ...; what is left over is for the
                                  other threads of QEMU */
    int node; /**< NUMA node of memory and processors; -1: any */
    int64_t page; /**< bytes of a huge page; 0: ordinary pages */
} weiss_wishes;

/** Where the threads of one machine run. */
typedef struct weiss_place {
    int cpu[WEISS_VCPUS_MAX]; /**< of each vCPU; -1: not pinned */
    char others[WEISS_CPU_LIST]; /**< processors of all other threads, a list such as "0,4-5"; "": any */
    char node[WEISS_CPU_LIST]; /**< processors of the NUMA node; "": any node */
} weiss_place;

/** Without wishes. */
weiss_wishes weiss_wishes_none(void);

/** Checks that this machine has what is wished, and enough of it free. Makes nothing.
 *  @param vcpus, memory  of each of the @p vms machines; memory in MiB
 *  @param region  bytes of memory beside that in huge pages; 0: none
 *  @return 0, WEISS_ERR_USAGE (it cannot be so: the text says why), WEISS_ERR_SYSTEM (not enough is free) */
int weiss_wishes_check(const weiss_wishes *wishes, int vms, int vcpus, int memory, int64_t region,
                       weiss_fault *fault);
/** True when huge pages are wished that are of the size which this machine takes by default, and @p bytes is a multiple. */
bool weiss_wishes_default_page(const weiss_wishes *wishes, int64_t bytes);

/** Chooses processors. Checks all but huge pages.
 *  @param[out] place  @p vms of them
 *  @return 0, WEISS_ERR_USAGE (there is no such processor or node), WEISS_ERR_SYSTEM (too few are free) */
int weiss_wishes_place(const weiss_wishes *wishes, int vms, int vcpus, weiss_place *place,
                       weiss_fault *fault);

/** Has memory that the calling thread, and processes that it starts, allocate come from the node; or, with @p on false, from
 *  anywhere again. Does nothing where no node is wished.
 *  @return 0, WEISS_ERR_SYSTEM */
int weiss_wishes_bind(const weiss_wishes *wishes, bool on, weiss_fault *fault);

/** Moves the threads of a QEMU process to their processors. Does nothing where none are wished.
 *  @param vcpus  threads of vCPUs that it has, which have names (debug-threads=on)
 *  @return 0, WEISS_ERR_SYSTEM */
int weiss_place_apply(const weiss_place *place, pid_t pid, int vcpus, weiss_fault *fault);

#endif
