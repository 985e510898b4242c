/* The sum of the active terms. */
#include "field/effective.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A term that the problem asks for. */
typedef struct active_term {
    const weiss_term_class *class;
    void *data;
    const weiss_value *section; /* the problem's own; borrowed */
    double seconds;
} active_term;

struct weiss_effective {
    weiss_context *ctx;
    weiss_lidx nowned;
    const weiss_term_class *const *table;
    active_term *term;
    int nterms;
    int64_t evaluations;
};

int weiss_effective_create(const weiss_space *space, const weiss_term_class *const *table,
                           weiss_effective **out)
{
    weiss_effective *f = NULL;
    size_t n = 0;
    while (table[n])
        n++;
    int code = weiss_alloc(space->ctx, &f, 1, sizeof *f);
    if (code == 0) {
        *f = (weiss_effective){.ctx = space->ctx, .nowned = space->mesh->nowned, .table = table};
        code = WEISS_NEW(space->ctx, f->term, n);
    }
    *out = NULL;
    WEISS_TRY_OUT(code, weiss_agree(space->ctx, code));
    for (size_t i = 0; i < n; i++) {
        active_term t = {.class = table[i]};
        if (t.class->section)
            t.section = weiss_value_get(space->problem->root, t.class->section->name);
        WEISS_TRY_OUT(code, t.class->create(space, t.section, &t.data));
        if (t.data)
            f->term[f->nterms++] = t;
    }
    *out = f;
    return 0;
out:
    weiss_effective_destroy(f);
    return code;
}

void weiss_effective_destroy(weiss_effective *effective)
{
    if (!effective)
        return;
    for (int i = 0; i < effective->nterms; i++)
        effective->term[i].class->destroy(effective->term[i].data);
    free(effective->term);
    free(effective);
}

int weiss_effective_count(const weiss_effective *effective)
{
    return effective->nterms;
}

const weiss_term_class *weiss_effective_class(const weiss_effective *effective, int i)
{
    return effective->term[i].class;
}

static void zero(double *x, int per_node, weiss_lidx nodes)
{
    memset(x, 0, (size_t)per_node * (size_t)nodes * sizeof *x);
}

static int evaluate_term(active_term *term, const weiss_point *at, double *field, double *energy)
{
    double begin = MPI_Wtime();
    int code = term->class->evaluate(term->data, at, field, energy);
    term->seconds += MPI_Wtime() - begin;
    return code;
}

static int sum_energies(weiss_effective *f, double *energy, int count)
{
    if (MPI_Allreduce(MPI_IN_PLACE, energy, count, MPI_DOUBLE, MPI_SUM, weiss_comm(f->ctx)) != MPI_SUCCESS)
        return weiss_fail(f->ctx, WEISS_ERR_MPI, "the energies of the ranks could not be summed");
    return 0;
}

int weiss_effective_evaluate(weiss_effective *effective, const weiss_point *at, double *field, double *energy)
{
    zero(field, 3, effective->nowned);
    effective->evaluations++;
    for (int i = 0; i < effective->nterms; i++) {
        if (energy)
            energy[i] = 0;
        WEISS_TRY(evaluate_term(&effective->term[i], at, field, energy ? &energy[i] : NULL));
    }
    return energy ? sum_energies(effective, energy, effective->nterms) : 0;
}

int weiss_effective_evaluate_term(weiss_effective *effective, const char *name, const weiss_point *at,
                                  double *field, double *energy)
{
    zero(field, 3, effective->nowned);
    if (energy)
        *energy = 0;
    for (int i = 0; i < effective->nterms; i++)
        if (strcmp(effective->term[i].class->name, name) == 0) {
            WEISS_TRY(evaluate_term(&effective->term[i], at, field, energy));
            return energy ? sum_energies(effective, energy, 1) : 0;
        }
    return 0;
}

int weiss_effective_product(weiss_effective *effective, const weiss_point *at, const double *v, double *out)
{
    zero(out, 3, effective->nowned);
    for (int i = 0; i < effective->nterms; i++)
        if (effective->term[i].class->product)
            WEISS_TRY(effective->term[i].class->product(effective->term[i].data, at, v, out));
    return 0;
}

