#include "evolve/minimiser.h"

#include "evolve/vector3.h"

#include <stdlib.h>
#include <string.h>

/** A step is too long when the energy rises at its end at more than this share of the rate at which it fell
 * at its begin: by the trapezoidal rule it then gains nothing. */
#define LARGEST_RISE 0.9
/** Shorter steps tried along one direction. */
#define SHORTER_TRIES 10

int weiss_minimiser_create(weiss_state *state, double max_rotation, weiss_minimiser **out)
{
    weiss_context *ctx = state->ctx;
    const size_t n = (size_t)state->mesh->nowned;
    weiss_minimiser *min = NULL;
    int code;
    *out = NULL;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, min, 1));
    min->state = state;
    min->nowned = n;
    min->max_rotation = max_rotation;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, min->weight, n));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, min->energies, weiss_effective_count(state->effective)));
    double **vector[] = {&min->H, &min->gradient, &min->direction, &min->old_m, &min->old_gradient};
    for (size_t k = 0; k < sizeof vector / sizeof *vector; k++)
        WEISS_TRY_OUT(code, weiss_alloc(ctx, vector[k], 3 * n, sizeof **vector[k]));
    const double mean = state->space->total_moment / (double)state->mesh->nnodes_global;
    for (size_t i = 0; i < n; i++)
        min->weight[i] = state->space->moment[i] / mean;
out:
    code = weiss_agree(ctx, code);
    if (code == 0)
        code = weiss_metric_create(state, min->weight, &min->metric);
    if (code == 0)
        code = weiss_lbfgs_create(ctx, 3 * n, &min->memory);
    if (code != 0)
        weiss_minimiser_destroy(min);
    else
        *out = min;
    return code;
}

void weiss_minimiser_destroy(weiss_minimiser *min)
{
    if (min == NULL)
        return;
    weiss_metric_destroy(min->metric);
    weiss_lbfgs_destroy(&min->memory);
    free(min->weight);
    free(min->H);
    free(min->gradient);
    free(min->energies);
    free(min->direction);
    free(min->old_m);
    free(min->old_gradient);
    free(min);
}

/** Field, energy, gradient and torque at the present state. */
static int evaluate(weiss_minimiser *min)
{
    const weiss_state *state = min->state;
    const weiss_point at = {.time = state->stage_time, .m = state->m};
    min->evaluations++;
    WEISS_TRY(weiss_effective_evaluate(state->effective, &at, min->H, min->energies));
    min->energy = 0;
    for (int t = 0; t < weiss_effective_count(state->effective); t++)
        min->energy += min->energies[t];
    for (size_t i = 0; i < min->nowned; i++) {
        const double *m = state->m + 3 * i, *H = min->H + 3 * i;
        double along = weiss_dot3(m, H);
        for (int k = 0; k < 3; k++)
            min->gradient[3 * i + (size_t)k] = -min->weight[i] * (H[k] - along * m[k]);
    }
    return weiss_state_torque(state, min->H, &min->max_torque);
}

int weiss_minimiser_start(weiss_minimiser *min)
{
    min->memory.count = 0;
    min->stuck = false;
    return evaluate(min);
}

/** direction = -(approximate inverse Hessian) gradient; returns the slope along it, < 0 for descent. */
static double find_direction(weiss_minimiser *min)
{
    const weiss_state *state = min->state;
    const size_t length = 3 * min->nowned;
    double coefficient[WEISS_LBFGS_PAIRS], *d = min->direction,
                                           *q = min->old_gradient; /* room until the step */
    memcpy(q, min->gradient, length * sizeof *q);
    weiss_lbfgs_begin(&min->memory, q, coefficient);
    weiss_metric_solve(min->metric, state->m, min->H, q, d);
    weiss_lbfgs_end(&min->memory, d, coefficient);
    for (size_t i = 0; i < min->nowned; i++) {
        double along = weiss_dot3(d + 3 * i, state->m + 3 * i);
        for (int k = 0; k < 3; k++)
            d[3 * i + (size_t)k] = along * state->m[3 * i + (size_t)k] - d[3 * i + (size_t)k];
    }
    return weiss_lbfgs_dot(&min->memory, min->gradient, d);
}

/** Shortens the direction so that no moment turns further than allowed; returns the factor. Collective. */
static double limit_rotation(weiss_minimiser *min)
{
    double largest = 0;
    for (size_t i = 0; i < min->nowned; i++)
        largest = fmax(largest, weiss_dot3(min->direction + 3 * i, min->direction + 3 * i));
    largest = sqrt(largest);
    if (MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, weiss_comm(min->state->ctx)) !=
            MPI_SUCCESS ||
        !(largest > min->max_rotation))
        return 1;
    double factor = min->max_rotation / largest;
    for (size_t i = 0; i < 3 * min->nowned; i++)
        min->direction[i] *= factor;
    return factor;
}

