#include "evolve/preconditioner.h"

#include "evolve/vector3.h"

#include <stdlib.h>
#include <string.h>

/** A 3x3 matrix by columns. */
typedef struct columns3 {
    weiss_float4 column[3];
} columns3;

struct weiss_preconditioner {
    weiss_llg *llg; /* borrowed */
    weiss_preconditioner_kind kind;
    weiss_coupling *coupling;
    double *blocks; /* 9 * nowned, local part of H'(m) */
    columns3 *inverse; /* D_i^-1 */
    columns3 *spread; /* gamma D_i^-1 L_i: takes the sum over neighbours to what it adds to the solution */
};

int weiss_preconditioner_create(weiss_llg *llg, weiss_preconditioner_kind kind, weiss_preconditioner **out)
{
    weiss_context *ctx = llg->state->ctx;
    weiss_preconditioner *pre = NULL;
    int code;
    *out = NULL;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, pre, 1));
    pre->llg = llg;
    pre->kind = kind;
    if (kind == WEISS_PRECONDITION_NONE)
        goto out;
    WEISS_TRY_OUT(code,
                  weiss_coupling_create(ctx, llg->state->effective, (weiss_lidx)llg->nowned, &pre->coupling));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, pre->blocks, 9 * llg->nowned));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, pre->inverse, llg->nowned));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, pre->spread, llg->nowned));
out:
    if ((code = weiss_agree(ctx, code)) != 0)
        weiss_preconditioner_destroy(pre);
    else
        *out = pre;
    return code;
}

void weiss_preconditioner_destroy(weiss_preconditioner *pre)
{
    if (pre == NULL)
        return;
    weiss_coupling_destroy(pre->coupling);
    free(pre->blocks);
    free(pre->inverse);
    free(pre->spread);
    free(pre);
}

static columns3 by_columns(double scale, const double a[9])
{
    columns3 c;
    for (int k = 0; k < 3; k++)
        c.column[k] =
            (weiss_float4){(float)(scale * a[k]), (float)(scale * a[3 + k]), (float)(scale * a[6 + k]), 0};
    return c;
}

static inline weiss_float4 times(const columns3 *a, weiss_float4 x)
{
    return a->column[0] * x[0] + a->column[1] * x[1] + a->column[2] * x[2];
}

int weiss_preconditioner_setup(weiss_preconditioner *pre, double gamma)
{
    const weiss_llg *llg = pre->llg;
    const weiss_point at = {.time = llg->time, .m = llg->m};
    if (pre->kind == WEISS_PRECONDITION_NONE)
        return 0;
    memset(pre->blocks, 0, 9 * llg->nowned * sizeof *pre->blocks);
    WEISS_TRY(weiss_effective_diagonal(llg->state->effective, &at, pre->blocks));
    for (size_t i = 0; i < llg->nowned; i++) {
        double by_m[9], by_field[9], chained[9], block[9], inverse[9], spread[9];
        double *local = pre->blocks + 9 * i;
        weiss_llg_derivatives(llg, i, by_m, by_field);
        for (int k = 0; k < 3; k++)
            local[4 * k] += pre->coupling->diagonal[i];
        weiss_multiply3(by_field, local, chained);
        for (int k = 0; k < 9; k++)
            block[k] = (k % 4 == 0 ? 1 : 0) - gamma * (by_m[k] + chained[k]);
        weiss_invert3(block, inverse);
        weiss_multiply3(inverse, by_field, spread);
        pre->inverse[i] = by_columns(1, inverse);
        pre->spread[i] = by_columns(gamma, spread);
    }
    return 0;
}

static inline weiss_float4 load(const double r[3])
{
    return (weiss_float4){(float)r[0], (float)r[1], (float)r[2], 0};
}

/** Forward, (D + L) z = r, then backward, (D + U) z = D z. */
static void apply_gauss_seidel(const weiss_preconditioner *pre, const double *restrict r, weiss_float4 *z)
{
    const weiss_coupling *c = pre->coupling;
    for (weiss_lidx i = 0; i < c->n; i++) {
        weiss_float4 sum = weiss_coupling_sum(c, c->begin[i], c->upper[i], z);
        z[i] = times(&pre->inverse[i], load(r + 3 * (size_t)i)) + times(&pre->spread[i], sum);
    }
    for (weiss_lidx i = c->n; i-- > 0;) {
        weiss_float4 sum = weiss_coupling_sum(c, c->upper[i], c->begin[i + 1], z);
        z[i] += times(&pre->spread[i], sum);
    }
}

void weiss_preconditioner_apply(const weiss_preconditioner *pre, const double *r, weiss_float4 *out)
{
    const size_t n = pre->llg->nowned;
    switch (pre->kind) {
    case WEISS_PRECONDITION_NONE:
        for (size_t i = 0; i < n; i++)
            out[i] = load(r + 3 * i);
        break;
    case WEISS_PRECONDITION_DIAGONAL:
        for (size_t i = 0; i < n; i++)
            out[i] = times(&pre->inverse[i], load(r + 3 * i));
        break;
    case WEISS_PRECONDITION_GAUSS_SEIDEL:
        apply_gauss_seidel(pre, r, out);
        break;
    }
}
