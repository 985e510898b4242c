/* Problems made of little more than a `mesh:` section, for the tests of this folder. */
#ifndef TESTS_MESH_PROBLEM_H
#define TESTS_MESH_PROBLEM_H

#include "mesh/source.h"

/** Parses @p text, which holds the sections mesh, materials and regions (materials may be left out: one of permalloy is
 *  added). Fails the test when it is malformed. */
weiss_problem *problem_of(weiss_context *ctx, const char *text);

/** Runs weiss_mesh_obtain on such a problem; returns its code. */
int obtain(weiss_context *ctx, const char *text, weiss_tetmesh **mesh);

#endif