int weiss_effective_diagonal(weiss_effective *effective, const weiss_point *at, double *blocks)
{
    zero(blocks, 9, effective->nowned);
    for (int i = 0; i < effective->nterms; i++)
        if (effective->term[i].class->diagonal)
            WEISS_TRY(effective->term[i].class->diagonal(effective->term[i].data, at, blocks));
    return 0;
}

const weiss_csr *weiss_effective_coupling(const weiss_effective *effective, int i)
{
    for (int k = 0; k < effective->nterms; k++)
        if (effective->term[k].class->coupling && i-- == 0)
            return effective->term[k].class->coupling(effective->term[k].data);
    return NULL;
}

/* The active term of that class, NULL when the problem does not ask for it. */
static active_term *find_term(weiss_effective *f, const weiss_term_class *class)
{
    for (int i = 0; i < f->nterms; i++)
        if (f->term[i].class == class)
            return &f->term[i];
    return NULL;
}

int weiss_effective_configure(weiss_effective *effective, const weiss_value *stage)
{
    const double none[3] = {0, 0, 0};
    for (const weiss_term_class *const *class = effective->table; *class; class ++) {
        if (!(*class)->section)
            continue;
        const char *key = (*class)->section->name;
        const weiss_value *override = weiss_value_given(stage, key) ? weiss_value_get(stage, key) : NULL;
        active_term *term = find_term(effective, *class);
        if (override && !term)
            return weiss_fail_at(
                effective->ctx, override,
                "the term \"%s\" is switched off in this problem, so that a stage cannot change it; "
                "give a top-level \"%s\" that switches it on",
                (*class)->name, key);
        if (override && !(*class)->configure)
            return weiss_fail_at(effective->ctx, override, "a stage cannot change the term \"%s\"",
                                 (*class)->name);
        if (term && (*class)->configure)
            WEISS_TRY((*class)->configure(term->data, override ? override : term->section));
    }
    return weiss_effective_set_uniform(effective, none);
}

int weiss_effective_set_uniform(weiss_effective *effective, const double field[3])
{
    bool taken = field[0] == 0 && field[1] == 0 && field[2] == 0;
    for (int i = 0; i < effective->nterms; i++)
        if (effective->term[i].class->set_uniform) {
            WEISS_TRY(effective->term[i].class->set_uniform(effective->term[i].data, field));
            taken = true;
        }
    return taken
               ? 0
               : weiss_fail(effective->ctx, WEISS_ERR_INTERNAL, "no term takes the uniform field of a stage");
}

double weiss_effective_longest_step(const weiss_effective *effective, double time)
{
    double step = INFINITY;
    for (int i = 0; i < effective->nterms; i++)
        if (effective->term[i].class->longest_step)
            step = fmin(step, effective->term[i].class->longest_step(effective->term[i].data, time));
    return step;
}

static int count_names(const weiss_term_class *class)
{
    int n = 0;
    while (class->columns && class->columns[n])
        n++;
    return n;
}

int weiss_effective_column_count(const weiss_effective *effective)
{
    int n = 0;
    for (int i = 0; i < effective->nterms; i++)
        n += count_names(effective->term[i].class);
    return n;
}

const char *weiss_effective_column_name(const weiss_effective *effective, int i)
{
    for (int k = 0; k < effective->nterms; k++) {
        int n = count_names(effective->term[k].class);
        if (i < n)
            return effective->term[k].class->columns[i];
        i -= n;
    }
    return NULL;
}

int weiss_effective_column_values(weiss_effective *effective, const weiss_point *at, double *values)
{
    for (int i = 0; i < effective->nterms; i++) {
        int n = count_names(effective->term[i].class);
        if (n > 0)
            WEISS_TRY(effective->term[i].class->column_values(effective->term[i].data, at, values));
        values += n;
    }
    return 0;
}

int64_t weiss_effective_evaluations(const weiss_effective *effective)
{
    return effective->evaluations;
}

double weiss_effective_seconds(const weiss_effective *effective, int i)
{
    return effective->term[i].seconds;
}

int weiss_effective_statistics(weiss_effective *effective, int i, weiss_statistic_fn fn, void *self)
{
    const active_term *term = &effective->term[i];
    return term->class->statistics ? term->class->statistics(term->data, fn, self) : 0;
}
