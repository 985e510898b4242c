#include "mesh/pinch.h"

#include <stdlib.h>

/** An edge of a boundary face. Corner 3 f + k of face f is at node faces->node[3 f + k]. */
typedef struct side {
    weiss_gidx low, high; /* its nodes */
    weiss_gidx low_corner, high_corner; /* the face's corners there */
} side;

static int by_nodes(const void *a, const void *b)
{
    const side *x = a, *y = b;
    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    if (x->high != y->high)
        return x->high < y->high ? -1 : 1;
    return (x->low_corner > y->low_corner) - (x->low_corner < y->low_corner);
}

static void list_sides(const weiss_faces *faces, side *sides)
{
    for (weiss_gidx i = 0; i < 3 * faces->n; i++) {
        weiss_gidx j = i % 3 == 2 ? i - 2 : i + 1, a = faces->node[i], b = faces->node[j];
        sides[i] = a < b ? (side){a, b, i, j} : (side){b, a, j, i};
    }
}

static weiss_gidx root_of(weiss_gidx *parent, weiss_gidx i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

static void join(weiss_gidx *parent, weiss_gidx a, weiss_gidx b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    parent[a > b ? a : b] = a > b ? b : a;
}

int weiss_faces_count_pinches(weiss_context *ctx, const weiss_faces *faces, weiss_gidx nnodes,
                              weiss_gidx *nedges, weiss_gidx *nnodes_pinched)
{
    int code = 0;
    weiss_gidx ncorners = 3 * faces->n, *parent = NULL;
    side *sides = NULL;
    int *fans = NULL; /* per node; -1: on a pinched edge */
    *nedges = *nnodes_pinched = 0;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, sides, ncorners));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, parent, ncorners));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, fans, nnodes));
    list_sides(faces, sides);
    qsort(sides, (size_t)ncorners, sizeof *sides, by_nodes);
    for (weiss_gidx i = 0; i < ncorners; i++)
        parent[i] = i;
    for (weiss_gidx i = 0, count; i < ncorners; i += count) {
        for (count = 1; i + count < ncorners && sides[i + count].low == sides[i].low &&
                        sides[i + count].high == sides[i].high;)
            count++;
        if (count == 2) {
            join(parent, sides[i].low_corner, sides[i + 1].low_corner);
            join(parent, sides[i].high_corner, sides[i + 1].high_corner);
        } else {
            (*nedges)++;
            fans[sides[i].low] = fans[sides[i].high] = -1;
        }
    }
    for (weiss_gidx i = 0; i < ncorners; i++)
        if (parent[i] == i && fans[faces->node[i]] >= 0 && ++fans[faces->node[i]] == 2)
            (*nnodes_pinched)++;
out:
    free(sides);
    free(parent);
    free(fans);
    return code;
}
