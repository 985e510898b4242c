/* The ivshmem device of a guest, as sysfs shows it. */
#ifndef WEISS_CLOUD_TUNING_PCI_H
#define WEISS_CLOUD_TUNING_PCI_H

#include "cloud/tuning/reading.h"

/** Finds the first ivshmem device (PCI 1af4:1110). @param[out] file  its directory  @param[out] address  "0000:00:05.0" */
bool weiss_tuning_ivshmem_device(const weiss_tuning_machine *machine, char *file, size_t size, char *address,
                                 size_t address_size);
/** Bytes of its BAR2, the region; 0 when that is not told. */
long long weiss_tuning_ivshmem_bytes(const weiss_tuning_machine *machine, const char *file);

#endif
