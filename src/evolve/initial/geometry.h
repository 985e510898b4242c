/* Geometry that initial states share. */
#ifndef WEISS_EVOLVE_INITIAL_GEOMETRY_H
#define WEISS_EVOLVE_INITIAL_GEOMETRY_H

#include "evolve/state.h"

/** The point under @p key of @p map when given, else the centre of the mesh's bounding box (m). Collective.
 */
int weiss_initial_point(const weiss_state *state, const weiss_value *map, const char *key, double point[3]);

/** A unit vector perpendicular to the unit vector @p axis, as near to @p hint as can be; @p hint may be NULL
 * or parallel. */
void weiss_perpendicular(const double axis[3], const double *hint, double out[3]);

#endif
