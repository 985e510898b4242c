/* Virtual machines of a host: its QEMU processes with their threads. */
#ifndef WEISS_CLOUD_TUNING_GUESTS_H
#define WEISS_CLOUD_TUNING_GUESTS_H

#include "cloud/tuning/reading.h"

#define WEISS_TUNING_VCPUS_MAX 512
#define WEISS_TUNING_THREADS_MAX 1024

typedef struct weiss_tuning_thread {
    pid_t tid;
    char cpus[WEISS_TUNING_PATH]; /**< where it may run, a list */
} weiss_tuning_thread;

typedef struct weiss_tuning_guest {
    pid_t pid;
    char name[64]; /**< printable */
    int vcpus, others; /**< numbers of threads; no vCPUs: its threads have no names */
    weiss_tuning_thread *vcpu; /**< by number of the vCPU; owned */
    weiss_tuning_thread *other; /**< owned */
} weiss_tuning_guest;

/** Finds them, sorted by process number. @param[out] guests  free with weiss_tuning_guests_free @return how many */
int weiss_tuning_guests(const weiss_tuning_machine *machine, weiss_tuning_guest **guests);
void weiss_tuning_guests_free(weiss_tuning_guest *guests, int count);
/** Says that no virtual machine runs. */
void weiss_tuning_no_guests(weiss_tuning_finding *finding);
/** Processors that belong to somebody: the kernel's isolated ones, and those that a vCPU is pinned to. Free it. */
hwloc_bitmap_t weiss_tuning_kept_cpus(const weiss_tuning_machine *machine);
/** Chooses a processor for each of @p vcpus vCPUs to come, as the step "pinning" does: none that a running vCPU is pinned to,
 *  of one node where they fit, whole cores first, never processor 0.
 *  @param node  only of this NUMA node; -1: of any
 *  @param[out] cpu     length @p vcpus
 *  @param[out] others  a processor that is left, for QEMU's other threads
 *  @return 0, WEISS_ERR_SYSTEM (too few are free) */
int weiss_tuning_choose_cpus(const weiss_tuning_machine *machine, int node, int vcpus, int *cpu, char *others,
                             size_t size, weiss_fault *fault);
/** Clock ticks after boot when a process or thread started, which tells it from a later one of the same number; 0: none. */
long long weiss_tuning_started(const weiss_tuning_machine *machine, pid_t pid, pid_t tid);

#endif
