/* Taps and bridges of a host. */
#ifndef WEISS_CLOUD_TUNING_NETWORK_H
#define WEISS_CLOUD_TUNING_NETWORK_H

#include "cloud/tuning/reading.h"

#define WEISS_TUNING_NET "/sys/class/net"

/** Interfaces that are taps, with their directories; globfree() the list. @return how many of it are taps */
int weiss_tuning_taps(const weiss_tuning_machine *machine, glob_t *interfaces);
/** True when the interface of this directory is a tap. */
bool weiss_tuning_is_tap(const weiss_tuning_machine *machine, const char *directory);

#endif
