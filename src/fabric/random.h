/* Random bytes from the system. */
#ifndef WEISS_FABRIC_RANDOM_H
#define WEISS_FABRIC_RANDOM_H

#include "base/fault.h"

#include <stddef.h>

/** Fills @p bytes bytes at @p out. @return 0, WEISS_ERR_SYSTEM */
int weiss_random(void *out, size_t bytes, weiss_fault *fault);

#endif
