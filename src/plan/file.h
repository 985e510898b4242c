/* A whole text file in memory, where no MPI context exists. */
#ifndef WEISS_PLAN_FILE_H
#define WEISS_PLAN_FILE_H

#include "base/fault.h"

#include <stddef.h>

/** Reads a file of at most @p limit bytes. @p *text gets a NUL after its end; free with free().
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_MEMORY */
int weiss_plan_read_file(const char *path, size_t limit, char **text, size_t *length, weiss_fault *fault);

#endif
