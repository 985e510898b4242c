/* Makes one change, and undoes it. */
#ifndef WEISS_CLOUD_TUNING_CHANGE_H
#define WEISS_CLOUD_TUNING_CHANGE_H

#include "cloud/tuning/tuning.h"

/** @return 0, WEISS_ERR_SYSTEM (the text names the file or thread and why) */
int weiss_tuning_make(const weiss_tuning_machine *machine, const weiss_tuning_change *change,
                      weiss_fault *fault);
/** Restores change->old. A thread or process that has ended is no failure. @return as weiss_tuning_make */
int weiss_tuning_unmake(const weiss_tuning_machine *machine, const weiss_tuning_change *change,
                        weiss_fault *fault);

#endif
