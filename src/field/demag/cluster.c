#include "field/demag/cluster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct key {
    double value;
    int64_t item;
} key;

/* Where the items of one face lie, within one cluster. */
typedef struct place {
    double middle[3], along;
    int64_t count;
    int32_t face;
} place;

typedef struct builder {
    weiss_context *ctx;
    const weiss_items *items;
    weiss_tree *tree;
    size_t capacity;
    int64_t leaf, multiple;
    key *keys; /* count */
    place *place; /* nfaces */
    bool *chosen; /* nfaces */
    int32_t nfaces;
} builder;

static bool before(const key *a, const key *b)
{
    return a->value < b->value || (a->value == b->value && a->item < b->item);
}

/* Puts the @p middle smallest keys first (quickselect; keys are all different). */
static void select_smallest(key *keys, int64_t count, int64_t middle)
{
    int64_t low = 0, high = count - 1;
    while (low < high) {
        key pivot = keys[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (before(&keys[i], &pivot))
                i++;
            while (before(&pivot, &keys[j]))
                j--;
            if (i <= j) {
                key swap = keys[i];
                keys[i++] = keys[j];
                keys[j--] = swap;
            }
        }
        if (middle <= j)
            high = j;
        else if (middle >= i)
            low = i;
        else
            return;
    }
}

static void bound(const weiss_items *items, const int64_t *order, weiss_cluster *c)
{
    c->face = items->face[order[c->begin]];
    for (int d = 0; d < 3; d++) {
        c->low[d] = INFINITY;
        c->high[d] = -INFINITY;
    }
    for (int64_t i = c->begin; i < c->end; i++) {
        int64_t item = order[i];
        if (items->face[item] != c->face)
            c->face = WEISS_FACE_MIXED;
        for (int d = 0; d < 3; d++) {
            c->low[d] = fmin(c->low[d], items->low[3 * item + d]);
            c->high[d] = fmax(c->high[d], items->high[3 * item + d]);
        }
    }
    double half = 0, farthest = 0;
    for (int d = 0; d < 3; d++) {
        c->centre[d] = (c->low[d] + c->high[d]) / 2;
        half += (c->high[d] - c->low[d]) * (c->high[d] - c->low[d]) / 4;
    }
    for (int64_t i = c->begin; i < c->end; i++) {
        double square = 0;
        for (int d = 0; d < 3; d++) {
            double arm = fmax(c->centre[d] - items->low[3 * order[i] + d],
                              items->high[3 * order[i] + d] - c->centre[d]);
            square += arm * arm;
        }
        farthest = fmax(farthest, square);
    }
    c->radius = sqrt(fmin(half, farthest));
}

static int widest(const double low[3], const double high[3])
{
    int axis = 0;
    for (int d = 1; d < 3; d++)
        if (high[d] - low[d] > high[axis] - low[axis])
            axis = d;
    return axis;
}

static int compare_places(const void *pa, const void *pb)
{
    const place *a = pa, *b = pb;
    if (a->along != b->along)
        return a->along < b->along ? -1 : 1;
    return (a->face > b->face) - (a->face < b->face);
}

/* Middles of the faces of a cluster, in the order along the axis that parts them most; faces without items come last. */
static void sort_faces(builder *b, const weiss_cluster *c)
{
    const weiss_items *items = b->items;
    double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY};
    for (int32_t f = 0; f < b->nfaces; f++)
        b->place[f] = (place){.face = f};
    for (int64_t i = c->begin; i < c->end; i++) {
        place *p = &b->place[items->face[b->tree->order[i]]];
        for (int d = 0; d < 3; d++)
            p->middle[d] += items->xyz[3 * b->tree->order[i] + d];
        p->count++;
    }
    for (int32_t f = 0; f < b->nfaces; f++)
        for (int d = 0; d < 3 && b->place[f].count > 0; d++) {
            b->place[f].middle[d] /= (double)b->place[f].count;
            low[d] = fmin(low[d], b->place[f].middle[d]);
            high[d] = fmax(high[d], b->place[f].middle[d]);
        }
    int axis = widest(low, high);
    for (int32_t f = 0; f < b->nfaces; f++)
        b->place[f].along = b->place[f].count > 0 ? b->place[f].middle[axis] : INFINITY;
    qsort(b->place, (size_t)b->nfaces, sizeof *b->place, compare_places);
}

