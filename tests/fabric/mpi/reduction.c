/* Collectives that compute. Every rank contributes small numbers, so that all types hold every result exactly; the result
 * is computed here once more, one rank after another. Two operators are the program's own: the product of 2 x 2 matrices
 * does not commute, and its items have a gap. */
#include "operation.h"

#include <stdlib.h>
#include <string.h>

enum { REDUCE, ALLREDUCE, SCAN, EXSCAN, REDUCE_SCATTER, REDUCE_SCATTER_BLOCK };

/* An item before it is written as its type: a number, a number and a place, or a matrix. */
typedef struct value {
    int64_t v[4];
} value;

#define MODULUS 10007
typedef struct matrix {
    uint32_t a[4];
    uint32_t gap;
} matrix;
typedef struct double_int {
    double x;
    int i;
} double_int;

enum form { CHAR, SHORT, INT, UNSIGNED, LONG, FLOAT, DOUBLE, TWO_INTS, DOUBLE_INT, MATRIX, NFORMS };
static MPI_Datatype form_type[NFORMS] = {MPI_SIGNED_CHAR, MPI_SHORT,        MPI_INT,    MPI_UNSIGNED,
                                         MPI_INT64_T,     MPI_FLOAT,        MPI_DOUBLE, MPI_2INT,
                                         MPI_DOUBLE_INT,  MPI_DATATYPE_NULL};
static const size_t form_bytes[NFORMS] = {1, 2, 4, 4, 8, 4, 8, 8, sizeof(double_int), sizeof(matrix)};

static value matrix_product(value a, value b)
{
    return (value){
        {(a.v[0] * b.v[0] + a.v[1] * b.v[2]) % MODULUS, (a.v[0] * b.v[1] + a.v[1] * b.v[3]) % MODULUS,
         (a.v[2] * b.v[0] + a.v[3] * b.v[2]) % MODULUS, (a.v[2] * b.v[1] + a.v[3] * b.v[3]) % MODULUS}};
}

static value matrix_sum(value a, value b)
{
    for (int k = 0; k < 4; k++)
        a.v[k] = (a.v[k] + b.v[k]) % MODULUS;
    return a;
}

static value matrix_value(const matrix *m)
{
    return (value){{m->a[0], m->a[1], m->a[2], m->a[3]}};
}

static void apply(void *in, void *inout, const int *n, value (*combine)(value, value))
{
    const matrix *a = in;
    matrix *b = inout;
    for (int i = 0; i < *n; i++) {
        value result = combine(matrix_value(&a[i]), matrix_value(&b[i]));
        for (int k = 0; k < 4; k++)
            b[i].a[k] = (uint32_t)result.v[k];
    }
}

static void multiply_matrices(void *in, void *inout, int *n, MPI_Datatype *type)
{
    (void)type;
    apply(in, inout, n, matrix_product);
}

static void add_matrices(void *in, void *inout, int *n, MPI_Datatype *type)
{
    (void)type;
    apply(in, inout, n, matrix_sum);
}

#define SCALAR(name, expression)                                                                             \
    static value name(value x, value y)                                                                      \
    {                                                                                                        \
        int64_t a = x.v[0], b = y.v[0];                                                                      \
        return (value){{expression}};                                                                        \
    }
SCALAR(op_sum, a + b)
SCALAR(op_prod, a *b)
SCALAR(op_min, a < b ? a : b)
SCALAR(op_max, a > b ? a : b)
SCALAR(op_land, a &&b)
SCALAR(op_lor, a || b)
SCALAR(op_lxor, !a != !b)
SCALAR(op_band, a &b)
SCALAR(op_bor, a | b)
SCALAR(op_bxor, a ^ b)

/* Of equal values, the lower place. */
static value op_minloc(value a, value b)
{
    return a.v[0] < b.v[0] || (a.v[0] == b.v[0] && a.v[1] < b.v[1]) ? a : b;
}

static value op_maxloc(value a, value b)
{
    return a.v[0] > b.v[0] || (a.v[0] == b.v[0] && a.v[1] < b.v[1]) ? a : b;
}

