/* Small formulas for points, triangles and tetrahedra. */
#ifndef WEISS_MESH_GEOMETRY_H
#define WEISS_MESH_GEOMETRY_H

#include <math.h>

static inline void weiss_subtract(const double a[3], const double b[3], double difference[3])
{
    for (int k = 0; k < 3; k++)
        difference[k] = a[k] - b[k];
}

static inline double weiss_dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static inline void weiss_cross(const double a[3], const double b[3], double product[3])
{
    product[0] = a[1] * b[2] - a[2] * b[1];
    product[1] = a[2] * b[0] - a[0] * b[2];
    product[2] = a[0] * b[1] - a[1] * b[0];
}

static inline double weiss_distance(const double a[3], const double b[3])
{
    double d[3];
    weiss_subtract(a, b, d);
    return sqrt(weiss_dot(d, d));
}

/** Signed volume of the tetrahedron abcd; positive when b, c, d turn counter-clockwise seen from outside (against a). */
static inline double weiss_tet_volume(const double a[3], const double b[3], const double c[3],
                                      const double d[3])
{
    double ab[3], ac[3], ad[3], normal[3];
    weiss_subtract(b, a, ab);
    weiss_subtract(c, a, ac);
    weiss_subtract(d, a, ad);
    weiss_cross(ab, ac, normal);
    return weiss_dot(normal, ad) / 6;
}

static inline double weiss_triangle_area(const double a[3], const double b[3], const double c[3])
{
    double ab[3], ac[3], normal[3];
    weiss_subtract(b, a, ab);
    weiss_subtract(c, a, ac);
    weiss_cross(ab, ac, normal);
    return sqrt(weiss_dot(normal, normal)) / 2;
}

/** Corners of the four faces of a positive tetrahedron, counter-clockwise seen from outside; face i lies opposite to
 *  corner i. */
static const int weiss_tet_face[4][3] = {{1, 2, 3}, {0, 3, 2}, {0, 1, 3}, {0, 2, 1}};

/** Corners of the six edges of a tetrahedron. */
static const int weiss_tet_edge[6][2] = {{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}};

#endif
