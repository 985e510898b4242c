/* Checkpoints: everything that a run needs to go on, in one HDF5 file that any number of ranks can read.
 *
 *   bytes 0..511    a line of text: format, version, length and checksum of what follows; then zeros (HDF5 user block)
 *   bytes 512..     HDF5: /magnetisation, N x 3 doubles in the order of the mesh file; the rest as attributes of /
 *
 * The checksum is tested before HDF5 sees the file: a damaged or foreign file is refused and cannot harm. */
#ifndef WEISS_OUTPUT_CHECKPOINT_H
#define WEISS_OUTPUT_CHECKPOINT_H

#include "output/output.h"

/** Where a run stands, besides the magnetisation and the times in weiss_state. */
typedef struct weiss_checkpoint {
    int stage; /**< 0-based index of the stage to go on with */
    int64_t steps; /**< steps of the run before this stage */
    double resume[WEISS_RESUME_MAX]; /**< where the stage goes on; see weiss_stage_run */
    int nresume; /**< 0: the stage starts from its beginning */
    weiss_progress progress; /**< of the outputs */
    double seconds; /**< wall clock used so far */
} weiss_checkpoint;

/** Keys of `output:` for checkpoints: `checkpoint_every`, seconds of wall clock. Ends with a NULL name. */
extern const weiss_key weiss_checkpoint_keys[];

/** Writes a checkpoint: under a temporary name, synced, then renamed, so that @p path always is a whole one (the old or
 *  the new). Collective.
 *  @return 0, WEISS_ERR_FILE (a full disk, say; @p path is as before), WEISS_ERR_MEMORY, WEISS_ERR_MPI */
int weiss_checkpoint_write(const weiss_state *state, const weiss_problem *problem,
                           const weiss_checkpoint *what, const char *path);

/** Reads a checkpoint that any number of ranks wrote: sets state->m (ghosts too), state->time and state->stage_time, and
 *  @p *what. Collective.
 *  @param any_problem  accept a checkpoint of another problem file on the same mesh (one whose stages were extended, say)
 *  @return 0; WEISS_ERR_FILE: missing; WEISS_ERR_SYNTAX: damaged, cut short, or no checkpoint; WEISS_ERR_MESH: made on
 *          another mesh; WEISS_ERR_VALUE: of another problem file. state and @p *what are then untouched */
int weiss_checkpoint_read(weiss_state *state, const weiss_problem *problem, bool any_problem,
                          const char *path, weiss_checkpoint *what);

#endif
