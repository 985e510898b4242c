/* Files: whole files into memory, and files that appear under their name only when they are complete. */
#ifndef WEISS_BASE_FILE_H
#define WEISS_BASE_FILE_H

#include "base/context.h"

/** Reads a whole file. @p *data gets a NUL after its end (not counted in @p *length); free with free(). Local.
 *  @return 0, WEISS_ERR_FILE (missing, a directory, unreadable, larger than @p limit bytes), WEISS_ERR_MEMORY */
int weiss_file_read(weiss_context *ctx, const char *path, size_t limit, char **data, size_t *length);

/** A file being written under a temporary name beside its own. */
typedef struct weiss_new_file {
    FILE *stream;    /**< write here; NULL after commit or abandon */
    char *path;      /**< owned */
    char *temporary; /**< owned */
} weiss_new_file;

/** Opens `PATH.tmp-PID` for writing. Local. @return 0, WEISS_ERR_FILE, WEISS_ERR_MEMORY */
int weiss_file_begin(weiss_context *ctx, const char *path, weiss_new_file *file);
/** Flushes, syncs, renames to PATH. On any failure (a full disk, say) the temporary is removed and PATH is as before.
 *  @return 0, WEISS_ERR_FILE */
int weiss_file_commit(weiss_context *ctx, weiss_new_file *file);
/** Removes the temporary; PATH is as before. Does nothing after commit. */
void weiss_file_abandon(weiss_new_file *file);

/** Syncs @p temporary and renames it to @p path, then syncs the directory: for files that others wrote (MPI-IO, HDF5).
 *  @return 0, WEISS_ERR_FILE (the temporary is removed) */
int weiss_file_publish(weiss_context *ctx, const char *temporary, const char *path);

/** Joins a directory and a file name; an absolute name stays as it is. Free with free(). */
int weiss_path_join(weiss_context *ctx, const char *directory, const char *name, char **out);

#endif
