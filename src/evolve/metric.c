#include "evolve/metric.h"

#include "evolve/coupling.h"
#include "evolve/vector3.h"

#include <stdlib.h>
#include <string.h>

/** The inner iteration ends when the residual has fallen to this share, or after so many rounds. */
#define INNER_TOLERANCE 0.1
#define INNER_ROUNDS 20

/** How much of what a step taught is left after the next one. */
#define MEMORY 0.8

struct weiss_metric {
    weiss_context *ctx; /* borrowed */
    double stiffness; /* A/m, learnt from steps */
    weiss_coupling *coupling;
    const double *weight; /* borrowed */
    float *w; /* the same in single precision */
    float *diagonal; /* M_ii */
    float *over_diagonal; /* 1 / M_ii */
    weiss_float4 *m, *x, *r, *z, *p, *q;
};

int weiss_metric_create(const weiss_state *state, const double *weight, weiss_metric **out)
{
    weiss_context *ctx = state->ctx;
    const size_t n = (size_t)state->mesh->nowned;
    weiss_metric *metric = NULL;
    int code;
    *out = NULL;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, metric, 1));
    metric->ctx = ctx;
    metric->weight = weight;
    WEISS_TRY_OUT(code, weiss_coupling_create(ctx, state->effective, state->mesh->nowned, &metric->coupling));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, metric->w, n));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, metric->diagonal, n));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, metric->over_diagonal, n));
    weiss_float4 **vector[] = {&metric->m, &metric->x, &metric->r, &metric->z, &metric->p, &metric->q};
    for (size_t k = 0; k < sizeof vector / sizeof *vector; k++)
        WEISS_TRY_OUT(code, weiss_alloc(ctx, vector[k], n, sizeof **vector[k]));
    for (size_t i = 0; i < n; i++)
        metric->w[i] = (float)weight[i];
out:
    if ((code = weiss_agree(ctx, code)) != 0)
        weiss_metric_destroy(metric);
    else
        *out = metric;
    return code;
}

void weiss_metric_destroy(weiss_metric *metric)
{
    if (metric == NULL)
        return;
    weiss_coupling_destroy(metric->coupling);
    free(metric->w);
    free(metric->diagonal);
    free(metric->over_diagonal);
    free(metric->m);
    free(metric->x);
    free(metric->r);
    free(metric->z);
    free(metric->p);
    free(metric->q);
    free(metric);
}

/** Diagonal of M: exchange and the field along m, the latter no smaller than a tenth of the mean field of
 * this rank or than what steps have taught. */
static void set_diagonal(weiss_metric *metric, const double *m, const double *H)
{
    const weiss_lidx n = metric->coupling->n;
    double mean = 0;
    for (size_t i = 0; i < (size_t)n; i++)
        mean += sqrt(weiss_dot3(H + 3 * i, H + 3 * i));
    const double least = mean > 0 ? fmax(0.1 * mean / n, metric->stiffness) : 1;
    for (size_t i = 0; i < (size_t)n; i++) {
        const double *mi = m + 3 * i;
        double along = fmax(fabs(weiss_dot3(mi, H + 3 * i)), least);
        double diagonal = metric->weight[i] * (along - fmin(metric->coupling->diagonal[i], 0));
        metric->m[i] = (weiss_float4){(float)mi[0], (float)mi[1], (float)mi[2], 0};
        metric->diagonal[i] = (float)diagonal;
        metric->over_diagonal[i] = (float)(1 / diagonal);
    }
}

void weiss_metric_learn(weiss_metric *metric, const double *step, double product)
{
    const weiss_coupling *c = metric->coupling;
    double sum[2] = {0, 0}; /* what exchange explains, and the weight of the step */
    for (weiss_lidx i = 0; i < c->n; i++) {
        const double *s = step + 3 * (size_t)i;
        metric->p[i] = (weiss_float4){(float)s[0], (float)s[1], (float)s[2], 0};
    }
    for (weiss_lidx i = 0; i < c->n; i++) {
        const double *s = step + 3 * (size_t)i, square = weiss_dot3(s, s);
        weiss_float4 others = weiss_coupling_sum(c, c->begin[i], c->begin[i + 1], metric->p);
        double field = c->diagonal[i] * square + others[0] * s[0] + others[1] * s[1] + others[2] * s[2];
        sum[0] -= metric->weight[i] * field;
        sum[1] += metric->weight[i] * square;
    }
    if (MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, weiss_comm(metric->ctx)) != MPI_SUCCESS)
        return;
    double beyond = sum[1] > 0 ? (product - sum[0]) / sum[1] : 0;
    metric->stiffness = fmax(MEMORY * metric->stiffness, beyond);
}

