#include "evolve/lbfgs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Below this cosine between step and change the curvature counts as not positive. */
#define LEAST_COSINE 1e-4

int weiss_lbfgs_create(weiss_context *ctx, size_t length, weiss_lbfgs *out)
{
    int code;
    *out = (weiss_lbfgs){.ctx = ctx, .length = length};
    for (int k = 0; k < WEISS_LBFGS_PAIRS; k++) {
        WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->step[k], length));
        WEISS_TRY_OUT(code, WEISS_NEW(ctx, out->change[k], length));
    }
out:
    return weiss_agree(ctx, code);
}

void weiss_lbfgs_destroy(weiss_lbfgs *memory)
{
    for (int k = 0; k < WEISS_LBFGS_PAIRS; k++) {
        free(memory->step[k]);
        free(memory->change[k]);
    }
}

double weiss_lbfgs_dot(const weiss_lbfgs *memory, const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < memory->length; i++)
        sum += a[i] * b[i];
    if (MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, weiss_comm(memory->ctx)) != MPI_SUCCESS)
        return NAN;
    return sum;
}

double weiss_lbfgs_remember(weiss_lbfgs *memory, const double *step, const double *change)
{
    double product = weiss_lbfgs_dot(memory, step, change);
    double lengths = sqrt(weiss_lbfgs_dot(memory, step, step) * weiss_lbfgs_dot(memory, change, change));
    if (!(product > LEAST_COSINE * lengths)) {
        memory->count = 0;
        return product;
    }
    int k = (memory->newest + 1) % WEISS_LBFGS_PAIRS;
    memcpy(memory->step[k], step, memory->length * sizeof *step);
    memcpy(memory->change[k], change, memory->length * sizeof *change);
    memory->product[k] = product;
    memory->newest = k;
    if (memory->count < WEISS_LBFGS_PAIRS)
        memory->count++;
    return product;
}

static void add_multiple(size_t n, double factor, const double *restrict x, double *restrict y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += factor * x[i];
}

void weiss_lbfgs_begin(weiss_lbfgs *memory, double *q, double coefficient[WEISS_LBFGS_PAIRS])
{
    for (int back = 0; back < memory->count; back++) {
        int k = (memory->newest - back + WEISS_LBFGS_PAIRS) % WEISS_LBFGS_PAIRS;
        coefficient[k] = weiss_lbfgs_dot(memory, memory->step[k], q) / memory->product[k];
        add_multiple(memory->length, -coefficient[k], memory->change[k], q);
    }
}

void weiss_lbfgs_end(weiss_lbfgs *memory, double *q, const double coefficient[WEISS_LBFGS_PAIRS])
{
    for (int back = memory->count - 1; back >= 0; back--) {
        int k = (memory->newest - back + WEISS_LBFGS_PAIRS) % WEISS_LBFGS_PAIRS;
        double b = weiss_lbfgs_dot(memory, memory->change[k], q) / memory->product[k];
        add_multiple(memory->length, coefficient[k] - b, memory->step[k], q);
    }
}
