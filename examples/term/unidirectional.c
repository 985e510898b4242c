/* Unidirectional anisotropy, the simplest picture of exchange bias: e = -K m . u. It shifts a hysteresis loop along u by
 * K / (mu0 Ms). docs/adding-a-term.md walks through this file. */
#include "field/local.h"

typedef struct unidirectional {
    double K; /* J/m^3 */
    double u[3];
} unidirectional;

static const weiss_key members[] = {
    {.name = "K",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_ENERGY_DENSITY,
     .required = true,
     .help = "Constant"},
    {.name = "direction", .kind = WEISS_KIND_DIRECTION, .required = true, .help = "Preferred direction"},
    {.name = NULL}};

static const weiss_key material_keys[] = {
    {.name = "unidirectional", .kind = WEISS_KIND_MAP, .members = members, .help = "Exchange bias, -K m . u"},
    {.name = NULL}};

static int read(weiss_context *ctx, const weiss_material *material, void *constants, bool *present)
{
    (void)ctx;
    unidirectional *c = constants;
    const weiss_value *map = weiss_value_get(material->values, "unidirectional");
    *present = map != NULL;
    for (int k = 0; map && k < 3; k++)
        c->u[k] = weiss_value_vector(map, "direction")[k];
    c->K = map ? weiss_value_number(map, "K") : 0;
    return 0;
}

static double density(const void *constants, const double m[3], double gradient[3])
{
    const unidirectional *c = constants;
    for (int k = 0; k < 3; k++)
        gradient[k] = -c->K * c->u[k];
    return gradient[0] * m[0] + gradient[1] * m[1] + gradient[2] * m[2];
}

static const weiss_local_law law = {.size = sizeof(unidirectional), .read = read, .density = density};

static int create(const weiss_space *space, const weiss_value *section, void **data)
{
    (void)section;
    return weiss_local_create(space, &law, data);
}

const weiss_term_class weiss_unidirectional_term = {
    .name = "unidirectional",
    .help = "Unidirectional anisotropy",
    .material_keys = material_keys,
    .create = create,
    .destroy = weiss_local_destroy,
    .evaluate = weiss_local_evaluate,
};
