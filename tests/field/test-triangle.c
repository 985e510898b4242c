/* Entries of the boundary operator: the closed form against brute force, rules against the closed form. */
#include "field/demag/triangle.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NSHAPES 5
static const double shapes[NSHAPES][3][3] = {
    {{0, 0, 0}, {1, 0, 0}, {0.5, 0.8660254037844386, 0}},
    {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}},
    {{0, 0, 0}, {1, 0, 0}, {0.2, 0.3, 0}},
    {{0, 0, 0}, {1, 0, 0}, {0.5, 0.15, 0}},
    {{0.3, -0.2, 0.5}, {1.1, 0.4, -0.3}, {-0.4, 0.9, 1}},
};

static weiss_triangle shape(int s)
{
    weiss_triangle t;
    weiss_triangle_set(&t, shapes[s][0], shapes[s][1], shapes[s][2]);
    return t;
}

static void entries(const weiss_triangle *t, weiss_rule rule, bool single, const double x[3], double entry[3])
{
    weiss_points point = {1, x, x + 1, x + 2};
    entry[0] = entry[1] = entry[2] = 0;
    weiss_triangle_add(t, rule, single, &point, (double *const[3]){entry, entry + 1, entry + 2});
}

/* Points of Gauss and Legendre on [0, 1]. */
#define GAUSS 8
static const double gauss_at[GAUSS] = {0.0198550717512319, 0.1016667612931866, 0.2372337950418355,
                                       0.4082826787521751, 0.5917173212478249, 0.7627662049581645,
                                       0.8983332387068134, 0.9801449282487681};
static const double gauss_weight[GAUSS] = {0.0506142681451881, 0.1111905172266872, 0.1568533229389437,
                                           0.1813418916891810, 0.1813418916891810, 0.1568533229389437,
                                           0.1111905172266872, 0.0506142681451881};

/* Adds the integral over the part of the triangle with these corners (barycentric), quartering it while x is near. */
static void brute_force(const weiss_triangle *t, const double x[3], const double corner[3][3], int depth,
                        double sum[3])
{
    double middle[3] = {0, 0, 0}, away = 0, size = t->radius / (1 << depth);
    for (int d = 0; d < 3; d++) {
        for (int k = 0; k < 3; k++)
            for (int v = 0; v < 3; v++)
                middle[d] += corner[k][v] * t->vertex[v][d] / 3;
        away += (middle[d] - x[d]) * (middle[d] - x[d]);
    }
    if (sqrt(away) < 3 * size) {
        for (int part = 0; part < 4; part++) {
            double inner[3][3];
            for (int k = 0; k < 3; k++)
                for (int v = 0; v < 3; v++)
                    inner[k][v] = part < 3 ? (corner[k][v] + corner[part][v]) / 2
                                           : (corner[k][v] + corner[(k + 1) % 3][v]) / 2;
            brute_force(t, x, (const double(*)[3])inner, depth + 1, sum);
        }
        return;
    }
    for (int i = 0; i < GAUSS; i++)
        for (int j = 0; j < GAUSS; j++) {
            double a = gauss_at[i], b = gauss_at[j] * (1 - a), at[3], r = 0, height = 0;
            for (int v = 0; v < 3; v++)
                at[v] = corner[0][v] * (1 - a - b) + corner[1][v] * a + corner[2][v] * b;
            for (int d = 0; d < 3; d++) {
                double arm =
                    x[d] - at[0] * t->vertex[0][d] - at[1] * t->vertex[1][d] - at[2] * t->vertex[2][d];
                r += arm * arm;
                height += arm * t->normal[d];
            }
            double weight =
                gauss_weight[i] * gauss_weight[j] * (1 - gauss_at[i]) * 2 * t->area / (1 << (2 * depth));
            for (int v = 0; v < 3; v++)
                sum[v] += weight * at[v] * height / (r * sqrt(r)) / (4 * 3.14159265358979323846);
        }
}

