#include "field/demag/panels.h"

#include "field/demag/kernel.h"

#include <stdlib.h>
#include <string.h>

/* A panel of the first pass: one cluster of columns. */
typedef struct right_panel {
    int64_t begin, columns; /* of x */
    int64_t rows; /* sum of the ranks */
    int64_t target; /* of its rows in t */
    size_t offset; /* in data */
} right_panel;

/* Columns of a left panel that lie together in x or t. */
typedef struct segment {
    bool from_t;
    int64_t begin, count;
} segment;

/* A panel of the second pass: one cluster of rows. */
typedef struct left_panel {
    int64_t begin, rows; /* of y */
    int64_t columns;
    int64_t segment, nsegments;
    size_t offset;
} left_panel;

struct weiss_panels {
    right_panel *right;
    left_panel *left;
    segment *segment;
    int64_t nright, nleft;
    float *right_data, *left_data;
    size_t right_length, left_length;
    float *t; /* results of the first pass */
    float *work; /* gathered columns and resulting rows of one left panel */
    float *sum;
};

static int64_t round_up(int64_t n)
{
    return (n + WEISS_PANEL_ROWS - 1) / WEISS_PANEL_ROWS * WEISS_PANEL_ROWS;
}

/* Where entry (i, j) of a panel with that many columns lies. */
static size_t place(int64_t columns, int64_t i, int64_t j)
{
    return (size_t)((i / WEISS_PANEL_ROWS * columns + j) * WEISS_PANEL_ROWS + i % WEISS_PANEL_ROWS);
}

static int aligned(weiss_context *ctx, float **out, size_t length)
{
    size_t bytes = (length * sizeof **out + 63) / 64 * 64;
    *out = aligned_alloc(64, bytes > 0 ? bytes : 64);
    if (!*out)
        return weiss_fail(ctx, WEISS_ERR_MEMORY, "cannot get %zu bytes for the boundary operator", bytes);
    memset(*out, 0, bytes > 0 ? bytes : 64);
    return 0;
}

/* Lays out the right panels, fills them, and notes in source[b] where the rows of block b lie in t. */
static int pack_right(weiss_context *ctx, const weiss_tree *columns, weiss_factors *factors, int64_t count,
                      weiss_panels *p, int64_t *source)
{
    int64_t *rows = NULL, *number = NULL, t = 0;
    int code;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, rows, columns->count));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, number, columns->count));
    for (int64_t b = 0; b < count; b++) {
        source[b] = rows[factors[b].block.column]; /* relative to the panel, for now */
        rows[factors[b].block.column] += factors[b].rank;
    }
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, p->right, columns->count));
    for (int64_t c = 0; c < columns->count; c++) {
        const weiss_cluster *cluster = &columns->cluster[c];
        if (rows[c] == 0)
            continue;
        number[c] = p->nright;
        p->right[p->nright++] =
            (right_panel){cluster->begin, cluster->end - cluster->begin, rows[c], t, p->right_length};
        p->right_length += (size_t)(round_up(rows[c]) * (cluster->end - cluster->begin));
        t += round_up(rows[c]);
    }
    WEISS_TRY_OUT(code, aligned(ctx, &p->right_data, p->right_length));
    WEISS_TRY_OUT(code, aligned(ctx, &p->t, (size_t)t));
    for (int64_t b = 0; b < count; b++) {
        weiss_factors *f = &factors[b];
        if (f->rank == 0)
            continue;
        const right_panel *panel = &p->right[number[f->block.column]];
        for (int64_t j = 0; j < panel->columns; j++)
            for (int k = 0; k < f->rank; k++)
                p->right_data[panel->offset + place(panel->columns, source[b] + k, j)] =
                    f->right[j * f->rank + k];
        source[b] += panel->target;
        free(f->right);
        f->right = NULL;
    }
out:
    free(rows);
    free(number);
    return code;
}

/* Lays out the left panels: blocks of one row cluster follow each other. */
static void plan_left(const weiss_tree *rows, const weiss_tree *columns, const weiss_factors *factors,
                      int64_t count, weiss_panels *p, const int64_t *source)
{
    int64_t segments = 0;
    for (int64_t b = 0; b < count; b++) {
        const weiss_factors *f = &factors[b];
        const weiss_cluster *row = &rows->cluster[f->block.row], *column = &columns->cluster[f->block.column];
        if (b == 0 || f->block.row != factors[b - 1].block.row)
            p->left[p->nleft++] = (left_panel){row->begin, row->end - row->begin, 0, segments, 0, 0};
        left_panel *panel = &p->left[p->nleft - 1];
        if (!f->left)
            continue;
        segment s = f->rank > 0 ? (segment){true, source[b], f->rank}
                                : (segment){false, column->begin, column->end - column->begin};
        p->segment[segments++] = s;
        panel->columns += s.count;
        panel->nsegments++;
    }
    for (int64_t i = 0; i < p->nleft; i++) {
        p->left[i].offset = p->left_length;
        p->left_length += (size_t)(round_up(p->left[i].rows) * p->left[i].columns);
    }
}

