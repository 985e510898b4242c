#include "field/demag/triangle.h"

#include "base/units.h"
#include "field/demag/kernel.h"

#include <math.h>
#include <string.h>

#define FOUR_PI (4.0 * 3.14159265358979323846)
/* A point is in the plane when its height is below this fraction of the triangle's size: rounding of coordinates. */
#define IN_PLANE 1e-9

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static double length(const double a[3])
{
    return sqrt(dot(a, a));
}

void weiss_triangle_set(weiss_triangle *t, const double a[3], const double b[3], const double c[3])
{
    const double *corner[3] = {a, b, c};
    for (int k = 0; k < 3; k++) {
        const double *from = corner[k], *to = corner[(k + 1) % 3];
        for (int d = 0; d < 3; d++) {
            t->vertex[k][d] = from[d];
            t->along[k][d] = to[d] - from[d];
            t->centre[d] = (a[d] + b[d] + c[d]) / 3;
        }
        t->side[k] = length(t->along[k]);
    }
    cross(t->along[0], t->along[1], t->normal);
    double twice = length(t->normal);
    t->area = twice / 2;
    t->radius = 0;
    for (int d = 0; d < 3; d++)
        t->normal[d] /= twice;
    for (int k = 0; k < 3; k++) {
        double arm[3];
        for (int d = 0; d < 3; d++) {
            t->along[k][d] /= t->side[k];
            arm[d] = t->vertex[k][d] - t->centre[d];
        }
        cross(t->normal, t->along[k], t->inward[k]);
        t->radius = fmax(t->radius, length(arm));
    }
}

/* Symmetric rules (D. A. Dunavant, Int. J. Numer. Meth. Eng. 21, 1129 (1985)): barycentric coordinates and weight. */
typedef struct rule_point {
    double at[3], weight;
} rule_point;

#define CENTRE(w)                                                                                            \
    {                                                                                                        \
        {1.0 / 3, 1.0 / 3, 1.0 / 3}, w                                                                       \
    }
#define TRIPLE(a, w)                                                                                         \
    {{1 - 2 * (a), a, a}, w}, {{a, 1 - 2 * (a), a}, w},                                                      \
    {                                                                                                        \
        {a, a, 1 - 2 * (a)}, w                                                                               \
    }
#define SEXTUPLE(a, b, w)                                                                                    \
    {{a, b, 1 - (a) - (b)}, w}, {{b, a, 1 - (a) - (b)}, w}, {{a, 1 - (a) - (b), b}, w},                      \
        {{b, 1 - (a) - (b), a}, w}, {{1 - (a) - (b), a, b}, w},                                              \
    {                                                                                                        \
        {1 - (a) - (b), b, a}, w                                                                             \
    }

static const rule_point rule_1[] = {CENTRE(1)};
static const rule_point rule_3[] = {TRIPLE(1.0 / 6, 1.0 / 3)};
static const rule_point rule_6[] = {TRIPLE(0.445948490915965, 0.223381589678011),
                                    TRIPLE(0.091576213509771, 0.109951743655322)};
static const rule_point rule_12[] = {TRIPLE(0.249286745170910, 0.116786275726379),
                                     TRIPLE(0.063089014491502, 0.050844906370207),
                                     SEXTUPLE(0.310352451033785, 0.053145049844816, 0.082851075618374)};
static const rule_point rule_16[] = {CENTRE(0.144315607677787), TRIPLE(0.459292588292723, 0.095091634267285),
                                     TRIPLE(0.170569307751760, 0.103217370534718),
                                     TRIPLE(0.050547228317031, 0.032458497623198),
                                     SEXTUPLE(0.263112829634638, 0.008394777409958, 0.027230314174435)};

/* From NEAREST radii away, the error of a rule at distance r is below factor * (radius / r)^power, relative to the largest
 * of the three entries. Measured against the exact integrals (tests/field/test-triangle.c). */
