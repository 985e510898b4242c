/* weiss mesh: its table of subcommands. */
#include "weiss/mesh/mesh.h"

static const weiss_command *const commands[] = {
    &weiss_command_mesh_make,
    &weiss_command_mesh_info,
    &weiss_command_mesh_convert,
    NULL,
};

const weiss_command weiss_command_mesh = {
    .name = "mesh",
    .summary = "Make, look at and convert meshes",
    .operands = "",
    .children = commands,
    .text = "Examples:\n"
            "  weiss mesh make 'box: [30 nm, 30 nm, 100 nm], max_edge: 3 nm' bar.msh\n"
            "  weiss mesh info bar.msh\n"
            "  weiss mesh convert old.msh new.msh --format gmsh-4.1-binary\n",
};
