/* What `weiss doctor` and `weiss tune` share. */
#ifndef WEISS_COMMAND_TUNING_H
#define WEISS_COMMAND_TUNING_H

#include "cloud/tuning/tuning.h"

/** This machine; or the tree of files that WEISS_TUNING_ROOT names, which tests use. */
weiss_tuning_machine weiss_tuning_this_machine(void);
/** Sides that this machine has: a guest when it has an ivshmem device and the processor says that it is virtual; a host when
 *  it is no guest, has KVM, or runs virtual machines. */
int weiss_tuning_guess(const weiss_tuning_machine *machine);

#endif
