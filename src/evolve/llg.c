#include "evolve/llg.h"

#include "evolve/vector3.h"

#include <stdlib.h>
#include <string.h>

int weiss_llg_create(weiss_state *state, weiss_llg **out)
{
    weiss_context *ctx = state->ctx;
    const size_t nowned = (size_t)state->mesh->nowned, nlocal = (size_t)state->mesh->nlocal;
    weiss_llg *llg = NULL;
    *out = NULL;
    int code;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, llg, 1));
    llg->state = state;
    llg->nowned = nowned;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, llg->rate, nowned));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, llg->m, 3 * nlocal));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, llg->H, 3 * nowned));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, llg->v, 3 * nlocal));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, llg->Hv, 3 * nowned));
    for (size_t i = 0; i < nowned; i++)
        llg->rate[i] = -state->space->gamma[i] / (1 + state->space->alpha[i] * state->space->alpha[i]);
out:
    if ((code = weiss_agree(ctx, code)) != 0)
        weiss_llg_destroy(llg);
    else
        *out = llg;
    return code;
}

void weiss_llg_destroy(weiss_llg *llg)
{
    if (llg == NULL)
        return;
    free(llg->rate);
    free(llg->m);
    free(llg->H);
    free(llg->v);
    free(llg->Hv);
    free(llg);
}

int weiss_llg_evaluate(weiss_llg *llg, double time, const double *m, double *dmdt)
{
    const double *restrict rate = llg->rate, *restrict alpha = llg->state->space->alpha, *restrict H = llg->H;
    memcpy(llg->m, m, 3 * llg->nowned * sizeof *m);
    WEISS_TRY(weiss_halo_update(llg->state->mesh, 3, llg->m));
    llg->time = time;
    llg->evaluations++;
    const weiss_point at = {.time = time, .m = llg->m};
    WEISS_TRY(weiss_effective_evaluate(llg->state->effective, &at, llg->H, NULL));
    const double *restrict y = llg->m;
    double *restrict out = dmdt;
    for (size_t i = 0; i < llg->nowned; i++) {
        double mxH[3], mxmxH[3];
        weiss_cross3(y + 3 * i, H + 3 * i, mxH);
        weiss_cross3(y + 3 * i, mxH, mxmxH);
        for (int k = 0; k < 3; k++)
            out[3 * i + k] = rate[i] * (mxH[k] + alpha[i] * mxmxH[k]);
    }
    return 0;
}

int weiss_llg_product(weiss_llg *llg, const double *v, double *out)
{
    const double *restrict rate = llg->rate, *restrict alpha = llg->state->space->alpha;
    const double *restrict m = llg->m, *restrict H = llg->H, *restrict Hv = llg->Hv;
    const weiss_point at = {.time = llg->time, .m = llg->m};
    memcpy(llg->v, v, 3 * llg->nowned * sizeof *v);
    WEISS_TRY(weiss_halo_update(llg->state->mesh, 3, llg->v));
    llg->products++;
    WEISS_TRY(weiss_effective_product(llg->state->effective, &at, llg->v, llg->Hv));
    const double *restrict w = llg->v;
    double *restrict result = out;
    for (size_t i = 0; i < llg->nowned; i++) {
        /* a = d(m x H) = v x H + m x Hv;  d(m x (m x H)) = v x (m x H) + m x a */
        double a[3], b[3], mxH[3], vxmxH[3], mxa[3];
        weiss_cross3(w + 3 * i, H + 3 * i, a);
        weiss_cross3(m + 3 * i, Hv + 3 * i, b);
        for (int k = 0; k < 3; k++)
            a[k] += b[k];
        weiss_cross3(m + 3 * i, H + 3 * i, mxH);
        weiss_cross3(w + 3 * i, mxH, vxmxH);
        weiss_cross3(m + 3 * i, a, mxa);
        for (int k = 0; k < 3; k++)
            result[3 * i + k] = rate[i] * (a[k] + alpha[i] * (vxmxH[k] + mxa[k]));
    }
    return 0;
}

/** out += factor [a]x, the matrix of the cross product with @p a from the left. */
static void add_cross_matrix(double factor, const double a[3], double out[9])
{
    out[1] -= factor * a[2];
    out[2] += factor * a[1];
    out[3] += factor * a[2];
    out[5] -= factor * a[0];
    out[6] -= factor * a[1];
    out[7] += factor * a[0];
}

void weiss_llg_derivatives(const weiss_llg *llg, size_t i, double by_m[9], double by_field[9])
{
    const double *m = llg->m + 3 * i, *H = llg->H + 3 * i;
    const double rate = llg->rate[i], damped = rate * llg->state->space->alpha[i];
    const double mH = weiss_dot3(m, H), mm = weiss_dot3(m, m);
    double mxH[3];
    weiss_cross3(m, H, mxH);
    /* d(m x H) = -H x dm;  d(m x (m x H)) = -(m x H) x dm + m x (dm x H), the last being (m . H) dm - H (m .
     * dm) */
    for (int j = 0; j < 3; j++)
        for (int k = 0; k < 3; k++) {
            by_m[3 * j + k] = damped * ((j == k ? mH : 0) - H[j] * m[k]);
            by_field[3 * j + k] = damped * (m[j] * m[k] - (j == k ? mm : 0));
        }
    add_cross_matrix(-rate, H, by_m);
    add_cross_matrix(-damped, mxH, by_m);
    add_cross_matrix(rate, m, by_field);
}
