/* The whole mesh as a file or a generator gives it, before it is checked and distributed. Exists on rank 0 only. */
#ifndef WEISS_MESH_TETMESH_H
#define WEISS_MESH_TETMESH_H

#include "base/context.h"

/** Name of a physical group of tetrahedra. */
typedef struct weiss_region_name {
    int tag;
    char *name; /**< owned */
} weiss_region_name;

typedef struct weiss_tetmesh {
    weiss_gidx nnodes;
    weiss_gidx ntets;
    double *xyz; /**< 3 * nnodes, m (after weiss_tetmesh_scale) */
    weiss_gidx *tet; /**< 4 * ntets, node indices from 0 */
    int32_t *region; /**< ntets, physical tag; 0 when the file gives none */
    weiss_region_name *names; /**< nnames */
    int nnames;
} weiss_tetmesh;

/** Makes a mesh with zeroed arrays for the given counts. Local. @return 0, WEISS_ERR_MEMORY */
int weiss_tetmesh_create(weiss_context *ctx, weiss_gidx nnodes, weiss_gidx ntets, weiss_tetmesh **out);
/** Accepts NULL. */
void weiss_tetmesh_destroy(weiss_tetmesh *mesh);
/** Multiplies all coordinates by @p unit (metres per file unit). */
void weiss_tetmesh_scale(weiss_tetmesh *mesh, double unit);
/** "" when the tag has no name. Borrowed. */
const char *weiss_tetmesh_region_name(const weiss_tetmesh *mesh, int tag);
/** Adds a name (copied) for a tag. @return 0, WEISS_ERR_MEMORY */
int weiss_tetmesh_name_region(weiss_context *ctx, weiss_tetmesh *mesh, int tag, const char *name);

#endif
