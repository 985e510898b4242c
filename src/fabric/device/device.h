/* The device: how a shared region comes into this process, and how it is woken and wakes others.
 *
 *   path       memory                          interrupt of this process            wakes others by
 *   FILE       a file, usually in /dev/shm     none (a futex in the region)         futex (the region's user does it)
 *   MODULE     BAR2 through our kernel module  UIO device, one a vector, read()     doorbell in BAR0
 *   VFIO       BAR2 through vfio-pci           eventfd, one a vector, read()        doorbell in BAR0
 *   SYSFS      BAR2 through resource2(_wc)     none                                 BAR0 through resource0 where possible
 *
 * No function here is collective and none knows MPI. Nothing is kept in global variables. */
#ifndef WEISS_FABRIC_DEVICE_H
#define WEISS_FABRIC_DEVICE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum weiss_device_path {
    WEISS_DEVICE_FILE,
    WEISS_DEVICE_MODULE,
    WEISS_DEVICE_VFIO,
    WEISS_DEVICE_SYSFS
} weiss_device_path;

typedef struct weiss_device weiss_device;

/** Opens a region and maps it, readable and writable.
 *  @param name   "auto" or NULL: the first ivshmem device (PCI 1af4:1110) of this machine, by the best path that works: module,
 *                VFIO, sysfs. A PCI address, "0000:00:05.0" or "00:05.0": that device. Something with a '/': a file.
 *  @param bytes  only for a file that does not exist: its size (it is made with mode 0600 and its pages are allocated, so that
 *                a full file system is an error here and not a bus error later); 0: it must exist
 *  @param[out] out  the device; NULL on failure
 *  @return 0, WEISS_ERR_REGION (no such device; too small; cannot be mapped: the text says what to do), WEISS_ERR_FILE,
 *          WEISS_ERR_MEMORY */
int weiss_device_open(const char *name, size_t bytes, weiss_device **out, weiss_fault *fault);
/** Unmaps and closes. Accepts NULL. A file stays. */
void weiss_device_close(weiss_device *device);

/** True when this machine has an ivshmem device ("auto" would find one). Cheap: looks into sysfs only. */
bool weiss_device_present(void);

void *weiss_device_memory(const weiss_device *device); /**< page-aligned */
size_t weiss_device_bytes(const weiss_device *device);
weiss_device_path weiss_device_how(const weiss_device *device);
/** For messages: "/dev/shm/x", "0000:00:05.0 by module". Borrowed. */
const char *weiss_device_name(const weiss_device *device);

/** Number of this machine among the peers of the doorbell; -1 when the device has no doorbell (a file, ivshmem-plain). */
int weiss_device_peer(const weiss_device *device);
/** Interrupt vectors of this machine; 0 without. */
int weiss_device_vectors(const weiss_device *device);

/** Claims a vector of this machine for this process: one that no other process has when there is one, else a shared one.
 *  @return the vector, or a negative code (no vectors: WEISS_ERR_REGION) */
int weiss_device_listen(weiss_device *device, weiss_fault *fault);
/** File descriptor that becomes readable when the claimed vector is rung; -1 before weiss_device_listen. Owned by the device. */
int weiss_device_wait_fd(const weiss_device *device);
/** Takes back what made the file descriptor readable. Never blocks. */
void weiss_device_drain(weiss_device *device);
/** Rings vector @p vector of machine @p peer. One store to BAR0; both are checked against what the device can address
 *  (16 bits each), since they come from the region. Does nothing without a doorbell. */
void weiss_device_ring(weiss_device *device, uint32_t peer, uint32_t vector);

/** Bandwidth of the mapping, measured on @p bytes of memory at @p offset whose contents are kept (only the caller may be using
 *  them). A read below about 1 GB/s on a machine whose own memory is much faster means an uncached mapping. MB/s. */
typedef struct weiss_device_speed {
    double read, write; /**< of the mapping */
    double memory; /**< reading private memory, for comparison */
} weiss_device_speed;
int weiss_device_measure(const weiss_device *device, size_t offset, size_t bytes, weiss_device_speed *speed,
                         weiss_fault *fault);
/** True when @p speed tells of an uncached mapping; @p text (of @p size bytes) then says so and what to do. */
bool weiss_device_slow(const weiss_device *device, const weiss_device_speed *speed, char *text, size_t size);

#endif