/* Copies one block into columns @p at .. of its panel; returns the number of columns. */
static int64_t pack_block(const weiss_tree *columns, weiss_factors *f, const left_panel *panel, int64_t at,
                          float *data)
{
    const weiss_cluster *c = &columns->cluster[f->block.column];
    int64_t n = !f->left ? 0 : f->rank > 0 ? f->rank : c->end - c->begin;
    for (int64_t j = 0; j < n; j++)
        for (int64_t r = 0; r < panel->rows; r++)
            data[panel->offset + place(panel->columns, r, at + j)] = f->left[j * panel->rows + r];
    free(f->left);
    f->left = NULL;
    return n;
}

static int pack_left(weiss_context *ctx, const weiss_tree *rows, const weiss_tree *columns,
                     weiss_factors *factors, int64_t count, weiss_panels *p, const int64_t *source)
{
    int64_t widest = 0, tallest = 0, at = 0;
    WEISS_TRY(WEISS_NEW(ctx, p->left, count));
    WEISS_TRY(WEISS_NEW(ctx, p->segment, count));
    plan_left(rows, columns, factors, count, p, source);
    WEISS_TRY(aligned(ctx, &p->left_data, p->left_length));
    const left_panel *panel = p->left;
    for (int64_t b = 0; b < count; b++) {
        if (b > 0 && factors[b].block.row != factors[b - 1].block.row) {
            panel++;
            at = 0;
        }
        at += pack_block(columns, &factors[b], panel, at, p->left_data);
    }
    for (int64_t i = 0; i < p->nleft; i++) {
        widest = p->left[i].columns > widest ? p->left[i].columns : widest;
        tallest = p->left[i].rows > tallest ? p->left[i].rows : tallest;
    }
    WEISS_TRY(aligned(ctx, &p->work, (size_t)widest));
    return aligned(ctx, &p->sum, (size_t)round_up(tallest));
}

int weiss_panels_create(weiss_context *ctx, const weiss_tree *rows, const weiss_tree *columns,
                        weiss_factors *factors, int64_t count, weiss_panels **out)
{
    weiss_panels *p = NULL;
    int64_t *source = NULL;
    int code;
    *out = NULL;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, p, 1));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, source, count));
    WEISS_TRY_OUT(code, pack_right(ctx, columns, factors, count, p, source));
    WEISS_TRY_OUT(code, pack_left(ctx, rows, columns, factors, count, p, source));
    *out = p;
    p = NULL;
out:
    free(source);
    weiss_panels_destroy(p);
    return code;
}

void weiss_panels_destroy(weiss_panels *p)
{
    if (!p)
        return;
    free(p->right);
    free(p->left);
    free(p->segment);
    free(p->right_data);
    free(p->left_data);
    free(p->t);
    free(p->work);
    free(p->sum);
    free(p);
}

void weiss_panels_apply(weiss_panels *p, const float *x, float *y)
{
    for (int64_t i = 0; i < p->nright; i++) {
        const right_panel *panel = &p->right[i];
        weiss_kernel_panel(panel->rows, panel->columns, p->right_data + panel->offset, x + panel->begin,
                           p->t + panel->target);
    }
    for (int64_t i = 0; i < p->nleft; i++) {
        const left_panel *panel = &p->left[i];
        int64_t at = 0;
        for (int64_t s = panel->segment; s < panel->segment + panel->nsegments; s++) {
            const segment *from = &p->segment[s];
            memcpy(p->work + at, (from->from_t ? p->t : x) + from->begin, (size_t)from->count * sizeof *x);
            at += from->count;
        }
        weiss_kernel_panel(panel->rows, panel->columns, p->left_data + panel->offset, p->work, p->sum);
        for (int64_t r = 0; r < panel->rows; r++)
            y[panel->begin + r] += p->sum[r];
    }
}

/* Adds factor times row @p slot of t, expanded by the right panel that makes it. */
static void add_right_row(const weiss_panels *p, int64_t slot, double factor, double *entry)
{
    int64_t low = 0, high = p->nright - 1;
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (p->right[middle].target <= slot)
            low = middle;
        else
            high = middle - 1;
    }
    const right_panel *panel = &p->right[low];
    for (int64_t j = 0; j < panel->columns; j++)
        entry[panel->begin + j] +=
            factor * (double)p->right_data[panel->offset + place(panel->columns, slot - panel->target, j)];
}

void weiss_panels_row(const weiss_panels *p, int64_t i, double *entry)
{
    for (int64_t l = 0; l < p->nleft; l++) {
        const left_panel *panel = &p->left[l];
        int64_t at = 0;
        if (i < panel->begin || i >= panel->begin + panel->rows)
            continue;
        for (int64_t s = panel->segment; s < panel->segment + panel->nsegments; s++) {
            const segment *from = &p->segment[s];
            for (int64_t j = 0; j < from->count; j++, at++) {
                double value =
                    (double)p->left_data[panel->offset + place(panel->columns, i - panel->begin, at)];
                if (from->from_t)
                    add_right_row(p, from->begin + j, value, entry);
                else
                    entry[from->begin + j] += value;
            }
        }
    }
}

int64_t weiss_panels_bytes(const weiss_panels *p)
{
    return (int64_t)((p->right_length + p->left_length) * sizeof(float));
}
