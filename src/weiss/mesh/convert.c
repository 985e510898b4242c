/* weiss mesh convert: a mesh file in, another out. */
#include "mesh/source.h"
#include "weiss/mesh/mesh.h"
#include "weiss/start.h"

static const weiss_option options[] = {
    {"--format", 'f', "NAME", "Format to write (default: by the suffix of OUT)"},
    {0},
};

static int convert(weiss_context *ctx, const char *in, const char *out, const char *format)
{
    weiss_tetmesh *mesh = NULL;
    int code;
    if (format[0] != '\0')
        WEISS_TRY(weiss_mesh_check_format(ctx, format));
    WEISS_TRY_OUT(code, weiss_mesh_read_file(ctx, in, &mesh));
    WEISS_TRY_OUT(code, weiss_mesh_write_file(ctx, mesh, out, format));
    printf("%s: %lld nodes, %lld tetrahedra\n", out, (long long)mesh->nnodes, (long long)mesh->ntets);
out:
    weiss_tetmesh_destroy(mesh);
    return code;
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_session *session;
    const char *format = weiss_arguments_get(command, arguments, "--format");
    if (!weiss_start(&session))
        return WEISS_EXIT_ERROR;
    int code = weiss_rank(session->ctx) == 0 ? convert(session->ctx, arguments->operand[0],
                                                       arguments->operand[1], format != NULL ? format : "")
                                             : 0;
    return weiss_end(session, code);
}

const weiss_command weiss_command_mesh_convert = {
    .name = "convert",
    .summary = "Write a mesh file in another format",
    .operands = "IN OUT",
    .min_operands = 2,
    .max_operands = 2,
    .options = options,
    .text = "Reads the mesh file IN, whose format is recognised by its content, and writes it to OUT. "
            "Numbers of nodes\n"
            "and names of regions stay as they are. Coordinates stay in the unit of the file.\n"
            "\n"
            "Example:\n"
            "  weiss mesh convert bar.msh bar-v2.msh --format gmsh-2.2\n",
    .run = run,
};
