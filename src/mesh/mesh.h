/* The distributed mesh. Each rank owns a contiguous range of global node numbers (a part made by Scotch), keeps
 * every tetrahedron that touches a node it owns, and so can build the rows of its nodes without talking to anybody.
 *
 *   local nodes:  [ 0 .. nowned )  owned, global number = node_begin + i
 *                 [ nowned .. nlocal )  ghosts, global number = ghost[i - nowned], ascending
 *   local tets:   [ 0 .. ntets_owned )  owned: each tet of the mesh is owned by exactly one rank (that of its lowest node)
 *                 [ ntets_owned .. ntets )  owned by another rank but touching a node of ours
 */
#ifndef WEISS_MESH_MESH_H
#define WEISS_MESH_MESH_H

#include "base/context.h"
#include "mesh/tetmesh.h"

typedef struct weiss_halo weiss_halo;

/** Surface triangles of all magnetic bodies, the same on every rank (its size grows as the 2/3 power of the mesh).
 *  Surface nodes are in ascending order of their global number. */
typedef struct weiss_surface {
    weiss_gidx nnodes;
    weiss_gidx ntriangles;
    weiss_gidx *node; /**< nnodes, global node number, ascending */
    double *xyz; /**< 3 * nnodes, m */
    weiss_gidx *triangle; /**< 3 * ntriangles, indices into node; counter-clockwise seen from outside */
    int32_t *body; /**< ntriangles, connected body it bounds, 0 .. nbodies-1 */
} weiss_surface;

typedef struct weiss_mesh {
    weiss_context *ctx; /**< borrowed */
    weiss_gidx nnodes_global;
    weiss_gidx ntets_global;
    weiss_gidx node_begin; /**< global number of the first owned node */
    weiss_lidx nowned;
    weiss_lidx nlocal;
    weiss_gidx *ghost; /**< nlocal - nowned; owned */
    int32_t *ghost_owner; /**< nlocal - nowned, rank that owns the ghost; owned */
    double *xyz; /**< 3 * nlocal, m; owned */
    weiss_gidx *original; /**< nowned, number of the node in the file or generator, from 0; owned */
    weiss_lidx ntets;
    weiss_lidx ntets_owned;
    weiss_lidx *tet; /**< 4 * ntets, local node numbers, positively oriented; owned */
    int32_t *tet_region; /**< ntets, index into region tables; owned */
    weiss_gidx tet_begin; /**< global number of the first owned tet; tets are numbered by owning rank */
    int nregions; /**< regions that hold elements; the same on every rank */
    int *region_tag; /**< nregions, physical tag; owned */
    char **region_name; /**< nregions, "" when none; owned */
    int nbodies; /**< parts that share no node; the same on every rank */
    weiss_gidx *body_node; /**< nbodies, lowest global node number of each; the same on every rank; owned */
    weiss_surface surface; /**< the same on every rank; owned */
    weiss_halo *halo; /**< owned */
} weiss_mesh;

/** Checks, partitions and distributes a mesh.
 *  Collective. @p whole is read on rank 0 only (NULL elsewhere) and may be destroyed afterwards.
 *  Nodes of one rank are numbered so that neighbours lie close in memory (reverse Cuthill-McKee).
 *  The result is the same for the same mesh and number of ranks.
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MESH, WEISS_ERR_LIBRARY */
int weiss_mesh_distribute(weiss_context *ctx, const weiss_tetmesh *whole, weiss_mesh **out);
void weiss_mesh_destroy(weiss_mesh *mesh);

/** True when all indices are in range, tets are positively oriented and the surface is closed. Local; for tests. */
bool weiss_mesh_is_valid(const weiss_mesh *mesh);

/** Volume of local tet @p e (m^3) and the constant gradients of its four hat functions (1/m). */
double weiss_mesh_gradients(const weiss_mesh *mesh, weiss_lidx e, double gradient[4][3]);

/** Fills the ghost part of a nodal array from the owners.
 *  @param[in,out] x  ncomp * nlocal doubles, components of a node together; ncomp 1 to 16
 *  Collective. */
int weiss_halo_update(const weiss_mesh *mesh, int ncomp, double *x);
/** The same in two halves, to compute in between; owned entries must not change and ghosts not be read until end. */
int weiss_halo_begin(const weiss_mesh *mesh, int ncomp, double *x);
int weiss_halo_end(const weiss_mesh *mesh, int ncomp, double *x);

/** Global number of local node @p i. */
static inline weiss_gidx weiss_mesh_global(const weiss_mesh *mesh, weiss_lidx i)
{
    return i < mesh->nowned ? mesh->node_begin + i : mesh->ghost[i - mesh->nowned];
}

#endif
