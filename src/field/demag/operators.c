#include "field/demag/operators.h"

#include <math.h>
#include <stdlib.h>

/* Position in the arrays of the entry (i, j); both share an element. */
static int64_t place(const weiss_csr *k, weiss_lidx i, weiss_lidx j)
{
    return weiss_csr_entry(k, i, j) - k->value;
}

/* Fills K and C, and in @p reverse C_ji at the place of C_ij. */
static void assemble(weiss_potential_operators *o, double *reverse)
{
    const weiss_mesh *mesh = o->space->mesh;
    for (weiss_lidx e = 0; e < mesh->ntets; e++) {
        double g[4][3], volume = weiss_mesh_gradients(mesh, e, g);
        double weight = weiss_space_material(o->space, mesh->tet_region[e])->Ms * volume / 4;
        const weiss_lidx *node = mesh->tet + 4 * (size_t)e;
        for (int a = 0; a < 4; a++) {
            if (node[a] >= mesh->nowned)
                continue;
            for (int b = 0; b < 4; b++) {
                int64_t at = place(&o->stiffness, node[a], node[b]);
                for (int d = 0; d < 3; d++) {
                    o->stiffness.value[at] += volume * g[a][d] * g[b][d];
                    o->source.value[3 * at + d] += weight * g[a][d];
                    reverse[3 * at + d] += weight * g[b][d];
                }
            }
        }
    }
}

/* Keeps the entries of C_ij + C_ji that are more than rounding. */
static int keep_extra(weiss_potential_operators *o, const double *reverse)
{
    const weiss_csr *k = &o->stiffness;
    weiss_context *ctx = o->space->ctx;
    int64_t entries = k->row_begin[k->nrows], count = 0;
    double largest = 0;
    for (int64_t i = 0; i < 3 * entries; i++)
        largest = fmax(largest, fabs(reverse[i]));
    for (int pass = 0; pass < 2; pass++) {
        count = 0;
        for (weiss_lidx i = 0; i < k->nrows; i++) {
            for (int64_t at = k->row_begin[i]; at < k->row_begin[i + 1]; at++) {
                double sum[3], size = 0;
                for (int d = 0; d < 3; d++) {
                    sum[d] = o->source.value[3 * at + d] + reverse[3 * at + d];
                    size = fmax(size, fabs(sum[d]));
                }
                if (size <= 1e-13 * largest)
                    continue;
                if (pass == 1) {
                    o->extra.column[count] = k->column[at];
                    for (int d = 0; d < 3; d++)
                        o->extra.value[3 * count + d] = sum[d];
                }
                count++;
            }
            if (pass == 1)
                o->extra.begin[i + 1] = count;
        }
        if (pass == 0) {
            WEISS_TRY(WEISS_NEW(ctx, o->extra.column, count));
            WEISS_TRY(WEISS_NEW(ctx, o->extra.value, 3 * count));
        }
    }
    return 0;
}

int weiss_potential_operators_create(const weiss_space *space, weiss_potential_operators **out)
{
    weiss_context *ctx = space->ctx;
    weiss_potential_operators *o = NULL;
    double *reverse = NULL;
    int code;
    *out = NULL;
    WEISS_TRY(WEISS_NEW(ctx, o, 1));
    o->space = space;
    WEISS_TRY_OUT(code, weiss_csr_create(space->mesh, &o->stiffness));
    int64_t entries = o->stiffness.row_begin[o->stiffness.nrows];
    o->source.begin = o->stiffness.row_begin;
    o->source.column = o->stiffness.column;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, o->source.value, 3 * entries));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, o->extra.begin, space->mesh->nowned + 1));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, reverse, 3 * entries));
    assemble(o, reverse);
    WEISS_TRY_OUT(code, keep_extra(o, reverse));
    *out = o;
    o = NULL;
out:
    free(reverse);
    weiss_potential_operators_destroy(o);
    return code;
}

void weiss_potential_operators_destroy(weiss_potential_operators *o)
{
    if (!o)
        return;
    weiss_csr_destroy(&o->stiffness);
    free(o->source.value);
    free(o->extra.begin);
    free(o->extra.column);
    free(o->extra.value);
    free(o);
}

void weiss_potential_source(const weiss_potential_operators *o, const double *m, double *b)
{
    const weiss_vector_rows *c = &o->source;
    for (weiss_lidx i = 0; i < o->stiffness.nrows; i++) {
        double sum = 0;
        for (int64_t at = c->begin[i]; at < c->begin[i + 1]; at++) {
            const double *v = c->value + 3 * at, *w = m + 3 * (size_t)c->column[at];
            sum += v[0] * w[0] + v[1] * w[1] + v[2] * w[2];
        }
        b[i] = sum;
    }
}

/* Adds factor * sum_j (rows)_ij u_j to sum. */
static void add_row(const weiss_vector_rows *rows, weiss_lidx i, double factor, const double *u,
                    double sum[3])
{
    double x = 0, y = 0, z = 0;
    for (int64_t at = rows->begin[i]; at < rows->begin[i + 1]; at++) {
        const double *v = rows->value + 3 * at, w = u[rows->column[at]];
        x += v[0] * w;
        y += v[1] * w;
        z += v[2] * w;
    }
    sum[0] += factor * x;
    sum[1] += factor * y;
    sum[2] += factor * z;
}

double weiss_potential_field(const weiss_potential_operators *o, const double *u, const double *m,
                             double *field)
{
    double work = 0;
    for (weiss_lidx i = 0; i < o->stiffness.nrows; i++) {
        double sum[3] = {0, 0, 0}, scale = 1 / o->space->moment[i];
        add_row(&o->source, i, 1, u, sum);
        add_row(&o->extra, i, -1, u, sum);
        for (int d = 0; d < 3; d++) {
            field[3 * (size_t)i + (size_t)d] += scale * sum[d];
            work += m[3 * (size_t)i + (size_t)d] * sum[d];
        }
    }
    return work;
}
