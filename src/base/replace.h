/* Files that appear under their name only when they are complete, where no MPI context exists. */
#ifndef WEISS_BASE_REPLACE_H
#define WEISS_BASE_REPLACE_H

#include "base/fault.h"

#include <stdio.h>

/** Writes a file: calls @p write with a stream to PATH.tmp-PID and with @p data, then syncs and renames to PATH. On any
 *  failure PATH is as before and the temporary is gone.
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_MEMORY */
int weiss_replace_file(const char *path, void (*write)(FILE *to, const void *data), const void *data,
                       weiss_fault *fault);

#endif
