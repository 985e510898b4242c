/* From the `mesh:` section of a problem to a mesh that can be distributed. */
#include "mesh/quality.h"
#include "mesh/shapes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Keys that mean nothing for the source that was chosen are a misunderstanding, not a detail. */
static int refuse_key(weiss_context *ctx, const weiss_value *mesh, const char *key, const char *why)
{
    const weiss_value *value = weiss_value_get(mesh, key);
    if (value == NULL || value->is_default)
        return 0;
    return weiss_fail_at(ctx, value, "%s; leave it out", why);
}

static int read_file(const weiss_problem *problem, const weiss_value *mesh, weiss_tetmesh **out)
{
    weiss_context *ctx = problem->ctx;
    const weiss_value *file = weiss_value_get(mesh, "file"), *unit = weiss_value_get(mesh, "unit");
    char *path = NULL, text[64], why[256];
    double metres;
    WEISS_TRY(refuse_key(ctx, mesh, "max_edge", "a mesh file has its own edges"));
    WEISS_TRY(refuse_key(ctx, mesh, "grading", "a mesh file has its own edges"));
    if (unit == NULL)
        return weiss_fail_at(ctx, file, "the unit of its coordinates is missing: expected e.g. `unit: nm`");
    snprintf(text, sizeof text, "1 %s", unit->text);
    if (!weiss_parse_quantity(text, WEISS_LENGTH, &metres, why, sizeof why) || strlen(unit->text) > 8)
        return weiss_fail_at(ctx, unit, "expected a unit of length such as nm, um or m, found \"%s\"",
                             unit->text);
    WEISS_TRY(weiss_problem_path(problem, file->text, &path));
    int code = weiss_mesh_read_file(ctx, path, out);
    free(path);
    if (code == 0)
        weiss_tetmesh_scale(*out, metres);
    return code;
}

static int make_shape(weiss_context *ctx, const weiss_value *mesh, const weiss_value *source,
                      weiss_tetmesh **out)
{
    WEISS_TRY(refuse_key(ctx, mesh, "unit", "shapes are given with units of their own"));
    if (strcmp(source->name, "grid") == 0) {
        WEISS_TRY(refuse_key(ctx, mesh, "max_edge", "the cells of a grid set its edges"));
        WEISS_TRY(refuse_key(ctx, mesh, "grading", "the cells of a grid set its edges"));
    }
    for (const weiss_shape_class *const *shape = weiss_shape_table; *shape != NULL; shape++)
        if (strcmp((*shape)->key.name, source->name) == 0)
            return (*shape)->generate(ctx, mesh, source, out);
    return weiss_fail_at(ctx, source, "this shape has no generator");
}

/** A region that has elements, and its material. */
typedef struct region {
    int tag, material;
} region;

static int find_regions(const weiss_problem *problem, const weiss_tetmesh *mesh, region **regions,
                        int *nregions)
{
    size_t capacity = 0;
    int latest = -1; /* most elements are of the region of the one before */
    *regions = NULL;
    *nregions = 0;
    for (weiss_gidx e = 0; e < mesh->ntets; e++) {
        int tag = mesh->region[e];
        if (latest >= 0 && (*regions)[latest].tag == tag)
            continue;
        for (latest = 0; latest < *nregions && (*regions)[latest].tag != tag;)
            latest++;
        if (latest < *nregions)
            continue;
        WEISS_TRY(weiss_grow(problem->ctx, regions, &capacity, (size_t)*nregions + 1, sizeof **regions));
        region *new = &(*regions)[(*nregions)++];
        new->tag = tag;
        WEISS_TRY(weiss_problem_region_material(problem, tag, weiss_tetmesh_region_name(mesh, tag),
                                                &new->material));
    }
    return 0;
}

static int material_of(const region *regions, int nregions, int tag)
{
    for (int r = 0; r < nregions; r++)
        if (regions[r].tag == tag)
            return regions[r].material;
    return -1;
}

/** A rule for a region that the mesh does not have is probably misspelt. */
static void warn_of_idle_rules(const weiss_problem *problem, const weiss_tetmesh *mesh, const region *regions,
                               int nregions)
{
    for (int i = 0; i < problem->nregions; i++) {
        const weiss_region_rule *rule = &problem->regions[i];
        bool idle = strcmp(rule->region, "default") != 0;
        char number[16], present[256] = "";
        for (int r = 0; r < nregions && idle; r++) {
            const char *name = weiss_tetmesh_region_name(mesh, regions[r].tag);
            snprintf(number, sizeof number, "%d", regions[r].tag);
            idle = strcmp(rule->region, number) != 0 && strcmp(rule->region, name) != 0;
            size_t length = strlen(present);
            snprintf(present + length, sizeof present - length, "%s%s%s%s%s", r > 0 ? ", " : "", number,
                     name[0] != '\0' ? " (" : "", name, name[0] != '\0' ? ")" : "");
        }
        if (idle)
            weiss_warn(problem->ctx, "%s:%d: regions.%s: the mesh has no such region; it has: %s",
                       rule->value->file, rule->value->line, rule->region, present);
    }
}

