#include "evolve/krylov.h"

#include <math.h>
#include <nvector/nvector_parallel.h>
#include <stdlib.h>
#include <string.h>

/** Directions kept; when they do not suffice, the step is tried again, shorter. */
#define DIRECTIONS 20
/** Least factor by which a solution reduces the residual, and the most that single precision gives. */
#define LEAST_REDUCTION 0.05
#define MOST_REDUCTION 1e-5
/** Nodes that are worked on together, so that they stay in the first cache. */
#define BLOCK 256

typedef struct krylov {
    weiss_context *ctx; /* borrowed */
    weiss_preconditioner *preconditioner; /* borrowed */
    SUNATimesFn product; /* A v, of CVODE */
    void *product_data;
    SUNPSetupFn set_up; /* of the preconditioner, by way of CVODE */
    void *set_up_data;
    N_Vector weight; /* borrowed: 1 / (rtol |y| + atol) */
    N_Vector v, Av;
    size_t n; /* nodes */
    weiss_float4
        *basis[DIRECTIONS + 1]; /* n each, orthonormal, weighted; pages are used as they are needed */
    weiss_float4 *scale; /* weight in single precision */
    double H[DIRECTIONS][DIRECTIONS + 2]; /* column k: upper triangle after rotations */
    double cosine[DIRECTIONS], sine[DIRECTIONS], right[DIRECTIONS + 1];
    int iterations;
    double residual;
} krylov;

static double *values(N_Vector x)
{
    return N_VGetArrayPointer(x);
}

static inline void store(weiss_float4 x, double out[3])
{
    out[0] = x[0];
    out[1] = x[1];
    out[2] = x[2];
}

/** out[j] = basis[j] . w for j < count, and out[count] = w . w. Collective. */
static int products(const krylov *k, int count, const weiss_float4 *w, double *out)
{
    memset(out, 0, (size_t)(count + 1) * sizeof *out);
    for (size_t begin = 0; begin < k->n; begin += BLOCK) {
        size_t end = begin + BLOCK < k->n ? begin + BLOCK : k->n;
        for (int j = 0; j <= count; j++) {
            const weiss_float4 *other = j < count ? k->basis[j] : w;
            weiss_float4 sum = {0, 0, 0, 0};
            for (size_t i = begin; i < end; i++)
                sum += other[i] * w[i];
            out[j] += (double)sum[0] + sum[1] + sum[2];
        }
    }
    return MPI_Allreduce(MPI_IN_PLACE, out, count + 1, MPI_DOUBLE, MPI_SUM, weiss_comm(k->ctx)) == MPI_SUCCESS
               ? 0
               : -1;
}

/** w = (w - sum of h[j] basis[j]) * factor */
static void orthogonalise(const krylov *k, int count, const double *h, double factor, weiss_float4 *w)
{
    for (size_t begin = 0; begin < k->n; begin += BLOCK) {
        size_t end = begin + BLOCK < k->n ? begin + BLOCK : k->n;
        for (int j = 0; j < count; j++) {
            const weiss_float4 *v = k->basis[j];
            const float hj = (float)h[j];
            for (size_t i = begin; i < end; i++)
                w[i] -= hj * v[i];
        }
        for (size_t i = begin; i < end; i++)
            w[i] *= (float)factor;
    }
}

/** Weighted and preconditioned: basis[at] = weight P^-1 r. */
static void precondition(krylov *k, N_Vector r, int at)
{
    weiss_preconditioner_apply(k->preconditioner, values(r), k->basis[at]);
    for (size_t i = 0; i < k->n; i++)
        k->basis[at][i] *= k->scale[i];
}

static void take_weights(krylov *k)
{
    const double *weight = values(k->weight);
    for (size_t i = 0; i < k->n; i++)
        k->scale[i] =
            (weiss_float4){(float)weight[3 * i], (float)weight[3 * i + 1], (float)weight[3 * i + 2], 1};
}

/** out = sum of y[j] basis[j] without the weights. */
static void combine(const krylov *k, int count, const double *y, double *out)
{
    for (size_t i = 0; i < k->n; i++) {
        weiss_float4 sum = {0, 0, 0, 0};
        for (int j = 0; j < count; j++)
            sum += (float)y[j] * k->basis[j][i];
        store(sum / k->scale[i], out + 3 * i);
    }
}

/** Extends the basis by A times its last vector and updates the factors of the small least-squares problem.
 *  @return a flag of SUNDIALS; @p *exhausted when the space cannot grow */
static int extend(krylov *k, bool *exhausted)
{
    const int at = k->iterations;
    const weiss_float4 *last = k->basis[at];
    double *h = k->H[at], *v = values(k->v);
    for (size_t i = 0; i < k->n; i++)
        store(last[i] / k->scale[i], v + 3 * i);
    int flag = k->product(k->product_data, k->v, k->Av);
    if (flag != 0)
        return flag < 0 ? SUNLS_ATIMES_FAIL_UNREC : SUNLS_ATIMES_FAIL_REC;
    precondition(k, k->Av, at + 1);
    if (products(k, at + 1, k->basis[at + 1], h) != 0)
        return SUNLS_VECTOROP_ERR;
    double whole = h[at + 1], left = whole;
    for (int j = 0; j <= at; j++)
        left -= h[j] * h[j];
    *exhausted = !(left > 1e-10 * whole);
    h[at + 1] = *exhausted ? 0 : sqrt(left);
    orthogonalise(k, at + 1, h, *exhausted ? 0 : 1 / h[at + 1], k->basis[at + 1]);
    for (int j = 0; j < at; j++) {
        double upper = h[j];
        h[j] = k->cosine[j] * upper + k->sine[j] * h[j + 1];
        h[j + 1] = k->cosine[j] * h[j + 1] - k->sine[j] * upper;
    }
    double length = hypot(h[at], h[at + 1]);
    k->cosine[at] = length > 0 ? h[at] / length : 1;
    k->sine[at] = length > 0 ? h[at + 1] / length : 0;
    h[at] = length;
    k->right[at + 1] = -k->sine[at] * k->right[at];
    k->right[at] *= k->cosine[at];
    k->residual = fabs(k->right[at + 1]);
    k->iterations++;
    return SUNLS_SUCCESS;
}

