/* Uniaxial anisotropy: e = K1 sin^2 t + K2 sin^4 t with the angle t between m and the axis u.
 * K1 > 0 makes the axis easy, K1 < 0 the plane across it. With c = m . u, sin^2 t = 1 - c^2. */
#include "field/local.h"

typedef struct uniaxial {
    double K1, K2; /* J/m^3 */
    double axis[3]; /* unit vector */
} uniaxial;

static const weiss_key members[] = {
    {.name = "K1",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_ENERGY_DENSITY,
     .required = true,
     .help = "First constant; positive for an easy axis, negative for an easy plane",
     .example = "5e5 J/m^3"},
    {.name = "K2",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_ENERGY_DENSITY,
     .fallback = "0",
     .help = "Second constant"},
    {.name = "axis",
     .kind = WEISS_KIND_DIRECTION,
     .required = true,
     .help = "Direction of the axis, of any length",
     .example = "[0, 0, 1]"},
    {.name = NULL},
};

static const weiss_key material_keys[] = {
    {.name = "uniaxial",
     .kind = WEISS_KIND_MAP,
     .members = members,
     .help = "Uniaxial anisotropy, K1 sin^2 t + K2 sin^4 t with the angle t to the axis"},
    {.name = NULL},
};

static int read(weiss_context *ctx, const weiss_material *material, void *constants, bool *present)
{
    (void)ctx;
    uniaxial *u = constants;
    *present = weiss_value_given(material->values, "uniaxial");
    if (!*present)
        return 0;
    const weiss_value *map = weiss_value_get(material->values, "uniaxial");
    u->K1 = weiss_value_number(map, "K1");
    u->K2 = weiss_value_number(map, "K2");
    for (int k = 0; k < 3; k++)
        u->axis[k] = weiss_value_vector(map, "axis")[k];
    return 0;
}

static double cosine(const uniaxial *u, const double m[3])
{
    return m[0] * u->axis[0] + m[1] * u->axis[1] + m[2] * u->axis[2];
}

static double density(const void *constants, const double m[3], double gradient[3])
{
    const uniaxial *u = constants;
    double c = cosine(u, m), sin2 = 1 - c * c;
    for (int k = 0; k < 3; k++)
        gradient[k] = -2 * c * (u->K1 + 2 * u->K2 * sin2) * u->axis[k];
    return (u->K1 + u->K2 * sin2) * sin2;
}

static void curvature(const void *constants, const double m[3], const double v[3], double out[3])
{
    const uniaxial *u = constants;
    double c = cosine(u, m), second = -2 * u->K1 - 4 * u->K2 * (1 - 3 * c * c), along = cosine(u, v);
    for (int k = 0; k < 3; k++)
        out[k] = second * along * u->axis[k];
}

static const weiss_local_law law = {sizeof(uniaxial), read, density, curvature};

static int create(const weiss_space *space, const weiss_value *section, void **data)
{
    (void)section;
    return weiss_local_create(space, &law, data);
}

const weiss_term_class weiss_uniaxial_term = {
    .name = "uniaxial",
    .help = "Uniaxial anisotropy",
    .material_keys = material_keys,
    .create = create,
    .destroy = weiss_local_destroy,
    .evaluate = weiss_local_evaluate,
    .product = weiss_local_product,
    .diagonal = weiss_local_diagonal,
};
