/* Surfaces made by hand, to test the boundary operator without a mesh. */
#ifndef WEISS_TESTS_FIELD_SURFACES_H
#define WEISS_TESTS_FIELD_SURFACES_H

#include "mesh/mesh.h"

/** Surface of a box with that many equal cells along each edge, its lowest corner at @p corner; each cell two triangles. */
weiss_surface weiss_test_box(const double corner[3], const double size[3], const int cells[3]);
/** A sphere: an icosahedron whose triangles are quartered @p times, nodes on the sphere. */
weiss_surface weiss_test_sphere(const double centre[3], double radius, int times);
/** Turns the surface inside out, as the wall of a hollow. */
void weiss_test_invert(weiss_surface *surface);
/** Puts two surfaces into one and frees them; @p body is the number of the second's body. */
weiss_surface weiss_test_join(weiss_surface first, weiss_surface second, int body);
/** Rotates about the axis (1, 1, 1) by @p angle (rad). */
void weiss_test_rotate(weiss_surface *surface, double angle);
void weiss_test_free(weiss_surface *surface);

#endif