/* Gmsh leaves a few edges of nearly twice the wanted length in every mesh; these alone harm nobody. */
static const double tolerated_long_edges = 1.0; /* per cent */

/** Warns once per material in which more than a hundredth of the edges are longer than sqrt(2 A / (mu0 Ms^2)). */
static void warn_of_long_edges(const weiss_problem *problem, const weiss_tetmesh *mesh, const region *regions,
                               int nregions)
{
    for (int m = 0; m < problem->nmaterials; m++) {
        const weiss_material *material = &problem->materials[m];
        const weiss_value *A = weiss_value_get(material->values, "A");
        weiss_edge_count edges = {0};
        char edge[32], scale[32];
        if (A == NULL || !(A->number > 0))
            continue;
        double exchange_length = sqrt(2 * A->number / (WEISS_MU0 * material->Ms * material->Ms));
        for (int r = 0; r < nregions; r++)
            if (regions[r].material == m)
                weiss_mesh_count_edges(mesh, regions[r].tag, exchange_length, &edges);
        double share = 100.0 * (double)edges.above / (double)edges.all;
        if (share > tolerated_long_edges)
            weiss_warn(problem->ctx,
                       "mesh: %.*f %% of the edges in %s, the longest %s, exceed its exchange length "
                       "sqrt(2 A/(mu0 Ms^2)) = %s: walls and vortices may be resolved badly; compare with a "
                       "finer mesh",
                       share < 10.0 ? 1 : 0, share, material->name,
                       weiss_format_quantity(edges.longest, WEISS_LENGTH, 3, edge, sizeof edge),
                       weiss_format_quantity(exchange_length, WEISS_LENGTH, 3, scale, sizeof scale));
    }
}

static const double size_of_an_atom = 5e-11; /* m */

/** Leaves out what is not magnetic and checks the rest. */
static int settle(const weiss_problem *problem, weiss_tetmesh *mesh)
{
    weiss_context *ctx = problem->ctx;
    weiss_mesh_quality quality = {0};
    region *regions = NULL;
    bool *keep = NULL;
    int code = 0, nregions;
    weiss_gidx nkept = 0;
    WEISS_TRY_OUT(code, find_regions(problem, mesh, &regions, &nregions));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, keep, mesh->ntets));
    warn_of_idle_rules(problem, mesh, regions, nregions);
    for (weiss_gidx e = 0; e < mesh->ntets; e++) { /* most elements are of the region of the one before */
        bool same = e > 0 && mesh->region[e] == mesh->region[e - 1];
        keep[e] = same ? keep[e - 1] : material_of(regions, nregions, mesh->region[e]) >= 0;
        nkept += keep[e];
    }
    if (nkept == 0 && mesh->ntets > 0) {
        code = weiss_fail(ctx, WEISS_ERR_MESH,
                          "%s: all %lld tetrahedra of the mesh belong to regions without material "
                          "(`none`): expected at least one magnetic region",
                          problem->path, (long long)mesh->ntets);
        goto out;
    }
    WEISS_TRY_OUT(code, weiss_mesh_inspect(ctx, mesh, nkept < mesh->ntets ? keep : NULL, &quality));
    warn_of_long_edges(problem, mesh, regions, nregions);
    weiss_info(ctx, "mesh: %lld nodes, %lld tetrahedra, edges %.3g to %.3g nm, volume %.6g m^3",
               (long long)quality.nnodes, (long long)quality.ntets, quality.edge_min * 1e9,
               quality.edge_max * 1e9, quality.volume);
    if (quality.edge_max < size_of_an_atom)
        weiss_warn(ctx,
                   "mesh: the longest edge, %.3g m, is shorter than an atom: is the unit of the mesh right?",
                   quality.edge_max);
out:
    weiss_mesh_quality_free(&quality);
    free(regions);
    free(keep);
    return code;
}

static int obtain_on_first(const weiss_problem *problem, weiss_tetmesh **out)
{
    const weiss_value *mesh = weiss_value_get(problem->root, "mesh"), *source = weiss_value_alternative(mesh);
    if (source == NULL)
        return weiss_fail(problem->ctx, WEISS_ERR_VALUE, "%s: mesh: expected a shape or a file",
                          problem->path);
    bool file = strcmp(source->name, "file") == 0;
    int code = problem->mesh_file != NULL ? weiss_mesh_read_file(problem->ctx, problem->mesh_file, out)
               : file                     ? read_file(problem, mesh, out)
                                          : make_shape(problem->ctx, mesh, source, out);
    if (code == 0)
        code = settle(problem, *out);
    if (code != 0) {
        weiss_tetmesh_destroy(*out);
        *out = NULL;
    }
    return code;
}

int weiss_mesh_obtain(const weiss_problem *problem, weiss_tetmesh **out)
{
    *out = NULL;
    int code = weiss_agree(problem->ctx, weiss_rank(problem->ctx) == 0 ? obtain_on_first(problem, out) : 0);
    if (code != 0) {
        weiss_tetmesh_destroy(*out);
        *out = NULL;
    }
    return code;
}
