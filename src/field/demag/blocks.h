/* The block structure of the boundary operator: which pairs of clusters are far from each other (stored with low rank),
 * near (stored in full) or in one plane (zero, not stored), and which rows each rank takes. */
#ifndef WEISS_FIELD_DEMAG_BLOCKS_H
#define WEISS_FIELD_DEMAG_BLOCKS_H

#include "field/demag/cluster.h"
#include "field/demag/facets.h"
#include "field/demag/interpolation.h"

typedef struct weiss_block {
    int64_t row, column; /**< numbers of clusters in the two trees */
    bool far;
} weiss_block;

typedef struct weiss_blocks {
    weiss_block *block; /**< grouped by row cluster, ascending; owned */
    int64_t count;
} weiss_blocks;

/** What blocks are made from. All borrowed. */
typedef struct weiss_blocking {
    const weiss_facets *faces;
    const weiss_tree *rows, *columns;
    const weiss_box *box; /**< rows->count */
    double
        separation; /**< far: distance of the columns >= separation * radius of the rows' box; 0: no block is far */
} weiss_blocking;

/** Blocks of the rows begin .. end-1 (positions in rows->order; both at ends of leaves). Local. */
int weiss_blocks_create(weiss_context *ctx, const weiss_blocking *from, int64_t begin, int64_t end,
                        weiss_blocks **out);
void weiss_blocks_destroy(weiss_blocks *blocks);

/** Cuts the rows into @p parts of about equal cost at ends of leaves: part p gets cut[p] .. cut[p+1]-1. Local; the same on
 *  every rank. */
int weiss_blocks_cut(weiss_context *ctx, const weiss_blocking *from, int parts, int64_t *cut);

#endif
