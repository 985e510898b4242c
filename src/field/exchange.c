/* Exchange: E = sum_e A_e V_e |grad m|^2 over the elements e, each with the constant A of its material, so that m is
 * continuous across an interface and its conormal derivative A dm/dn is, too.
 *
 * With the gradients g of the hat functions, E = sum_ij K_ij m_i . m_j, K_ij = sum_e A_e V_e g_i . g_j, and so
 * H_i = sum_j C_ij m_j with C_ij = -2 K_ij / (mu0 moment_i). The field is linear: C is the Jacobian as well. */
#include "field/csr.h"

#include <stdlib.h>

typedef struct exchange {
    const weiss_space *space; /* borrowed */
    weiss_csr coupling; /* C, 1/(mu0 moment) included */
} exchange;

static const weiss_key material_keys[] = {
    {.name = "A",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_EXCHANGE,
     .min = 0,
     .max = 1e-8,
     .help = "Exchange constant; without it there is no exchange in the material",
     .example = "13e-12 J/m"},
    {.name = NULL},
};

static double exchange_constant(const weiss_material *material)
{
    return weiss_value_get(material->values, "A") ? weiss_value_number(material->values, "A") : 0;
}

static void assemble(exchange *x)
{
    const weiss_mesh *mesh = x->space->mesh;
    for (weiss_lidx e = 0; e < mesh->ntets; e++) {
        double g[4][3], volume = weiss_mesh_gradients(mesh, e, g);
        double A = exchange_constant(weiss_space_material(x->space, mesh->tet_region[e]));
        const weiss_lidx *node = mesh->tet + 4 * (size_t)e;
        for (int a = 0; a < 4; a++) {
            if (node[a] >= mesh->nowned)
                continue;
            double factor = -2 * A * volume / (WEISS_MU0 * x->space->moment[node[a]]);
            for (int b = 0; b < 4; b++)
                *weiss_csr_entry(&x->coupling, node[a], node[b]) +=
                    factor * (g[a][0] * g[b][0] + g[a][1] * g[b][1] + g[a][2] * g[b][2]);
        }
    }
}

static void destroy(void *data)
{
    exchange *x = data;
    if (!x)
        return;
    weiss_csr_destroy(&x->coupling);
    free(x);
}

static int create(const weiss_space *space, const weiss_value *section, void **data)
{
    (void)section;
    *data = NULL;
    bool wanted = false;
    for (int k = 0; k < space->problem->nmaterials; k++)
        wanted |= exchange_constant(&space->problem->materials[k]) > 0;
    if (!wanted)
        return 0;
    exchange *x = NULL;
    int code = weiss_alloc(space->ctx, &x, 1, sizeof *x);
    if (code == 0) {
        x->space = space;
        code = weiss_csr_create(space->mesh, &x->coupling);
    }
    code = weiss_agree(space->ctx, code);
    if (code != 0) {
        destroy(x);
        return code;
    }
    assemble(x);
    *data = x;
    return 0;
}

static int evaluate(void *data, const weiss_point *at, double *field, double *energy)
{
    const exchange *x = data;
    if (energy)
        *energy -= 0.5 * WEISS_MU0 * weiss_csr_multiply_dot(&x->coupling, at->m, x->space->moment, field);
    else
        weiss_csr_multiply(&x->coupling, at->m, field);
    return 0;
}

static int product(void *data, const weiss_point *at, const double *v, double *out)
{
    (void)at;
    const exchange *x = data;
    weiss_csr_multiply(&x->coupling, v, out);
    return 0;
}

static const weiss_csr *coupling(void *data)
{
    return &((exchange *)data)->coupling;
}

const weiss_term_class weiss_exchange_term = {
    .name = "exchange",
    .help = "Exchange, A |grad m|^2",
    .material_keys = material_keys,
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .product = product,
    .coupling = coupling,
};
