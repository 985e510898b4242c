/* The double layer over one flat triangle with linear functions: the entries of the boundary operator.
 *
 * At a point x, the triangle with outward unit normal n and hat function phi_k of its vertex k contributes
 *
 *     L_k(x) = 1/(4 pi) * integral over the triangle of phi_k(y) n . (x - y) / |x - y|^3 dS(y)
 *
 * to u2(x) = sum_k L_k(x) u1_k. Over a closed surface the L_k sum to -1 inside and to 0 outside. */
#ifndef WEISS_FIELD_DEMAG_TRIANGLE_H
#define WEISS_FIELD_DEMAG_TRIANGLE_H

#include <stdbool.h>

/** A triangle with what its integrals need. */
typedef struct weiss_triangle {
    double vertex[3][3];
    double normal[3]; /**< unit, outward */
    double side[3]; /**< length of the side from vertex k to k+1 */
    double along[3][3]; /**< unit vector along side k */
    double inward[3][3]; /**< normal x along: in the plane, towards the triangle */
    double area;
    double centre[3];
    double radius; /**< largest distance of a vertex from the centre */
} weiss_triangle;

/** Points at which entries are wanted, coordinates apart so that loops over them vectorise. Borrowed. */
typedef struct weiss_points {
    int count;
    const double *x, *y, *z;
} weiss_points;

/** How an integral is done: exactly, or with a rule of that many points, in the order of accuracy. */
typedef enum weiss_rule {
    WEISS_RULE_1,
    WEISS_RULE_3,
    WEISS_RULE_6,
    WEISS_RULE_12,
    WEISS_RULE_16,
    WEISS_RULE_EXACT
} weiss_rule;

/** Fills @p triangle from its vertices, counter-clockwise seen from outside. Local. */
void weiss_triangle_set(weiss_triangle *triangle, const double a[3], const double b[3], const double c[3]);

/** Cheapest rule whose error, relative to the entries, stays below @p accuracy at all points that are at least
 *  @p distance away from the centre of @p triangle. */
weiss_rule weiss_triangle_rule(const weiss_triangle *triangle, double distance, double accuracy);

/** Adds L_k of each point to column[k][i], i < points->count; a NULL column is left out.
 *  @param single  a rule may be summed in single precision
 *  Points in the plane of the triangle, its own vertices included, get exactly 0 from WEISS_RULE_EXACT: the principal value.
 *  Analytic: D. A. Lindholm, IEEE Trans. Magn. 20, 2025 (1984). Local. */
void weiss_triangle_add(const weiss_triangle *triangle, weiss_rule rule, bool single,
                        const weiss_points *points, double *const column[3]);

#endif
