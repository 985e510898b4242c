/* What all terms share: lumped volumes and magnetic moments of the nodes, and the materials around each node.
 *
 * Energies that are local in m are integrated with lumped mass: each node stands for a quarter of every tetrahedron
 * around it. At an interface a node has one share in each material: a *site*. A term that is local loops over sites.
 * The field is the derivative of the energy: H_i = -(1 / (mu0 moment_i)) dE/dm_i, with moment_i = sum Ms V / 4. */
#ifndef WEISS_FIELD_SPACE_H
#define WEISS_FIELD_SPACE_H

#include "mesh/mesh.h"
#include "problem/problem.h"

typedef struct weiss_space {
    weiss_context *ctx;           /**< borrowed */
    const weiss_mesh *mesh;       /**< borrowed */
    const weiss_problem *problem; /**< borrowed */
    int *region_material;         /**< mesh->nregions, index into problem->materials; owned */
    double *volume;               /**< nowned, m^3; owned */
    double *moment;               /**< nowned, A m^2; owned */
    double *alpha;                /**< nowned, moment-weighted mean of the materials around; owned */
    double *gamma;                /**< nowned, the same, m/(A s); owned */
    double total_volume;          /**< whole mesh */
    double total_moment;          /**< whole mesh */
    weiss_lidx *site_begin;       /**< nowned + 1: sites of node i are site_begin[i] .. site_begin[i+1]-1; owned */
    int32_t *site_region;         /**< region index of each site; owned */
    double *site_volume;          /**< m^3, sums to volume over the sites of a node; owned */
} weiss_space;

/** Collective. */
int weiss_space_create(const weiss_problem *problem, const weiss_mesh *mesh, weiss_space **out);
void weiss_space_destroy(weiss_space *space);

/** Material of a region / of a tet. */
static inline const weiss_material *weiss_space_material(const weiss_space *s, int region)
{
    return &s->problem->materials[s->region_material[region]];
}

/** Moment-weighted mean magnetisation direction over the whole mesh. Collective. */
int weiss_space_mean(const weiss_space *space, const double *m, double mean[3]);

#endif
