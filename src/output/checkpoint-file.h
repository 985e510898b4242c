/* The HDF5 part of a checkpoint. */
#ifndef WEISS_OUTPUT_CHECKPOINT_FILE_H
#define WEISS_OUTPUT_CHECKPOINT_FILE_H

#include "output/checkpoint.h"
#include "output/fingerprint.h"

/** All that stands in a checkpoint besides the magnetisation. */
typedef struct weiss_checkpoint_contents {
    weiss_checkpoint what;
    double time, stage_time; /**< of the state, s */
    weiss_fingerprint fingerprint;
} weiss_checkpoint_contents;

/** Makes a checkpoint file that is complete but for the bytes of its magnetisation, which the ranks write themselves:
 *  HDF5 does not survive a disk that is full when it closes a file, so it only writes its few kilobytes. Local.
 *  @param[out] data_begin  offset in the file of @p total vectors of three doubles
 *  @return 0, WEISS_ERR_FILE */
int weiss_checkpoint_file_create(weiss_context *ctx, const char *path,
                                 const weiss_checkpoint_contents *contents, int64_t total,
                                 int64_t *data_begin);

/** An open file, for reading in two steps: what it says, then the magnetisation. */
typedef struct weiss_checkpoint_file weiss_checkpoint_file;

/** Opens the file and reads its attributes. Collective; the result may differ between ranks, and *out is then NULL only
 *  where it failed. @return 0, WEISS_ERR_SYNTAX (a part is missing or has another form), WEISS_ERR_MEMORY */
int weiss_checkpoint_file_open(weiss_context *ctx, const char *path, weiss_checkpoint_contents *contents,
                               weiss_checkpoint_file **out);
/** Reads rows of the magnetisation. Collective. @return 0, WEISS_ERR_SYNTAX when the file has not @p total rows */
int weiss_checkpoint_file_magnetisation(weiss_checkpoint_file *file, double *block, int64_t begin,
                                        int64_t count, int64_t total);
/** Collective. Accepts NULL. */
void weiss_checkpoint_file_close(weiss_checkpoint_file *file);

#endif
