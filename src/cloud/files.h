/* Files of a lab: small texts and whole trees. */
#ifndef WEISS_CLOUD_FILES_H
#define WEISS_CLOUD_FILES_H

#include "base/fault.h"

#include <stddef.h>

#define WEISS_PATH 4096

/** Makes a directory and those above it. @return 0, WEISS_ERR_FILE */
int weiss_make_directories(const char *path, weiss_fault *fault);
/** Removes a file or a directory with all that is in it, as far as it can. Follows no link. A directory
 *  is first renamed to PATH.going-PID, where that is possible, so that PATH goes at once. */
void weiss_remove_tree(const char *path);

/** Reads at most @p size - 1 bytes of a file and ends them with a NUL. @return how many; -1 when it cannot be read */
long weiss_read_text(const char *path, char *text, size_t size);
/** Writes a file under a temporary name, then renames it. @return 0, WEISS_ERR_FILE */
int weiss_write_text(const char *path, const char *text, weiss_fault *fault);
/** Last lines of a file in one line that can be shown at a terminal; at most @p size bytes. "" without. @return @p out */
const char *weiss_last_lines(const char *path, char *out, size_t size);

#endif
