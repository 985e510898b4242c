#include "body.h"

#include "mesh/grid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_KEYS 64

/* Appends a table of keys that ends with a NULL name to another. */
static int append(weiss_context *ctx, weiss_key *to, const weiss_key *keys, size_t count)
{
    size_t n = 0;
    while (to[n].name)
        n++;
    if (n + count >= MOST_KEYS)
        return weiss_fail(ctx, WEISS_ERR_INTERNAL, "more than %d keys", MOST_KEYS);
    for (size_t k = 0; k < count; k++)
        to[n + k] = keys[k];
    return 0;
}

static int parse(weiss_context *ctx, const test_body_spec *spec, weiss_problem **out)
{
    static const weiss_key flag[] = {{.name = "test", .kind = WEISS_KIND_FLAG, .alternative = true},
                                     {.name = NULL}};
    static const weiss_key stage_members[] = {{.name = "flag", .kind = WEISS_KIND_FLAG}, {.name = NULL}};
    static const weiss_key stage[] = {{.name = "test",
                                       .kind = WEISS_KIND_MAP,
                                       .alternative = true,
                                       .members = stage_members,
                                       .bare = "flag"},
                                      {.name = NULL}};
    static const char rest[] = "mesh: {test: yes}\ninitial: {test: yes}\nstages: [{test: yes}]\n";
    weiss_key materials[MOST_KEYS] = {{.name = NULL}}, sections[MOST_KEYS] = {{.name = NULL}};
    for (const weiss_term_class *const *t = spec->terms ? spec->terms : weiss_term_table; *t; t++) {
        size_t n = 0;
        while ((*t)->material_keys && (*t)->material_keys[n].name)
            n++;
        WEISS_TRY(append(ctx, materials, (*t)->material_keys, n));
        WEISS_TRY(append(ctx, sections, (*t)->section, (*t)->section != NULL));
    }
    const weiss_schema_parts parts = {
        .mesh = flag, .material = materials, .sections = sections, .initial = flag, .stages = stage};
    char *text = NULL;
    WEISS_TRY(weiss_alloc(ctx, &text, strlen(rest) + strlen(spec->text) + 1, 1));
    strcpy(stpcpy(text, spec->text), rest);
    int code = weiss_problem_parse(ctx, "test.yaml", text, strlen(text), &parts, out);
    free(text);
    return code;
}

int test_body_create(weiss_context *ctx, const test_body_spec *spec, test_body *body)
{
    weiss_tetmesh *whole = NULL;
    int code = 0;
    *body = (test_body){.ctx = ctx};
    if (weiss_rank(ctx) == 0)
        code = weiss_tetmesh_grid(ctx, spec->size, spec->cells, spec->cut, spec->ncuts, &whole);
    if (whole && spec->change)
        spec->change(whole);
    WEISS_TRY_OUT(code, weiss_agree(ctx, code));
    WEISS_TRY_OUT(code, weiss_mesh_distribute(ctx, whole, &body->mesh));
    WEISS_TRY_OUT(code, parse(ctx, spec, &body->problem));
    WEISS_TRY_OUT(code, weiss_space_create(body->problem, body->mesh, &body->space));
out:
    weiss_tetmesh_destroy(whole);
    if (code != 0)
        test_body_destroy(body);
    return code;
}

void test_body_destroy(test_body *body)
{
    weiss_space_destroy(body->space);
    weiss_problem_destroy(body->problem);
    weiss_mesh_destroy(body->mesh);
    *body = (test_body){.ctx = NULL};
}

/* Steele, Lea and Flood's SplitMix64. */
double test_random(uint64_t seed, uint64_t number)
{
    uint64_t z = (seed << 40) + (number + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-52 - 1;
}

int test_random_directions(const test_body *body, uint64_t seed, double *m)
{
    for (weiss_lidx i = 0; i < body->mesh->nowned; i++) {
        double *mi = m + 3 * (size_t)i, length = 0;
        for (uint64_t k = 0; k < 3; k++) {
            mi[k] = test_random(seed, 3 * (uint64_t)body->mesh->original[i] + k) + (k == 2 ? 1e-3 : 0);
            length += mi[k] * mi[k];
        }
        for (int k = 0; k < 3; k++)
            mi[k] /= sqrt(length);
    }
    return weiss_halo_update(body->mesh, 3, m);
}
