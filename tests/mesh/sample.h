/* A small mesh for the tests of formats. */
#ifndef TESTS_MESH_SAMPLE_H
#define TESTS_MESH_SAMPLE_H

#include "mesh/grid.h"

#include <math.h>
#include <stdlib.h>

/** Two cubes of six tetrahedra each: region 7, "hard magnet", and region 12 without a name. Coordinates have many digits
 *  and both signs. NULL without memory. */
static inline weiss_tetmesh *sample_mesh(weiss_context *ctx)
{
    weiss_tetmesh *mesh = NULL;
    double cut = 1.0 / 3;
    if (weiss_tetmesh_grid(ctx, (double[]){2.0 / 3, sqrt(2), 1.0 / 7}, (int64_t[]){2, 1, 1}, &cut, 1,
                           &mesh) != 0)
        return NULL;
    for (weiss_gidx e = 0; e < mesh->ntets; e++)
        mesh->region[e] = mesh->region[e] == 1 ? 7 : 12;
    if (weiss_tetmesh_name_region(ctx, mesh, 7, "hard magnet") == 0)
        return mesh;
    weiss_tetmesh_destroy(mesh);
    return NULL;
}

#endif
