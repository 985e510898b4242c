#include "mesh/tetmesh.h"

#include <stdlib.h>
#include <string.h>

int weiss_tetmesh_create(weiss_context *ctx, weiss_gidx nnodes, weiss_gidx ntets, weiss_tetmesh **out)
{
    int code = 0;
    weiss_tetmesh *mesh = NULL;
    *out = NULL;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, mesh, 1));
    mesh->nnodes = nnodes;
    mesh->ntets = ntets;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, mesh->xyz, 3 * nnodes));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, mesh->tet, 4 * ntets));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, mesh->region, ntets));
    *out = mesh;
    mesh = NULL;
out:
    weiss_tetmesh_destroy(mesh);
    return code;
}

void weiss_tetmesh_destroy(weiss_tetmesh *mesh)
{
    if (mesh == NULL)
        return;
    for (int i = 0; i < mesh->nnames; i++)
        free(mesh->names[i].name);
    free(mesh->names);
    free(mesh->xyz);
    free(mesh->tet);
    free(mesh->region);
    free(mesh);
}

void weiss_tetmesh_scale(weiss_tetmesh *mesh, double unit)
{
    for (weiss_gidx i = 0; i < 3 * mesh->nnodes; i++)
        mesh->xyz[i] *= unit;
}

const char *weiss_tetmesh_region_name(const weiss_tetmesh *mesh, int tag)
{
    for (int i = 0; i < mesh->nnames; i++)
        if (mesh->names[i].tag == tag)
            return mesh->names[i].name;
    return "";
}

int weiss_tetmesh_name_region(weiss_context *ctx, weiss_tetmesh *mesh, int tag, const char *name)
{
    weiss_region_name *names = realloc(mesh->names, ((size_t)mesh->nnames + 1) * sizeof *names);
    if (names == NULL)
        return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory for the name of region %d", tag);
    mesh->names = names;
    char *copy = strdup(name);
    if (copy == NULL)
        return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory for the name of region %d", tag);
    names[mesh->nnames++] = (weiss_region_name){.tag = tag, .name = copy};
    return 0;
}
