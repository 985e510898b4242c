/* grid: {size, cells, regions}: a structured box, which needs no other program. */
#include "mesh/grid.h"
#include "mesh/shapes.h"

#include <math.h>

const weiss_key weiss_shape_grid_members[] = {
    {.name = "size",
     .kind = WEISS_KIND_VECTOR,
     .quantity = WEISS_LENGTH,
     .required = true,
     .positive = true,
     .help = "Lengths along x, y, z; the centre is the origin",
     .example = "[80 nm, 4 nm, 4 nm]"},
    {.name = "cells",
     .kind = WEISS_KIND_VECTOR,
     .quantity = WEISS_PURE,
     .required = true,
     .positive = true,
     .help = "Numbers of cells along x, y, z; each is cut into six tetrahedra",
     .example = "[80, 4, 4]"},
    {.name = "regions",
     .kind = WEISS_KIND_NUMBERS,
     .quantity = WEISS_LENGTH,
     .positive = true,
     .help = "Ends of regions 1, 2, ... along x, measured from the low end; "
             "the last region reaches to the other end",
     .example = "[40 nm]"},
    {.name = NULL}};

int weiss_shape_grid(weiss_context *ctx, const weiss_value *mesh, const weiss_value *shape,
                     weiss_tetmesh **out)
{
    const weiss_value *cuts = weiss_value_get(shape, "regions"), *given = weiss_value_get(shape, "cells");
    int64_t cells[3];
    (void)mesh;
    for (int k = 0; k < 3; k++) {
        if (given->numbers[k] != floor(given->numbers[k]) || given->numbers[k] > INT32_MAX)
            return weiss_fail_at(ctx, given, "expected three whole numbers such as [80, 4, 4], found %g",
                                 given->numbers[k]);
        cells[k] = (int64_t)given->numbers[k];
    }
    return weiss_tetmesh_grid(ctx, weiss_value_vector(shape, "size"), cells,
                              cuts != NULL ? cuts->numbers : NULL, cuts != NULL ? cuts->count : 0, out);
}
