/* A magnetisation on a structured box, without materials or terms: enough to write and read files. */
#ifndef WEISS_TESTS_OUTPUT_GRID_STATE_H
#define WEISS_TESTS_OUTPUT_GRID_STATE_H

#include "evolve/state.h"

typedef struct grid_state {
    weiss_context *ctx;
    weiss_mesh *mesh;
    weiss_state state; /* ctx, mesh, m, time and stage_time are set */
    weiss_problem problem; /* ctx, text and length are set */
} grid_state;

/** A box of the given cells, 5 nm each, in two regions; the magnetisation is grid_state_m of the node's coordinates.
 *  Collective. @return 0 or an error of the mesh room */
int grid_state_create(weiss_context *ctx, const int64_t cells[3], const char *problem_text, grid_state *out);
void grid_state_destroy(grid_state *grid);

/** A unit vector that differs from node to node. */
void grid_state_m(const double xyz[3], double m[3]);

#endif
