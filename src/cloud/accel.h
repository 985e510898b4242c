/* Whether guests run on the processor (KVM) or are emulated (TCG). */
#ifndef WEISS_CLOUD_ACCEL_H
#define WEISS_CLOUD_ACCEL_H

#include "base/fault.h"
#include "cloud/image.h"

#include <stdbool.h>

#define WEISS_QEMU "qemu-system-x86_64"

/** Finds out whether a guest comes up under KVM: boots @p image's kernel under it, some seconds at most. The answer is kept in
 *  the cache for as long as this machine is not booted again and QEMU stays the same.
 *  @return 0, WEISS_STOPPED, or a code of weiss_process_run */
int weiss_accel_kvm(const weiss_lab_watch *watch, const char *image, bool *works, weiss_fault *fault);

#endif
