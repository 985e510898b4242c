#include "evolve/coupling.h"

#include <stdlib.h>

/** Adds an entry to a row that is sorted by column and ends at @p end; returns the new end. */
static int64_t insert_entry(weiss_coupling *c, int64_t begin, int64_t end, weiss_lidx column, double value)
{
    int64_t k = end;
    while (k > begin && c->column[k - 1] > column)
        k--;
    if (k > begin && c->column[k - 1] == column) {
        c->value[k - 1] += (float)value;
        return end;
    }
    for (int64_t j = end; j > k; j--) {
        c->column[j] = c->column[j - 1];
        c->value[j] = c->value[j - 1];
    }
    c->column[k] = column;
    c->value[k] = (float)value;
    return end + 1;
}

/** Gathers row @p i of all matrices, from entry @p begin on; returns its end. */
static int64_t gather_row(weiss_coupling *c, const weiss_effective *effective, weiss_lidx i, int64_t begin)
{
    const weiss_csr *matrix;
    int64_t end = begin;
    for (int t = 0; (matrix = weiss_effective_coupling(effective, t)) != NULL; t++)
        for (int64_t k = matrix->row_begin[i]; k < matrix->row_begin[i + 1]; k++) {
            weiss_lidx column = matrix->column[k];
            if (column == i)
                c->diagonal[i] += matrix->value[k];
            else if (column < c->n)
                end = insert_entry(c, begin, end, column, matrix->value[k]);
        }
    return end;
}

int weiss_coupling_create(weiss_context *ctx, const weiss_effective *effective, weiss_lidx nowned,
                          weiss_coupling **out)
{
    const weiss_csr *matrix;
    weiss_coupling *c = NULL;
    int64_t room = 0;
    int code;
    *out = NULL;
    for (int t = 0; (matrix = weiss_effective_coupling(effective, t)) != NULL; t++)
        room += matrix->row_begin[nowned];
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, c, 1));
    c->n = nowned;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, c->begin, nowned + 1));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, c->upper, nowned));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, c->column, room));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, c->value, room));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, c->diagonal, nowned));
    for (weiss_lidx i = 0; i < nowned; i++) {
        int64_t end = gather_row(c, effective, i, c->begin[i]), k = c->begin[i];
        while (k < end && c->column[k] < i)
            k++;
        c->upper[i] = k;
        c->begin[i + 1] = end;
    }
    *out = c;
    return 0;
out:
    weiss_coupling_destroy(c);
    return code;
}

void weiss_coupling_destroy(weiss_coupling *c)
{
    if (c == NULL)
        return;
    free(c->begin);
    free(c->upper);
    free(c->column);
    free(c->value);
    free(c->diagonal);
    free(c);
}
