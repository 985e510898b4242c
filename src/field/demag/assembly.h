/* Assembly of the blocks of the boundary operator. */
#ifndef WEISS_FIELD_DEMAG_ASSEMBLY_H
#define WEISS_FIELD_DEMAG_ASSEMBLY_H

#include "field/demag/panels.h"

/** Geometry in the orders of the trees; made once, used by every assembly. */
typedef struct weiss_geometry {
    const weiss_facets *faces; /**< borrowed */
    weiss_tree *rows; /**< over surface nodes; owned */
    weiss_tree *columns; /**< over faces->ncolumns; owned */
    weiss_box *box; /**< of each row cluster; owned */
    double *row_xyz; /**< rows in order: all x, then y, then z; owned */
    int32_t *corner_position; /**< 3 * ntriangles, position of the column of each corner; owned */
    int64_t *triangle_begin; /**< ncolumns + 1: triangles around each column position ...; owned */
    int64_t *triangle_around; /**< ... are these; owned */
} weiss_geometry;

/** @param leaf  largest number of rows or columns of a leaf. Local. */
int weiss_geometry_create(weiss_context *ctx, const weiss_facets *faces, int64_t leaf, weiss_geometry **out);
void weiss_geometry_destroy(weiss_geometry *geometry);

/** What came out. */
typedef struct weiss_assembly_counts {
    int64_t far_blocks, near_blocks, rank_sum;
} weiss_assembly_counts;

/** Evaluates and compresses the blocks of @p blocks, so that the sum over a row of the absolute errors of its entries
 *  comes to about @p tolerance, and packs them. Local. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_LIBRARY */
int weiss_assemble(weiss_context *ctx, const weiss_geometry *geometry, const weiss_blocks *blocks,
                   double tolerance, weiss_panels **out, weiss_assembly_counts *counts);

/** Exact entries of the row of surface node @p node, added up by surface node into @p entry (surface->nnodes, overwritten).
 *  Local. */
void weiss_exact_row(const weiss_facets *faces, int64_t node, double *entry);

#endif
