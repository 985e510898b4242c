/* A magnetic body for tests: a structured box with the materials of a problem text, distributed over the ranks. */
#ifndef WEISS_TESTS_SUPPORT_BODY_H
#define WEISS_TESTS_SUPPORT_BODY_H

#include "field/effective.h"

/** What to make. */
typedef struct test_body_spec {
    double size[3]; /**< m, centred at the origin */
    int64_t cells[3];
    const double *cut; /**< ncuts positions along x where the next region begins, from the low end (m) */
    size_t ncuts; /**< regions are 1 .. ncuts + 1 */
    const char *text; /**< YAML: `materials:`, `regions:` and sections of terms */
    void (*change)(
        weiss_tetmesh *mesh); /**< changes the box before it is distributed; rank 0; NULL: nothing */
    const weiss_term_class *const *terms; /**< whose keys the text may use; NULL: weiss_term_table */
} test_body_spec;

typedef struct test_body {
    weiss_context *ctx; /**< borrowed */
    weiss_problem *problem;
    weiss_mesh *mesh;
    weiss_space *space;
} test_body;

/** Collective. On failure @p body is empty and the context has the text. */
int test_body_create(weiss_context *ctx, const test_body_spec *spec, test_body *body);
void test_body_destroy(test_body *body);

/** A number in [-1, 1) that depends on its arguments only. */
double test_random(uint64_t seed, uint64_t number);
/** Random unit vectors (3 * nlocal) that depend on the seed and the node's original number, not on the ranks.
 *  Collective. */
int test_random_directions(const test_body *body, uint64_t seed, double *m);

#endif
