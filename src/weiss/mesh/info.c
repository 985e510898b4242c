/* weiss mesh info: what is in a mesh file. */
#include "mesh/source.h"
#include "weiss/mesh/mesh.h"
#include "weiss/start.h"

static const weiss_option options[] = {
    {"--unit", 'u', "UNIT", "Length that the numbers in the file count, for example nm"},
    {0},
};

static int show(weiss_context *ctx, const char *path, const char *unit)
{
    weiss_tetmesh *mesh = NULL;
    double metres;
    int code;
    WEISS_TRY(weiss_mesh_parse_unit(ctx, unit, &metres));
    WEISS_TRY_OUT(code, weiss_mesh_read_file(ctx, path, &mesh));
    if (metres > 0.0)
        weiss_tetmesh_scale(mesh, metres);
    code = weiss_mesh_show(ctx, mesh, path, metres > 0.0);
out:
    weiss_tetmesh_destroy(mesh);
    return code;
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_session *session;
    if (!weiss_start(&session))
        return WEISS_EXIT_ERROR;
    int code = weiss_rank(session->ctx) == 0 ? show(session->ctx, arguments->operand[0],
                                                    weiss_arguments_get(command, arguments, "--unit"))
                                             : 0;
    return weiss_end(session, code);
}

const weiss_command weiss_command_mesh_info = {
    .name = "info",
    .summary = "Tell what is in a mesh file",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .options = options,
    .text = "Prints the sizes of a mesh, its edges, the shape of its tetrahedra, its regions and how many "
            "separate bodies\n"
            "it has.\n"
            "\n"
            "Example:\n"
            "  weiss mesh info bar.msh --unit nm\n",
    .run = run,
};
