#include "mesh/shapes.h"

#include "mesh/solid.h"

#define X(shape, ...)                                                                                        \
    static const weiss_shape_class shape##_class = {                                                         \
        .key = {.name = #shape, .alternative = true, __VA_ARGS__}, .generate = weiss_shape_##shape};
WEISS_SHAPES(X)
#undef X

#define X(shape, ...) &shape##_class,
const weiss_shape_class *const weiss_shape_table[] = {WEISS_SHAPES(X) NULL};
#undef X

#define X(shape, ...) {.name = #shape, .alternative = true, __VA_ARGS__},
static const weiss_key keys[] = {
    WEISS_SHAPES(X){.name = "file",
                    .kind = WEISS_KIND_TEXT,
                    .alternative = true,
                    .help = "Mesh file (Gmsh 2.2 or 4.1, text or binary); needs unit",
                    .example = "bar.msh"},
    {.name = "unit",
     .kind = WEISS_KIND_TEXT,
     .help = "Unit of length of the coordinates in the file",
     .example = "nm"},
    {.name = "max_edge",
     .shown = true,
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_LENGTH,
     .positive = true,
     .help = "Wanted length of edges of shapes made by Gmsh; single edges get up to about twice as long",
     .example = "3 nm"},
    {.name = "grading",
     .kind = WEISS_KIND_MAP,
     .members = weiss_grading_members,
     .help = "Finer elements where the magnetisation changes faster",
     .example = "{surface_edge: 2 nm}"},
    {.name = NULL}};
#undef X

const weiss_key *weiss_mesh_keys(void)
{
    return keys;
}