static int solve(SUNLinearSolver solver, SUNMatrix matrix, N_Vector x, N_Vector b, realtype tolerance)
{
    krylov *k = solver->content;
    double y[DIRECTIONS], square, first;
    bool exhausted = false;
    (void)matrix;
    k->iterations = 0;
    take_weights(k);
    precondition(k, b, 0);
    if (products(k, 0, k->basis[0], &square) != 0)
        return SUNLS_VECTOROP_ERR;
    k->residual = first = k->right[0] = sqrt(square);
    N_VConst(0, x);
    if (!(first > 0))
        return first == 0 ? SUNLS_SUCCESS : SUNLS_CONV_FAIL;
    orthogonalise(k, 0, NULL, 1 / first, k->basis[0]);
    double wanted =
        fmax(fmin(tolerance * WEISS_KRYLOV_HEADROOM, LEAST_REDUCTION * first), MOST_REDUCTION * first);
    while (!(k->residual <= wanted) && k->iterations < DIRECTIONS && !exhausted) {
        int flag = extend(k, &exhausted);
        if (flag != SUNLS_SUCCESS)
            return flag;
    }
    for (int j = k->iterations - 1; j >= 0; j--) {
        y[j] = k->right[j];
        for (int later = j + 1; later < k->iterations; later++)
            y[j] -= k->H[later][j] * y[later];
        y[j] = k->H[j][j] > 0 ? y[j] / k->H[j][j] : 0;
    }
    combine(k, k->iterations, y, values(x));
    if (k->residual <= wanted)
        return SUNLS_SUCCESS;
    return k->residual < first ? SUNLS_RES_REDUCED : SUNLS_CONV_FAIL;
}

static SUNLinearSolver_Type type_of(SUNLinearSolver solver)
{
    (void)solver;
    return SUNLINEARSOLVER_ITERATIVE;
}

static int set_product(SUNLinearSolver solver, void *data, SUNATimesFn product)
{
    krylov *k = solver->content;
    k->product = product;
    k->product_data = data;
    return SUNLS_SUCCESS;
}

/** The solver applies the preconditioner itself; CVODE decides when it is set up anew. */
static int set_preconditioner(SUNLinearSolver solver, void *data, SUNPSetupFn set_up, SUNPSolveFn apply)
{
    krylov *k = solver->content;
    (void)apply;
    k->set_up = set_up;
    k->set_up_data = data;
    return SUNLS_SUCCESS;
}

static int set_scaling(SUNLinearSolver solver, N_Vector left, N_Vector right)
{
    krylov *k = solver->content;
    (void)right; /* the same */
    k->weight = left;
    return SUNLS_SUCCESS;
}

static int set_up(SUNLinearSolver solver, SUNMatrix matrix)
{
    krylov *k = solver->content;
    (void)matrix;
    int flag = k->set_up != NULL ? k->set_up(k->set_up_data) : 0;
    if (flag == 0)
        return SUNLS_SUCCESS;
    return flag < 0 ? SUNLS_PSET_FAIL_UNREC : SUNLS_PSET_FAIL_REC;
}

static int iterations(SUNLinearSolver solver)
{
    return ((krylov *)solver->content)->iterations;
}

static realtype residual_norm(SUNLinearSolver solver)
{
    return ((krylov *)solver->content)->residual;
}

static int destroy(SUNLinearSolver solver)
{
    krylov *k = solver->content;
    if (k != NULL) {
        if (k->v != NULL)
            N_VDestroy(k->v);
        if (k->Av != NULL)
            N_VDestroy(k->Av);
        for (int j = 0; j <= DIRECTIONS; j++)
            free(k->basis[j]);
        free(k->scale);
        free(k);
    }
    solver->content = NULL;
    SUNLinSolFreeEmpty(solver);
    return SUNLS_SUCCESS;
}

SUNLinearSolver weiss_krylov_create(weiss_context *ctx, weiss_preconditioner *preconditioner, N_Vector like,
                                    SUNContext sundials)
{
    SUNLinearSolver solver = SUNLinSolNewEmpty(sundials);
    krylov *k = NULL;
    if (solver == NULL)
        return NULL;
    solver->ops->gettype = type_of;
    solver->ops->setatimes = set_product;
    solver->ops->setpreconditioner = set_preconditioner;
    solver->ops->setscalingvectors = set_scaling;
    solver->ops->setup = set_up;
    solver->ops->solve = solve;
    solver->ops->numiters = iterations;
    solver->ops->resnorm = residual_norm;
    solver->ops->free = destroy;
    int code = WEISS_NEW(ctx, k, 1);
    solver->content = k;
    if (code == 0) {
        k->ctx = ctx;
        k->preconditioner = preconditioner;
        k->n = (size_t)N_VGetLocalLength_Parallel(like) / 3;
        k->v = N_VClone(like);
        k->Av = N_VClone(like);
        code = WEISS_NEW(ctx, k->scale, k->n);
        for (int j = 0; j <= DIRECTIONS && code == 0; j++)
            code = WEISS_NEW(ctx, k->basis[j], k->n);
    }
    if (code != 0 || k->v == NULL || k->Av == NULL) {
        destroy(solver);
        return NULL;
    }
    return solver;
}
