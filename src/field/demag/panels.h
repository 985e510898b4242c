/* The assembled blocks of one rank, packed for the product: two passes over memory that lies in the order of use.
 *
 *   1. t = V x    for each cluster of columns, the right factors of all its far blocks stacked into one panel
 *   2. y += [D U] [x; t]   for each cluster of rows, its near blocks and left factors side by side in one panel
 */
#ifndef WEISS_FIELD_DEMAG_PANELS_H
#define WEISS_FIELD_DEMAG_PANELS_H

#include "field/demag/blocks.h"

/** An assembled block: dense when right is NULL. */
typedef struct weiss_factors {
    weiss_block block;
    int rank; /**< 0 when dense, or when nothing is left of a far block (left is NULL then, too) */
    float *left; /**< rows x rank, or rows x columns when dense; column-major */
    float *right; /**< rank x columns, column-major; NULL when dense */
} weiss_factors;

typedef struct weiss_panels weiss_panels;

/** Packs @p count blocks in ascending order of their row clusters; their factors are freed and set to NULL on the way.
 *  Local. @return 0, WEISS_ERR_MEMORY */
int weiss_panels_create(weiss_context *ctx, const weiss_tree *rows, const weiss_tree *columns,
                        weiss_factors *factors, int64_t count, weiss_panels **out);
void weiss_panels_destroy(weiss_panels *panels);

/** y[i] += sum_j B_ij x[j]; i and j are positions in the orders of the trees. y reaches over all rows, but only those of
 *  the panels change. Local; not reentrant (work space). */
void weiss_panels_apply(weiss_panels *panels, const float *x, float *y);

/** Adds the entries of row @p i to @p entry (one for each column position). Local. */
void weiss_panels_row(const weiss_panels *panels, int64_t i, double *entry);

/** Bytes of the stored entries, padding included. */
int64_t weiss_panels_bytes(const weiss_panels *panels);

#endif
