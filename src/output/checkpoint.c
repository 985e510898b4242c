#include "output/checkpoint.h"

#include "base/file.h"
#include "output/checkpoint-file.h"
#include "output/envelope.h"
#include "output/rendezvous.h"
#include "output/shared-file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VECTOR_BYTES ((int64_t)(3 * sizeof(double)))
/* Room that HDF5 takes besides the magnetisation, generously. */
#define OVERHEAD ((int64_t)64 << 10)

const weiss_key weiss_checkpoint_keys[] = {
    {.name = "checkpoint_every",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .fallback = "600 s",
     .positive = true,
     .help = "Wall-clock time between checkpoints; one is also written when the run is stopped by a signal"},
    {0},
};

/* Writes the whole file: rank 0 its frame, every rank its block of vectors. */
static int write_file(const weiss_rendezvous *meeting, const weiss_checkpoint_contents *contents,
                      const double *block, const char *path)
{
    int code = 0;
    weiss_context *ctx = meeting->ctx;
    weiss_shared_file file;
    int64_t data_begin = 0;
    WEISS_TRY(weiss_shared_begin(ctx, path, VECTOR_BYTES * meeting->total + OVERHEAD, &file));
    if (weiss_rank(ctx) == 0)
        code = weiss_checkpoint_file_create(ctx, file.temporary, contents, meeting->total, &data_begin);
    code = weiss_agree(ctx, code);
    MPI_Bcast(&data_begin, 1, MPI_INT64_T, 0, weiss_comm(ctx));
    if (code == 0)
        code = weiss_shared_write(&file, data_begin + VECTOR_BYTES * meeting->block_begin, block,
                                  VECTOR_BYTES * meeting->block_count);
    return weiss_shared_end(&file, code, weiss_envelope_seal);
}

int weiss_checkpoint_write(const weiss_state *state, const weiss_problem *problem,
                           const weiss_checkpoint *what, const char *path)
{
    int code = 0;
    weiss_context *ctx = state->ctx;
    weiss_rendezvous *meeting = NULL;
    double *block = NULL;
    weiss_checkpoint_contents contents = {
        .what = *what, .time = state->time, .stage_time = state->stage_time};
    WEISS_TRY_OUT(code, weiss_fingerprint_take(state->mesh, problem, &contents.fingerprint));
    WEISS_TRY_OUT(code, weiss_rendezvous_create(state->mesh, &meeting));
    WEISS_TRY_OUT(code, weiss_agree(ctx, WEISS_NEW(ctx, block, 3 * (size_t)meeting->block_count)));
    WEISS_TRY_OUT(code, weiss_rendezvous_to_blocks(meeting, state->m, block));
    code = write_file(meeting, &contents, block, path);
out:
    free(block);
    weiss_rendezvous_destroy(meeting);
    return code;
}

static int compare_fingerprints(weiss_context *ctx, const char *path, const weiss_fingerprint *there,
                                const weiss_fingerprint *here, bool any_problem)
{
    if (there->nodes != here->nodes || there->tetrahedra != here->tetrahedra)
        return weiss_fail(ctx, WEISS_ERR_MESH,
                          "%s: was made on a mesh of %" PRId64 " nodes and %" PRId64
                          " tetrahedra, but this mesh has %" PRId64 " and %" PRId64
                          "; restart with the mesh of the checkpoint",
                          path, there->nodes, there->tetrahedra, here->nodes, here->tetrahedra);
    if (there->geometry != here->geometry)
        return weiss_fail(
            ctx, WEISS_ERR_MESH,
            "%s: was made on another mesh of the same size: coordinates, tetrahedra or regions differ; "
            "restart with the mesh of the checkpoint",
            path);
    if (there->problem != here->problem && !any_problem)
        return weiss_fail(
            ctx, WEISS_ERR_VALUE,
            "%s: belongs to another problem file, or the file was changed since; restart with the file "
            "as it was (run.json has its text), or say --changed",
            path);
    return 0;
}

/* All nodes of this rank must have got a unit vector. */
static int check_vectors(weiss_context *ctx, const char *path, const double *m, weiss_lidx count)
{
    for (weiss_lidx i = 0; i < count; i++) {
        const double *v = m + 3 * (size_t)i;
        double length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
        if (!(fabs(length - 1.0) < 0.1))
            return weiss_fail(ctx, WEISS_ERR_SYNTAX, "%s: holds a magnetisation of length %g, expected 1",
                              path, length);
    }
    return 0;
}

/* Reads this rank's block and sends its vectors to the ranks that own the nodes. The file is closed in any case. */
static int fetch_magnetisation(weiss_checkpoint_file *file, const weiss_mesh *mesh, const char *path,
                               double *m)
{
    int code = 0;
    weiss_context *ctx = mesh->ctx;
    weiss_rendezvous *meeting = NULL;
    double *block = NULL;
    WEISS_TRY_OUT(code, weiss_rendezvous_create(mesh, &meeting));
    WEISS_TRY_OUT(code, weiss_agree(ctx, WEISS_NEW(ctx, block, 3 * (size_t)meeting->block_count)));
    WEISS_TRY_OUT(
        code, weiss_agree(ctx, weiss_checkpoint_file_magnetisation(file, block, meeting->block_begin,
                                                                   meeting->block_count, meeting->total)));
    WEISS_TRY_OUT(code, weiss_rendezvous_from_blocks(meeting, block, m));
    code = weiss_agree(ctx, check_vectors(ctx, path, m, mesh->nowned));
out:
    free(block);
    weiss_rendezvous_destroy(meeting);
    return code;
}

int weiss_checkpoint_read(weiss_state *state, const weiss_problem *problem, bool any_problem,
                          const char *path, weiss_checkpoint *what)
{
    int code = 0;
    weiss_context *ctx = state->ctx;
    const weiss_mesh *mesh = state->mesh;
    weiss_checkpoint_file *file = NULL;
    double *m = NULL;
    weiss_checkpoint_contents contents = {0};
    weiss_fingerprint here;
    WEISS_TRY_OUT(code, weiss_agree(ctx, weiss_rank(ctx) == 0 ? weiss_envelope_check(ctx, path) : 0));
    WEISS_TRY_OUT(code, weiss_fingerprint_take(mesh, problem, &here));
    WEISS_TRY_OUT(code, weiss_checkpoint_file_open(ctx, path, &contents, &file));
    WEISS_TRY_OUT(
        code, weiss_agree(ctx, compare_fingerprints(ctx, path, &contents.fingerprint, &here, any_problem)));
    WEISS_TRY_OUT(code, weiss_agree(ctx, WEISS_NEW(ctx, m, 3 * (size_t)mesh->nlocal)));
    WEISS_TRY_OUT(code, fetch_magnetisation(file, mesh, path, m));
    WEISS_TRY_OUT(code, weiss_halo_update(mesh, 3, m));
    memcpy(state->m, m, 3 * (size_t)mesh->nlocal * sizeof *m);
    state->time = contents.time;
    state->stage_time = contents.stage_time;
    *what = contents.what;
out:
    weiss_checkpoint_file_close(file);
    free(m);
    return code;
}
