/* Cluster trees: items in space (rows or columns of the boundary operator) split in halves until few are left. Clusters of
 * different faces are parted first, so that all but the uppermost clusters belong to one face. */
#ifndef WEISS_FIELD_DEMAG_CLUSTER_H
#define WEISS_FIELD_DEMAG_CLUSTER_H

#include "base/context.h"

#define WEISS_FACE_MIXED (-1)

typedef struct weiss_cluster {
    int64_t begin, end; /**< its items: tree->order[begin .. end) */
    int64_t child; /**< number of the first of two children, one after the other; 0: a leaf */
    int32_t face; /**< common face of the items, 0: the curved part, WEISS_FACE_MIXED */
    double low[3], high[3]; /**< box around the items, their extent included */
    double centre[3]; /**< of the box */
    double radius; /**< of a ball around the centre that holds the items */
} weiss_cluster;

/** The items of a tree. */
typedef struct weiss_items {
    int64_t count;
    const double *xyz; /**< 3 * count, where an item is; borrowed */
    const double *low, *high; /**< 3 * count, box around its extent; may be xyz; borrowed */
    const int32_t *face; /**< count; borrowed */
} weiss_items;

typedef struct weiss_tree {
    weiss_cluster *cluster; /**< the root first; owned */
    int64_t count;
    int64_t *order; /**< items in the order of the leaves; owned */
} weiss_tree;

/** Splits until a cluster has at most @p leaf items; cuts fall on multiples of @p multiple where they can. Local; the same
 *  input gives the same tree. @return 0, WEISS_ERR_MEMORY */
int weiss_tree_create(weiss_context *ctx, const weiss_items *items, int64_t leaf, int64_t multiple,
                      weiss_tree **out);
void weiss_tree_destroy(weiss_tree *tree);

/** Distance of a point from the cluster's box or ball, whichever tells more; 0 inside. */
double weiss_cluster_distance(const weiss_cluster *cluster, const double x[3]);

#endif
