/* weiss mesh make: a shape in, a mesh file out. */
#include "mesh/source.h"
#include "simulation/simulation.h"
#include "weiss/mesh/mesh.h"
#include "weiss/start.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const weiss_option options[] = {
    {"--format", 'f', "NAME", "Format to write (default: by the suffix of OUT)"},
    {"--unit", 'u', "UNIT", "Length that the numbers in OUT count (default nm)"},
    {0},
};

/** Reads a problem file, or makes a problem of what would stand in its `mesh:` section. */
static int read_problem(weiss_session *session, const char *mesh, weiss_simulation **out)
{
    static const char form[] = "mesh: {%s}\nmaterials: {any: {Ms: 1 A/m}}\ninitial: {uniform: [0, 0, 1]}\n";
    char *text = NULL;
    if (access(mesh, F_OK) == 0 || strchr(mesh, ':') == NULL)
        return weiss_simulation_read(session, mesh, out);
    size_t size = strlen(mesh) + sizeof form;
    int code = WEISS_NEW(session->ctx, text, size);
    if (code == 0) {
        snprintf(text, size, form, mesh);
        code = weiss_simulation_parse(session, "MESH", text, out);
    }
    free(text);
    return code;
}

/** Writes on rank 0 with coordinates in @p unit metres. */
static int write_mesh(weiss_context *ctx, weiss_tetmesh *mesh, const char *out, const char *format,
                      double unit)
{
    WEISS_TRY(weiss_mesh_show(ctx, mesh, out, true));
    weiss_tetmesh_scale(mesh, 1.0 / unit);
    return weiss_mesh_write_file(ctx, mesh, out, format);
}

static int make(weiss_session *session, const weiss_arguments *arguments, const char *format,
                const char *unit)
{
    weiss_context *ctx = session->ctx;
    weiss_simulation *simulation = NULL;
    weiss_tetmesh *mesh = NULL;
    double metres;
    int code;
    WEISS_TRY(weiss_mesh_parse_unit(ctx, unit, &metres));
    if (format[0] != '\0')
        WEISS_TRY(weiss_mesh_check_format(ctx, format));
    WEISS_TRY_OUT(code, read_problem(session, arguments->operand[0], &simulation));
    WEISS_TRY_OUT(code, weiss_mesh_obtain(simulation->problem, &mesh));
    code = weiss_agree(ctx, mesh != NULL ? write_mesh(ctx, mesh, arguments->operand[1], format, metres) : 0);
out:
    weiss_tetmesh_destroy(mesh);
    weiss_simulation_destroy(simulation);
    return code;
}

static int run(const weiss_command *command, const weiss_arguments *arguments)
{
    weiss_session *session;
    const char *format = weiss_arguments_get(command, arguments, "--format");
    const char *unit = weiss_arguments_get(command, arguments, "--unit");
    if (!weiss_start(&session))
        return WEISS_EXIT_ERROR;
    return weiss_end(session,
                     make(session, arguments, format != NULL ? format : "", unit != NULL ? unit : "nm"));
}

const weiss_command weiss_command_mesh_make = {
    .name = "make",
    .summary = "Make a mesh file from a shape",
    .operands = "MESH OUT",
    .min_operands = 2,
    .max_operands = 2,
    .options = options,
    .text = "Makes the mesh that a problem asks for and writes it to OUT. MESH is a problem file, or what "
            "would stand in\n"
            "its section mesh.\n"
            "\n"
            "Examples:\n"
            "  weiss mesh make bar.yaml bar.msh\n"
            "  weiss mesh make 'sphere: 10 nm, max_edge: 2 nm' sphere.msh\n"
            "A problem then uses it with\n"
            "  mesh: {file: sphere.msh, unit: nm}\n",
    .run = run,
};