#define NEAREST 2.25
static const struct {
    const rule_point *point;
    int count;
    double factor, power;
} rules[] = {
    [WEISS_RULE_1] = {rule_1, 1, 1, 1},       [WEISS_RULE_3] = {rule_3, 3, 0.25, 2},
    [WEISS_RULE_6] = {rule_6, 6, 0.1, 4},     [WEISS_RULE_12] = {rule_12, 12, 0.04, 6},
    [WEISS_RULE_16] = {rule_16, 16, 0.03, 8},
};

weiss_rule weiss_triangle_rule(const weiss_triangle *t, double distance, double accuracy)
{
    if (distance < NEAREST * t->radius)
        return WEISS_RULE_EXACT;
    for (weiss_rule rule = WEISS_RULE_1; rule < WEISS_RULE_EXACT; rule++)
        if (rules[rule].factor * pow(t->radius / distance, rules[rule].power) < accuracy)
            return rule;
    return WEISS_RULE_EXACT;
}

/* Lindholm's closed form at one point. */
static void exact(const weiss_triangle *t, const double x[3], double entry[3])
{
    double r[3][3], rho[3], logarithm[3];
    for (int k = 0; k < 3; k++) {
        for (int d = 0; d < 3; d++)
            r[k][d] = t->vertex[k][d] - x[d];
        rho[k] = length(r[k]);
    }
    double height = dot(t->normal, r[0]);
    entry[0] = entry[1] = entry[2] = 0;
    if (fabs(height) <= IN_PLANE * t->radius)
        return;
    double normal[3];
    cross(r[1], r[2], normal);
    double solid_angle =
        2 * atan2(dot(r[0], normal), rho[0] * rho[1] * rho[2] + dot(r[0], r[1]) * rho[2] +
                                         dot(r[1], r[2]) * rho[0] + dot(r[2], r[0]) * rho[1]);
    for (int k = 0; k < 3; k++) {
        double sum = rho[k] + rho[(k + 1) % 3];
        logarithm[k] = log((sum + t->side[k]) / (sum - t->side[k]));
    }
    for (int k = 0; k < 3; k++) {
        int opposite = (k + 1) % 3;
        double line = 0;
        for (int j = 0; j < 3; j++)
            line += dot(t->along[opposite], t->along[j]) * logarithm[j];
        entry[k] = t->side[opposite] / (2 * FOUR_PI * t->area) *
                   (dot(t->inward[opposite], r[opposite]) * solid_angle - height * line);
    }
}

static void set_dipoles(const weiss_triangle *t, weiss_rule rule, weiss_dipoles *dipoles)
{
    dipoles->count = rules[rule].count;
    dipoles->scale = 1 / t->radius;
    for (int d = 0; d < 3; d++) {
        dipoles->normal[d] = t->normal[d];
        dipoles->centre[d] = t->centre[d];
    }
    double factor = -t->area / (FOUR_PI * t->radius * t->radius);
    for (int q = 0; q < dipoles->count; q++) {
        const rule_point *p = &rules[rule].point[q];
        for (int d = 0; d < 3; d++) {
            double along =
                p->at[0] * t->vertex[0][d] + p->at[1] * t->vertex[1][d] + p->at[2] * t->vertex[2][d];
            dipoles->at[q][d] = (along - t->centre[d]) * dipoles->scale;
            dipoles->weight[q][d] = factor * p->weight * p->at[d];
        }
    }
}

void weiss_triangle_add(const weiss_triangle *t, weiss_rule rule, bool single, const weiss_points *points,
                        double *const column[3])
{
    if (rule != WEISS_RULE_EXACT) {
        weiss_dipoles dipoles;
        set_dipoles(t, rule, &dipoles);
        weiss_kernel_dipoles(&dipoles, single, points, column);
        return;
    }
    for (int i = 0; i < points->count; i++) {
        double entry[3];
        exact(t, (const double[3]){points->x[i], points->y[i], points->z[i]}, entry);
        for (int k = 0; k < 3; k++)
            if (column[k])
                column[k][i] += entry[k];
    }
}