static struct operator
{
    MPI_Op op;
    value (*combine)(value, value);
    enum form first, last; /* the types it is for */
    int low, high; /* what the ranks contribute */
}
operators[] = {
    {MPI_SUM, op_sum, CHAR, DOUBLE, -7, 7},
    {MPI_PROD, op_prod, INT, DOUBLE, -2, -1},
    {MPI_MIN, op_min, CHAR, DOUBLE, -100, 100},
    {MPI_MAX, op_max, CHAR, DOUBLE, -100, 100},
    {MPI_LAND, op_land, CHAR, LONG, 0, 1},
    {MPI_LOR, op_lor, CHAR, LONG, 0, 1},
    {MPI_LXOR, op_lxor, CHAR, LONG, 0, 1},
    {MPI_BAND, op_band, CHAR, LONG, 0, 127},
    {MPI_BOR, op_bor, CHAR, LONG, 0, 127},
    {MPI_BXOR, op_bxor, CHAR, LONG, 0, 127},
    {MPI_MINLOC, op_minloc, TWO_INTS, DOUBLE_INT, 0, 3},
    {MPI_MAXLOC, op_maxloc, TWO_INTS, DOUBLE_INT, 0, 3},
    {MPI_OP_NULL, matrix_product, MATRIX, MATRIX, 0, MODULUS - 1},
    {MPI_OP_NULL, matrix_sum, MATRIX, MATRIX, 0, MODULUS - 1},
};
enum { NOPERATORS = sizeof operators / sizeof *operators };

void test_reductions_begin(void)
{
    MPI_Datatype numbers;
    MPI_Type_contiguous(4, MPI_UINT32_T, &numbers);
    MPI_Type_create_resized(numbers, 0, sizeof(matrix), &form_type[MATRIX]);
    MPI_Type_commit(&form_type[MATRIX]);
    MPI_Type_free(&numbers);
    MPI_Op_create(multiply_matrices, 0, &operators[NOPERATORS - 2].op);
    MPI_Op_create(add_matrices, 1, &operators[NOPERATORS - 1].op);
}

void test_reductions_end(void)
{
    MPI_Type_free(&form_type[MATRIX]);
    MPI_Op_free(&operators[NOPERATORS - 2].op);
    MPI_Op_free(&operators[NOPERATORS - 1].op);
}

static value contribution(const struct operator* o, enum form form, uint64_t number, int rank, int i)
{
    uint64_t seed = test_seed(number, (uint64_t)rank, 77);
    int low = form == UNSIGNED && o->high > 0 && o->low < 0 ? 0 : o->low;
    value result;
    for (int k = 0; k < (form == MATRIX ? 4 : 1); k++)
        result.v[k] =
            low + (int64_t)test_random(seed, 4 * (uint64_t)i + (uint64_t)k, (uint64_t)(o->high - low) + 1);
    if (form == TWO_INTS || form == DOUBLE_INT)
        result.v[1] = (rank * 7 + i) % 50;
    return result;
}

/* Writes item i; leaves gaps as they are. */
static void write_item(enum form form, void *buffer, int i, value item)
{
    int64_t v = item.v[0];
    unsigned char *at = (unsigned char *)buffer + (size_t)i * form_bytes[form];
#define AS(type)                                                                                             \
    do {                                                                                                     \
        type x = (type)v;                                                                                    \
        memcpy(at, &x, sizeof x);                                                                            \
    } while (0)
    switch (form) {
    case CHAR:
        AS(signed char);
        break;
    case SHORT:
        AS(short);
        break;
    case INT:
        AS(int);
        break;
    case UNSIGNED:
        AS(unsigned);
        break;
    case LONG:
        AS(int64_t);
        break;
    case FLOAT:
        AS(float);
        break;
    case DOUBLE:
        AS(double);
        break;
    case TWO_INTS:
        AS(int);
        ((int *)(void *)at)[1] = (int)item.v[1];
        break;
    case DOUBLE_INT:
        AS(double);
        ((double_int *)(void *)at)->i = (int)item.v[1];
        break;
    default:
        for (int k = 0; k < 4; k++)
            ((matrix *)(void *)at)->a[k] = (uint32_t)item.v[k];
    }
#undef AS
}