static inline float dot4(weiss_float4 a, weiss_float4 b)
{
    weiss_float4 c = a * b;
    return c[0] + c[1] + c[2];
}

static double dot(const weiss_float4 *a, const weiss_float4 *b, weiss_lidx n)
{
    double sum = 0;
    for (weiss_lidx i = 0; i < n; i++)
        sum += dot4(a[i], b[i]);
    return sum;
}

/** q = P M p */
static void apply(weiss_metric *metric)
{
    const weiss_coupling *c = metric->coupling;
    for (weiss_lidx i = 0; i < c->n; i++) {
        weiss_float4 sum = weiss_coupling_sum(c, c->begin[i], c->begin[i + 1], metric->p);
        weiss_float4 q = metric->diagonal[i] * metric->p[i] - metric->w[i] * sum;
        metric->q[i] = q - dot4(metric->m[i], q) * metric->m[i];
    }
}

/** z = P S^-1 r with S a symmetric Gauss-Seidel sweep over M; r is tangent. */
static void precondition(weiss_metric *metric)
{
    const weiss_coupling *c = metric->coupling;
    weiss_float4 *z = metric->z;
    for (weiss_lidx i = 0; i < c->n; i++) {
        weiss_float4 sum = weiss_coupling_sum(c, c->begin[i], c->upper[i], z);
        z[i] = metric->over_diagonal[i] * (metric->r[i] + metric->w[i] * sum);
    }
    for (weiss_lidx i = c->n; i-- > 0;) {
        weiss_float4 sum = weiss_coupling_sum(c, c->upper[i], c->begin[i + 1], z);
        z[i] += metric->over_diagonal[i] * metric->w[i] * sum;
    }
    for (weiss_lidx i = 0; i < c->n; i++)
        z[i] -= dot4(metric->m[i], z[i]) * metric->m[i];
}

/** Conjugate gradients for P M P x = r, from x = 0. */
static void conjugate_gradients(weiss_metric *metric)
{
    const weiss_lidx n = metric->coupling->n;
    double rz = 0, before, first = dot(metric->r, metric->r, n);
    memset(metric->x, 0, (size_t)n * sizeof *metric->x);
    for (int round = 0; round < INNER_ROUNDS; round++) {
        precondition(metric);
        before = rz;
        rz = dot(metric->r, metric->z, n);
        float beta = round > 0 ? (float)(rz / before) : 0;
        for (weiss_lidx i = 0; i < n; i++)
            metric->p[i] = metric->z[i] + beta * metric->p[i];
        apply(metric);
        double curvature = dot(metric->p, metric->q, n);
        if (!(rz > 0) || !(curvature > 0))
            return;
        float alpha = (float)(rz / curvature);
        for (weiss_lidx i = 0; i < n; i++) {
            metric->x[i] += alpha * metric->p[i];
            metric->r[i] -= alpha * metric->q[i];
        }
        if (dot(metric->r, metric->r, n) <= INNER_TOLERANCE * INNER_TOLERANCE * first)
            return;
    }
}

void weiss_metric_solve(weiss_metric *metric, const double *m, const double *H, const double *g, double *out)
{
    const size_t n = (size_t)metric->coupling->n;
    set_diagonal(metric, m, H);
    for (size_t i = 0; i < n; i++) {
        metric->r[i] = (weiss_float4){(float)g[3 * i], (float)g[3 * i + 1], (float)g[3 * i + 2], 0};
        metric->r[i] -= dot4(metric->m[i], metric->r[i]) * metric->m[i];
        metric->p[i] = (weiss_float4){0, 0, 0, 0};
    }
    conjugate_gradients(metric);
    for (size_t i = 0; i < n; i++) {
        double x[3] = {metric->x[i][0], metric->x[i][1], metric->x[i][2]};
        double along = weiss_dot3(x, m + 3 * i);
        for (int k = 0; k < 3; k++)
            out[3 * i + (size_t)k] = x[k] - along * m[3 * i + (size_t)k];
    }
}
