#include "mesh/mesh.h"

#include "mesh/distribute.h"
#include "mesh/geometry.h"

#include <stdlib.h>
#include <string.h>

void weiss_mesh_destroy(weiss_mesh *mesh)
{
    if (mesh == NULL)
        return;
    weiss_piece_free(mesh);
    for (int r = 0; mesh->region_name != NULL && r < mesh->nregions; r++)
        free(mesh->region_name[r]);
    free(mesh->region_name);
    free(mesh->region_tag);
    free(mesh->body_node);
    weiss_surface_free(&mesh->surface);
    weiss_halo_destroy(mesh->halo);
    free(mesh);
}

double weiss_mesh_gradients(const weiss_mesh *mesh, weiss_lidx e, double gradient[4][3])
{
    const weiss_lidx *v = mesh->tet + 4 * (size_t)e;
    double edge[3][3];
    for (int k = 0; k < 3; k++)
        weiss_subtract(mesh->xyz + 3 * (size_t)v[k + 1], mesh->xyz + 3 * (size_t)v[0], edge[k]);
    weiss_cross(edge[1], edge[2], gradient[1]);
    weiss_cross(edge[2], edge[0], gradient[2]);
    weiss_cross(edge[0], edge[1], gradient[3]);
    double six_volumes = weiss_dot(edge[0], gradient[1]);
    for (int k = 0; k < 3; k++) {
        for (int i = 1; i < 4; i++)
            gradient[i][k] /= six_volumes;
        gradient[0][k] = -(gradient[1][k] + gradient[2][k] + gradient[3][k]);
    }
    return six_volumes / 6;
}

static bool nodes_are_valid(const weiss_mesh *mesh)
{
    if (mesh->nowned < 0 || mesh->nlocal < mesh->nowned || mesh->node_begin < 0 ||
        mesh->node_begin + mesh->nowned > mesh->nnodes_global)
        return false;
    for (weiss_lidx i = 0; i < mesh->nlocal - mesh->nowned; i++) {
        weiss_gidx g = mesh->ghost[i];
        if (g < 0 || g >= mesh->nnodes_global ||
            (g >= mesh->node_begin && g < mesh->node_begin + mesh->nowned))
            return false;
        if (i > 0 && (g <= mesh->ghost[i - 1] || mesh->ghost_owner[i] < mesh->ghost_owner[i - 1]))
            return false;
        if (mesh->ghost_owner[i] < 0 || mesh->ghost_owner[i] >= weiss_size(mesh->ctx) ||
            mesh->ghost_owner[i] == weiss_rank(mesh->ctx))
            return false;
    }
    for (weiss_lidx i = 0; i < mesh->nowned; i++)
        if (mesh->original[i] < 0 || mesh->original[i] >= mesh->nnodes_global)
            return false;
    return true;
}

static bool tet_is_valid(const weiss_mesh *mesh, weiss_lidx e)
{
    const weiss_lidx *v = mesh->tet + 4 * (size_t)e;
    weiss_gidx lowest = mesh->nnodes_global;
    int owned_corners = 0;
    for (int c = 0; c < 4; c++) {
        if (v[c] < 0 || v[c] >= mesh->nlocal)
            return false;
        weiss_gidx g = weiss_mesh_global(mesh, v[c]);
        lowest = g < lowest ? g : lowest;
        owned_corners += v[c] < mesh->nowned;
    }
    bool ours = lowest >= mesh->node_begin && lowest < mesh->node_begin + mesh->nowned;
    return owned_corners > 0 && ours == (e < mesh->ntets_owned) && mesh->tet_region[e] >= 0 &&
           mesh->tet_region[e] < mesh->nregions &&
           weiss_tet_volume(mesh->xyz + 3 * (size_t)v[0], mesh->xyz + 3 * (size_t)v[1],
                            mesh->xyz + 3 * (size_t)v[2], mesh->xyz + 3 * (size_t)v[3]) > 0;
}

/** A directed edge of a surface triangle; against: the triangle runs from the higher node to the lower. */
typedef struct directed_edge {
    weiss_gidx low, high;
    bool against;
} directed_edge;

static int by_nodes(const void *a, const void *b)
{
    const directed_edge *x = a, *y = b;
    if (x->low != y->low)
        return x->low < y->low ? -1 : 1;
    return (x->high > y->high) - (x->high < y->high);
}

/** Every edge is run through as often in one direction as in the other. */
static bool surface_is_closed(const weiss_surface *surface)
{
    size_t n = 3 * (size_t)surface->ntriangles;
    directed_edge *edge = malloc(n * sizeof *edge);
    if (edge == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        weiss_gidx a = surface->triangle[i], b = surface->triangle[i % 3 == 2 ? i - 2 : i + 1];
        edge[i] = (directed_edge){.low = a < b ? a : b, .high = a < b ? b : a, .against = a > b};
    }
    qsort(edge, n, sizeof *edge, by_nodes);
    bool closed = true;
    int balance = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && by_nodes(&edge[i], &edge[i - 1]) != 0) {
            closed = closed && balance == 0;
            balance = 0;
        }
        balance += edge[i].against ? -1 : 1;
    }
    free(edge);
    return closed && balance == 0;
}

/** Indices are in range, nodes ascend, and the normals of each body point outwards (it encloses a positive volume). */
static bool surface_is_valid(const weiss_mesh *mesh)
{
    const weiss_surface *surface = &mesh->surface;
    static const double origin[3] = {0, 0, 0};
    if (surface->nnodes < 4 || surface->ntriangles < 4)
        return false;
    for (weiss_gidx i = 0; i < surface->nnodes; i++)
        if (surface->node[i] < 0 || surface->node[i] >= mesh->nnodes_global ||
            (i > 0 && surface->node[i] <= surface->node[i - 1]))
            return false;
    for (weiss_gidx f = 0; f < surface->ntriangles; f++) {
        if (surface->body[f] < 0 || surface->body[f] >= mesh->nbodies)
            return false;
        for (int k = 0; k < 3; k++)
            if (surface->triangle[3 * f + k] < 0 || surface->triangle[3 * f + k] >= surface->nnodes)
                return false;
    }
    for (int b = 0; b < mesh->nbodies; b++) {
        double volume = 0;
        for (weiss_gidx f = 0; f < surface->ntriangles; f++) {
            const weiss_gidx *v = surface->triangle + 3 * f;
            if (surface->body[f] == b)
                volume += weiss_tet_volume(origin, surface->xyz + 3 * v[0], surface->xyz + 3 * v[1],
                                           surface->xyz + 3 * v[2]);
        }
        if (!(volume > 0))
            return false;
    }
    return surface_is_closed(surface);
}

bool weiss_mesh_is_valid(const weiss_mesh *mesh)
{
    if (!nodes_are_valid(mesh) || mesh->ntets_owned < 0 || mesh->ntets < mesh->ntets_owned)
        return false;
    for (weiss_lidx e = 0; e < mesh->ntets; e++)
        if (!tet_is_valid(mesh, e))
            return false;
    for (int b = 0; b < mesh->nbodies; b++)
        if (mesh->body_node[b] < 0 || mesh->body_node[b] >= mesh->nnodes_global)
            return false;
    return surface_is_valid(mesh);
}