/** Moves m from old_m along the geodesic of @p length times direction. */
static int move(weiss_minimiser *min, double length)
{
    weiss_state *state = min->state;
    for (size_t i = 0; i < min->nowned; i++) {
        const double *d = min->direction + 3 * i, *from = min->old_m + 3 * i;
        double *m = state->m + 3 * i, speed = sqrt(weiss_dot3(d, d)), angle = length * speed;
        double c = cos(angle), s = speed > 0 ? sin(angle) / speed : 0;
        for (int k = 0; k < 3; k++)
            m[k] = c * from[k] + s * d[k];
        weiss_normalise3(m);
    }
    return weiss_halo_update(state->mesh, 3, state->m);
}

/** Parallel transport of the tangent vectors @p v along the step just made. */
static void transport(const weiss_minimiser *min, double length, double *v)
{
    for (size_t i = 0; i < min->nowned; i++) {
        const double *d = min->direction + 3 * i, *from = min->old_m + 3 * i;
        double *x = v + 3 * i, speed = sqrt(weiss_dot3(d, d)), angle = length * speed;
        if (!(speed > 0))
            continue;
        double along = weiss_dot3(x, d) / speed, c = along * (cos(angle) - 1) / speed, s = along * sin(angle);
        for (int k = 0; k < 3; k++)
            x[k] += c * d[k] - s * from[k];
    }
}

/** Slope of the energy at the end of the step: gradient there times the transported direction. Collective. */
static double slope_at_end(const weiss_minimiser *min, double length)
{
    double sum = 0;
    for (size_t i = 0; i < min->nowned; i++) {
        const double *d = min->direction + 3 * i, *from = min->old_m + 3 * i, *g = min->gradient + 3 * i;
        double speed = sqrt(weiss_dot3(d, d)), angle = length * speed;
        sum += cos(angle) * weiss_dot3(g, d) - speed * sin(angle) * weiss_dot3(g, from);
    }
    if (MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, weiss_comm(min->state->ctx)) != MPI_SUCCESS)
        return NAN;
    return sum;
}

/** Takes the step of @p length into the memory: step, change of the gradient, and everything older carried
 * along. */
static void remember(weiss_minimiser *min, double length)
{
    weiss_lbfgs *memory = &min->memory;
    double *change = min->old_gradient, *step = min->old_m;
    for (int back = 0; back < memory->count; back++) {
        int k = (memory->newest - back + WEISS_LBFGS_PAIRS) % WEISS_LBFGS_PAIRS;
        transport(min, length, memory->step[k]);
        transport(min, length, memory->change[k]);
    }
    transport(min, length, change);
    transport(min, length, min->direction);
    for (size_t i = 0; i < 3 * min->nowned; i++) {
        change[i] = min->gradient[i] - change[i];
        step[i] = length * min->direction[i];
    }
    weiss_metric_learn(min->metric, step, weiss_lbfgs_remember(memory, step, change));
}

/** Goes along the direction, shorter while that is too far. @p length gets 0 when nothing was found. */
static int search(weiss_minimiser *min, double slope, double *length)
{
    *length = 1;
    for (int attempt = 0; attempt <= SHORTER_TRIES; attempt++) {
        WEISS_TRY(move(min, *length));
        WEISS_TRY(evaluate(min));
        double end = slope_at_end(min, *length);
        if (end <= -LARGEST_RISE * slope)
            return 0;
        min->shortened++;
        double secant = slope / (slope - end);
        *length *= isfinite(secant) ? fmin(0.5, fmax(0.1, secant)) : 0.1;
    }
    *length = 0;
    WEISS_TRY(move(min, 0));
    return evaluate(min);
}

int weiss_minimiser_step(weiss_minimiser *min)
{
    const size_t bytes = 3 * min->nowned * sizeof(double);
    double length = 0;
    min->stuck = false;
    for (;;) {
        bool plain = min->memory.count == 0;
        double slope = find_direction(min);
        if (slope < 0) {
            slope *= limit_rotation(min);
            memcpy(min->old_m, min->state->m, bytes);
            memcpy(min->old_gradient, min->gradient, bytes);
            WEISS_TRY(search(min, slope, &length));
        }
        if (length > 0)
            break;
        min->memory.count = 0;
        if (plain) {
            min->stuck = true;
            return 0;
        }
    }
    remember(min, length);
    return 0;
}
