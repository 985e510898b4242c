/* The steps of weiss_mesh_distribute. */
#ifndef WEISS_MESH_DISTRIBUTE_H
#define WEISS_MESH_DISTRIBUTE_H

#include "mesh/mesh.h"
#include "mesh/partition.h"

/** What rank 0 works out about the whole mesh before it hands out the parts. */
typedef struct weiss_mesh_plan {
    const weiss_tetmesh *whole; /**< borrowed */
    weiss_lists node_tets; /**< tetrahedra of each (old) node */
    weiss_faces faces; /**< old nodes */
    weiss_lidx *body; /**< nnodes, connected body of each old node */
    weiss_numbering numbering;
} weiss_mesh_plan;

/** Cuts part @p rank out of the whole mesh, in local numbers. Fills the counts and arrays of @p piece that differ from
 *  rank to rank; tet_region holds indices into region_tag of @p facts. Rank 0 only (local).
 *  @param scratch  nnodes entries of -1, -1 again on return
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH */
int weiss_piece_cut(weiss_context *ctx, const weiss_mesh_plan *plan, const weiss_mesh *facts, int rank,
                    weiss_lidx *scratch, weiss_mesh *piece);

/** Frees the arrays that weiss_piece_cut made. */
void weiss_piece_free(weiss_mesh *piece);

/** Builds the surface on rank 0 and copies it to all. Collective. @p plan is NULL but on rank 0.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MPI */
int weiss_surface_make(weiss_context *ctx, const weiss_mesh_plan *plan, weiss_surface *surface);
void weiss_surface_free(weiss_surface *surface);

/** Finds out which rank needs which of our nodes. Collective. One rank: no message now or later.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MPI */
int weiss_halo_create(const weiss_mesh *mesh, weiss_halo **out);
/** Accepts NULL. Local. */
void weiss_halo_destroy(weiss_halo *halo);

#endif