/* Items first .. first + n - 1 of the ranks below nranks, combined. */
static void write_result(const test_operation *op, const struct operator* o, enum form form, int nranks,
                         int first, int n)
{
    for (int i = 0; i < n; i++) {
        value result = contribution(o, form, op->number, 0, first + i);
        for (int r = 1; r < nranks; r++)
            result = o->combine(result, contribution(o, form, op->number, r, first + i));
        write_item(form, op->expected, i, result);
    }
}

static void prepare(const test_kind *kind, test_operation *op)
{
    const struct operator* o = & operators[test_random(op->number, 4, NOPERATORS)];
    enum form form = o->first + (enum form)test_random(op->number, 5, (uint64_t)(o->last - o->first) + 1);
    bool scatters = kind->shape >= REDUCE_SCATTER, is_root = kind->shape != REDUCE || op->rank == op->root;
    int first = 0, total = 0, mine;
    for (int r = 0; r < op->size; r++) {
        op->rcounts[r] = kind->shape != REDUCE_SCATTER
                             ? op->count
                             : (int)test_random(op->number, 10 + (uint64_t)r, 2 * (uint64_t)op->count + 1);
        first += r < op->rank ? op->rcounts[r] : 0;
        total += op->rcounts[r];
    }
    mine = op->rcounts[op->rank];
    if (!scatters) {
        first = 0;
        total = op->count;
    }
    op->op = o->op;
    op->type = form_type[form];
    op->send_bytes = (size_t)total * form_bytes[form];
    op->receive_bytes = (size_t)(op->in_place ? total : mine) * form_bytes[form];
    op->from = op->send = test_buffer(op->send_bytes);
    for (int i = 0; i < total; i++)
        write_item(form, op->send, i, contribution(o, form, op->number, op->rank, i));
    if (!is_root)
        return;
    op->to = op->receive = test_buffer(op->receive_bytes);
    op->expected = test_buffer(op->receive_bytes);
    if (op->in_place) {
        memcpy(op->receive, op->send, op->send_bytes);
        op->from = MPI_IN_PLACE;
    }
    if (kind->shape == EXSCAN && op->rank == 0)
        return; /* nothing is promised there */
    /* What lies behind the result of an in-place reduce_scatter is not defined. */
    op->checked_bytes =
        scatters && op->in_place ? (size_t)mine * form_bytes[form] : op->receive_bytes + TEST_GUARD;
    write_result(op, o, form,
                 kind->shape == SCAN     ? op->rank + 1
                 : kind->shape == EXSCAN ? op->rank
                                         : op->size,
                 first, mine);
}

static void start_reduce(test_operation *op)
{
    TEST_START(op, Reduce, reduce, op->from, op->to, op->count, op->type, op->op, op->root, op->comm);
}

static void start_allreduce(test_operation *op)
{
    TEST_START(op, Allreduce, allreduce, op->from, op->to, op->count, op->type, op->op, op->comm);
}

static void start_scan(test_operation *op)
{
    TEST_START(op, Scan, scan, op->from, op->to, op->count, op->type, op->op, op->comm);
}

static void start_exscan(test_operation *op)
{
    TEST_START(op, Exscan, exscan, op->from, op->to, op->count, op->type, op->op, op->comm);
}

static void start_reduce_scatter(test_operation *op)
{
    TEST_START(op, Reduce_scatter, reduce_scatter, op->from, op->to, op->rcounts, op->type, op->op, op->comm);
}

static void start_reduce_scatter_block(test_operation *op)
{
    TEST_START(op, Reduce_scatter_block, reduce_scatter_block, op->from, op->to, op->count, op->type, op->op,
               op->comm);
}

const test_kind test_reductions[] = {
    {"reduce", prepare, start_reduce, REDUCE, true},
    {"allreduce", prepare, start_allreduce, ALLREDUCE, true},
    {"scan", prepare, start_scan, SCAN, true},
    {"exscan", prepare, start_exscan, EXSCAN, true},
    {"reduce_scatter", prepare, start_reduce_scatter, REDUCE_SCATTER, true},
    {"reduce_scatter_block", prepare, start_reduce_scatter_block, REDUCE_SCATTER_BLOCK, true},
};
const int test_nreductions = sizeof test_reductions / sizeof *test_reductions;