/* Parts the faces of a cluster into two groups of about as many items; returns the number of items of the first. */
static int64_t cut_between_faces(builder *b, const weiss_cluster *c)
{
    int64_t *order = b->tree->order + c->begin, count = c->end - c->begin, first = 0, head = 0, tail;
    sort_faces(b, c);
    memset(b->chosen, 0, (size_t)b->nfaces * sizeof *b->chosen);
    for (int32_t i = 0; i < b->nfaces; i++) {
        int64_t with = first + b->place[i].count;
        if (first > 0 && (with == count || llabs(2 * with - count) >= llabs(2 * first - count)))
            break;
        first = with;
        b->chosen[b->place[i].face] = true;
    }
    tail = first;
    for (int64_t i = 0; i < count; i++)
        b->keys[b->chosen[b->items->face[order[i]]] ? head++ : tail++].item = order[i];
    for (int64_t i = 0; i < count; i++)
        order[i] = b->keys[i].item;
    return first;
}

static int64_t cut_in_half(builder *b, const weiss_cluster *c)
{
    int64_t *order = b->tree->order + c->begin, count = c->end - c->begin;
    int64_t half = count / 2, rounded = (half + b->multiple / 2) / b->multiple * b->multiple;
    int axis = widest(c->low, c->high);
    if (rounded > 0 && rounded < count)
        half = rounded;
    for (int64_t i = 0; i < count; i++)
        b->keys[i] = (key){b->items->xyz[3 * order[i] + axis], order[i]};
    select_smallest(b->keys, count, half);
    for (int64_t i = 0; i < count; i++)
        order[i] = b->keys[i].item;
    return half;
}

static int compare_items(const void *pa, const void *pb)
{
    const int64_t *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* Clusters are split in the order of their numbers, so that the tree needs no recursion. */
static int split_all(builder *b)
{
    weiss_tree *tree = b->tree;
    for (int64_t i = 0; i < tree->count; i++) {
        bound(b->items, tree->order, &tree->cluster[i]);
        weiss_cluster c = tree->cluster[i];
        int64_t count = c.end - c.begin, first;
        if (c.face == WEISS_FACE_MIXED) {
            first = cut_between_faces(b, &c);
        } else if (count > b->leaf) {
            first = cut_in_half(b, &c);
        } else {
            qsort(tree->order + c.begin, (size_t)count, sizeof *tree->order, compare_items);
            continue;
        }
        WEISS_TRY(
            weiss_grow(b->ctx, &tree->cluster, &b->capacity, (size_t)tree->count + 2, sizeof *tree->cluster));
        tree->cluster[i].child = tree->count;
        tree->cluster[tree->count++] = (weiss_cluster){.begin = c.begin, .end = c.begin + first};
        tree->cluster[tree->count++] = (weiss_cluster){.begin = c.begin + first, .end = c.end};
    }
    return 0;
}

int weiss_tree_create(weiss_context *ctx, const weiss_items *items, int64_t leaf, int64_t multiple,
                      weiss_tree **out)
{
    weiss_tree *tree = NULL;
    builder b = {.ctx = ctx, .items = items, .leaf = leaf, .multiple = multiple};
    int code;
    *out = NULL;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, tree, 1));
    b.tree = tree;
    for (int64_t i = 0; i < items->count; i++)
        if (items->face[i] >= b.nfaces)
            b.nfaces = items->face[i] + 1;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, tree->order, items->count));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, b.keys, items->count));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, b.place, b.nfaces));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, b.chosen, b.nfaces));
    WEISS_TRY_OUT(code, weiss_grow(ctx, &tree->cluster, &b.capacity, 64, sizeof *tree->cluster));
    for (int64_t i = 0; i < items->count; i++)
        tree->order[i] = i;
    if (items->count > 0) {
        tree->cluster[tree->count++] = (weiss_cluster){.begin = 0, .end = items->count};
        WEISS_TRY_OUT(code, split_all(&b));
    }
    *out = tree;
    tree = NULL;
out:
    free(b.keys);
    free(b.place);
    free(b.chosen);
    weiss_tree_destroy(tree);
    return code;
}

void weiss_tree_destroy(weiss_tree *tree)
{
    if (!tree)
        return;
    free(tree->cluster);
    free(tree->order);
    free(tree);
}

double weiss_cluster_distance(const weiss_cluster *c, const double x[3])
{
    double square = 0, centres = 0;
    for (int d = 0; d < 3; d++) {
        double outside = fmax(fmax(c->low[d] - x[d], x[d] - c->high[d]), 0);
        square += outside * outside;
        centres += (x[d] - c->centre[d]) * (x[d] - c->centre[d]);
    }
    return fmax(sqrt(square), sqrt(centres) - c->radius);
}
