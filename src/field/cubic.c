/* Cubic anisotropy: e = K1 (a^2 b^2 + b^2 c^2 + c^2 a^2) + K2 a^2 b^2 c^2 + K3 (a^4 b^4 + b^4 c^4 + c^4 a^4) with the
 * direction cosines a, b, c of m to the cube's axes. K1 > 0 makes the axes easy; K1 < 0 (and K2 = 0) the diagonals. */
#include "field/local.h"

#include <math.h>

typedef struct cubic {
    double K1, K2, K3; /* J/m^3 */
    double axis[3][3]; /* orthonormal */
} cubic;

static const weiss_key members[] = {
    {.name = "K1",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_ENERGY_DENSITY,
     .required = true,
     .help = "First constant; positive for easy axes along the cube's edges",
     .example = "4.8e4 J/m^3"},
    {.name = "K2",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_ENERGY_DENSITY,
     .fallback = "0",
     .help = "Second constant"},
    {.name = "K3",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_ENERGY_DENSITY,
     .fallback = "0",
     .help = "Third constant"},
    {.name = "axis1",
     .kind = WEISS_KIND_DIRECTION,
     .fallback = "[1, 0, 0]",
     .help = "First axis of the cube, of any length"},
    {.name = "axis2",
     .kind = WEISS_KIND_DIRECTION,
     .fallback = "[0, 1, 0]",
     .help = "Second axis, perpendicular to the first; the third is perpendicular to both"},
    {.name = NULL},
};

static const weiss_key material_keys[] = {
    {.name = "cubic",
     .kind = WEISS_KIND_MAP,
     .members = members,
     .help = "Cubic anisotropy with the direction cosines a, b, c to its axes, "
             "K1 (a^2 b^2 + ...) + K2 a^2 b^2 c^2 + K3 (a^4 b^4 + ...)"},
    {.name = NULL},
};

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Completes the axes. Directions typed with a few digits are made exactly perpendicular; others are refused. */
static int make_axes(weiss_context *ctx, const weiss_value *map, double axis[3][3])
{
    const double tolerance = 0.01;
    const double *first = weiss_value_vector(map, "axis1"), *second = weiss_value_vector(map, "axis2");
    double *u = axis[0], *v = axis[1], *w = axis[2];
    double overlap = dot(first, second);
    if (fabs(overlap) > tolerance)
        return weiss_fail_at(
            ctx, map, "axis1 and axis2 must be perpendicular, but the angle between them is %.2f degrees",
            acos(fmax(-1, fmin(1, overlap))) * 180 / M_PI);
    for (int k = 0; k < 3; k++) {
        u[k] = first[k];
        v[k] = second[k] - overlap * first[k];
    }
    double length = sqrt(dot(v, v));
    for (int k = 0; k < 3; k++)
        v[k] /= length;
    for (int k = 0; k < 3; k++)
        w[k] = u[(k + 1) % 3] * v[(k + 2) % 3] - u[(k + 2) % 3] * v[(k + 1) % 3];
    return 0;
}

static int read(weiss_context *ctx, const weiss_material *material, void *constants, bool *present)
{
    cubic *q = constants;
    *present = weiss_value_given(material->values, "cubic");
    if (!*present)
        return 0;
    const weiss_value *map = weiss_value_get(material->values, "cubic");
    q->K1 = weiss_value_number(map, "K1");
    q->K2 = weiss_value_number(map, "K2");
    q->K3 = weiss_value_number(map, "K3");
    return make_axes(ctx, map, q->axis);
}

/* Direction cosines, their squares, and the derivatives of e by the squares. */
typedef struct cosines {
    double a[3], square[3], by_square[3];
} cosines;

static cosines find_cosines(const cubic *q, const double m[3])
{
    cosines c;
    for (int k = 0; k < 3; k++) {
        c.a[k] = dot(q->axis[k], m);
        c.square[k] = c.a[k] * c.a[k];
    }
    for (int k = 0; k < 3; k++) {
        double A = c.square[k], B = c.square[(k + 1) % 3], C = c.square[(k + 2) % 3];
        c.by_square[k] = q->K1 * (B + C) + q->K2 * B * C + 2 * q->K3 * A * (B * B + C * C);
    }
    return c;
}

static double density(const void *constants, const double m[3], double gradient[3])
{
    const cubic *q = constants;
    const cosines c = find_cosines(q, m);
    const double A = c.square[0], B = c.square[1], C = c.square[2], AB = A * B, BC = B * C, CA = C * A;
    for (int k = 0; k < 3; k++) {
        gradient[k] = 0;
        for (int p = 0; p < 3; p++)
            gradient[k] += 2 * c.a[p] * c.by_square[p] * q->axis[p][k];
    }
    return q->K1 * (AB + BC + CA) + q->K2 * A * BC + q->K3 * (AB * AB + BC * BC + CA * CA);
}

static void curvature(const void *constants, const double m[3], const double v[3], double out[3])
{
    const cubic *q = constants;
    const cosines c = find_cosines(q, m);
    double along[3], local[3]; /* v and the result in the frame of the axes */
    for (int p = 0; p < 3; p++)
        along[p] = dot(q->axis[p], v);
    for (int p = 0; p < 3; p++) {
        const int r = (p + 1) % 3, s = (p + 2) % 3;
        const double A = c.square[p], B = c.square[r], C = c.square[s];
        local[p] = (2 * c.by_square[p] + 8 * q->K3 * A * (B * B + C * C)) * along[p] +
                   4 * c.a[p] * c.a[r] * (q->K1 + q->K2 * C + 4 * q->K3 * A * B) * along[r] +
                   4 * c.a[p] * c.a[s] * (q->K1 + q->K2 * B + 4 * q->K3 * A * C) * along[s];
    }
    for (int k = 0; k < 3; k++)
        out[k] = local[0] * q->axis[0][k] + local[1] * q->axis[1][k] + local[2] * q->axis[2][k];
}

static const weiss_local_law law = {sizeof(cubic), read, density, curvature};

static int create(const weiss_space *space, const weiss_value *section, void **data)
{
    (void)section;
    return weiss_local_create(space, &law, data);
}

const weiss_term_class weiss_cubic_term = {
    .name = "cubic",
    .help = "Cubic anisotropy",
    .material_keys = material_keys,
    .create = create,
    .destroy = weiss_local_destroy,
    .evaluate = weiss_local_evaluate,
    .product = weiss_local_product,
    .diagonal = weiss_local_diagonal,
};
