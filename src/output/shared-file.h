/* Files that all ranks write together under a temporary name, and that get their name when complete.
 *
 * The file is that of rank 0. Ranks that see it, on the same machine or through a common file system, write their parts into
 * it; the others, on machines that have no file system in common with rank 0, send their parts to rank 0. */
#ifndef WEISS_OUTPUT_SHARED_FILE_H
#define WEISS_OUTPUT_SHARED_FILE_H

#include "base/context.h"

typedef struct weiss_shared_file {
    weiss_context *ctx; /**< borrowed */
    char *path; /**< owned */
    char *temporary; /**< `PATH.tmp-PID` with the process number of rank 0; the same on every rank; owned */
    int fd; /**< of the temporary file; -1 where it is not seen */
    char *far; /**< on rank 0: for each rank, whether it does not see the file; owned */
    char *buffer; /**< on rank 0, when there is such a rank: for one piece of its part; owned */
} weiss_shared_file;

/** Creates an empty temporary file and opens it on all ranks that see it. Makes sure that the disk has room for @p bytes, so that a
 *  full disk is found before the ranks start to write. Collective. @return 0, WEISS_ERR_FILE, WEISS_ERR_MEMORY */
int weiss_shared_begin(weiss_context *ctx, const char *path, int64_t bytes, weiss_shared_file *file);

/** Writes @p bytes at @p offset from the beginning of the file. Local, but a rank that does not see the file waits here until
 *  rank 0 is in weiss_shared_end; a rank that fails goes on to weiss_shared_end.
 *  Not MPI-IO: when not every rank can open the file, Open MPI 4.1 waits forever, and its collective writes report success
 *  on a full disk.
 *  @return 0, WEISS_ERR_FILE */
int weiss_shared_write(const weiss_shared_file *file, int64_t offset, const void *data, int64_t bytes);

/** Ends the writing. With @p code 0 on all ranks: closes the file, lets rank 0 finish it, syncs it and renames it; else
 *  removes it. Collective.
 *  @param code    outcome of this rank's writing
 *  @param finish  last touch, called on rank 0 with the name of the temporary file; NULL: none
 *  @return the agreed outcome */
int weiss_shared_end(weiss_shared_file *file, int code,
                     int (*finish)(weiss_context *ctx, const char *temporary));

/** Removes the temporary files (`*.tmp-PID`) that a killed run left in @p directory. Local: call it on rank 0. */
void weiss_remove_temporaries(const char *directory);

#endif