static void closed_form_agrees_with_brute_force(void **state)
{
    (void)state;
    static const double points[][3] = {{0.3, 0.2, 0.1},   {0.3, 0.2, -0.7}, {2, -1, 0.5},   {0, 0, 0.3},
                                       {-0.4, 0.1, 0.05}, {5, 4, -3},       {0.5, 0, 0.02}, {0.9, 0.8, 0.4}};
    static const double whole[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    for (int s = 0; s < NSHAPES; s++)
        for (size_t p = 0; p < sizeof points / sizeof *points; p++) {
            weiss_triangle t = shape(s);
            double closed[3], brute[3] = {0, 0, 0};
            entries(&t, WEISS_RULE_EXACT, false, points[p], closed);
            brute_force(&t, points[p], whole, 0, brute);
            for (int k = 0; k < 3; k++)
                if (fabs(closed[k] - brute[k]) > 1e-9 * (fabs(brute[0]) + fabs(brute[1]) + fabs(brute[2])))
                    fail_msg("shape %d, point %zu, corner %d: %.12g, expected %.12g", s, p, k, closed[k],
                             brute[k]);
        }
}

static void points_in_the_plane_get_zero(void **state)
{
    (void)state;
    static const double inside[][3] = {
        {1, 0, 0},       {0, 1, 0},  {0, 0, 1},      {0.5, 0.5, 0}, {0.3, 0, 0.7},
        {0.2, 0.3, 0.5}, {2, -1, 0}, {-1, 1.5, 0.5}, {7, 3, -9},    {1.0 / 3, 1.0 / 3, 1.0 / 3}};
    for (int s = 0; s < NSHAPES; s++)
        for (size_t p = 0; p < sizeof inside / sizeof *inside; p++) {
            weiss_triangle t = shape(s);
            double x[3], entry[3];
            for (int d = 0; d < 3; d++)
                x[d] = inside[p][0] * t.vertex[0][d] + inside[p][1] * t.vertex[1][d] +
                       inside[p][2] * t.vertex[2][d];
            entries(&t, WEISS_RULE_EXACT, false, x, entry);
            for (int k = 0; k < 3; k++)
                assert_true(entry[k] == 0);
        }
}

/* Close to the middle of a triangle the three entries add up to half of the sphere, of opposite sign on either side. */
static void entries_jump_through_the_triangle(void **state)
{
    (void)state;
    for (int s = 0; s < NSHAPES; s++)
        for (int side = -1; side <= 1; side += 2) {
            weiss_triangle t = shape(s);
            double x[3], entry[3];
            for (int d = 0; d < 3; d++)
                x[d] = t.centre[d] + side * 1e-6 * t.radius * t.normal[d];
            entries(&t, WEISS_RULE_EXACT, false, x, entry);
            assert_true(fabs(entry[0] + entry[1] + entry[2] - 0.5 * side) < 1e-4);
            for (int k = 0; k < 3; k++)
                assert_true(fabs(entry[k] - side / 6.0) < 1e-4);
        }
}

/* The rule that is chosen for a distance and an accuracy has that accuracy on a sphere of that distance. */
static void rules_keep_their_promise(void **state)
{
    (void)state;
    for (int s = 0; s < NSHAPES; s++)
        for (double distance = 2.25; distance < 60; distance *= 1.3)
            for (double accuracy = 0.1; accuracy > 1e-8; accuracy /= 10)
                for (int k = 0; k < 60; k++) {
                    weiss_triangle t = shape(s);
                    double z = 2 * fmod(k * 0.754877666246693, 1) - 1,
                           angle = 6.28318530718 * fmod(k * 0.569840290998053, 1);
                    double out[3] = {sqrt(1 - z * z) * cos(angle), sqrt(1 - z * z) * sin(angle), z}, x[3],
                           exact[3], found[3];
                    for (int d = 0; d < 3; d++)
                        x[d] = t.centre[d] + distance * t.radius * out[d];
                    weiss_rule rule = weiss_triangle_rule(&t, distance * t.radius, accuracy);
                    bool single = accuracy > 1e-5;
                    entries(&t, WEISS_RULE_EXACT, false, x, exact);
                    entries(&t, rule, single, x, found);
                    double size = fmax(fabs(exact[0]), fmax(fabs(exact[1]), fabs(exact[2])));
                    for (int c = 0; c < 3; c++)
                        if (fabs(found[c] - exact[c]) > (accuracy + (single ? 2e-6 : 0)) * size)
                            fail_msg("shape %d, %g radii, accuracy %g: rule %d gives %.9g for %.9g", s,
                                     distance, accuracy, (int)rule, found[c], exact[c]);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_form_agrees_with_brute_force),
        cmocka_unit_test(points_in_the_plane_get_zero),
        cmocka_unit_test(entries_jump_through_the_triangle),
        cmocka_unit_test(rules_keep_their_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
