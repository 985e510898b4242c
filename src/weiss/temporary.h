/* Directories for the files of one command. */
#ifndef WEISS_COMMAND_TEMPORARY_H
#define WEISS_COMMAND_TEMPORARY_H

#include <limits.h>
#include <stdbool.h>

/** Makes an empty directory in $TMPDIR, or in /tmp when that is not set. The caller removes it.
 *  @param name  begins its name: "weiss-scale"
 *  @param[out] path  where it is; when it cannot be made, what was tried (errno says why)
 *  @return true when it was made */
bool weiss_temporary_directory(const char *name, char path[PATH_MAX]);

#endif
