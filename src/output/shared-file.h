/* Files that all ranks write together (MPI-IO, HDF5) under a temporary name, and that get their name when complete. */
#ifndef WEISS_OUTPUT_SHARED_FILE_H
#define WEISS_OUTPUT_SHARED_FILE_H

#include "base/context.h"

typedef struct weiss_shared_file {
    char *path; /**< owned */
    char *temporary; /**< `PATH.tmp-PID` with the process number of rank 0; the same on every rank; owned */
} weiss_shared_file;

/** Creates an empty temporary file and makes sure that the disk has room for @p bytes, so that a full disk is found
 *  before the ranks start to write. Collective. @return 0, WEISS_ERR_FILE, WEISS_ERR_MEMORY */
int weiss_shared_begin(weiss_context *ctx, const char *path, int64_t bytes, weiss_shared_file *file);

/** Ends the writing. With @p code 0 on all ranks: syncs the file and renames it; else removes it. Collective.
 *  @param code  outcome of this rank's writing
 *  @return the agreed outcome */
int weiss_shared_end(weiss_context *ctx, weiss_shared_file *file, int code);

/** Removes the temporary files (`*.tmp-PID`) that a killed run left in @p directory. Local: call it on rank 0. */
void weiss_remove_temporaries(const char *directory);

#endif
