/* Fingerprints: tell whether a checkpoint belongs to this mesh and this problem file. */
#ifndef WEISS_OUTPUT_FINGERPRINT_H
#define WEISS_OUTPUT_FINGERPRINT_H

#include "mesh/mesh.h"
#include "problem/problem.h"

typedef struct weiss_fingerprint {
    int64_t nodes, tetrahedra;
    uint64_t geometry; /**< of node coordinates, tetrahedra and regions, in the numbers of the mesh file */
    uint64_t problem; /**< of the text of the problem file */
} weiss_fingerprint;

/** The same for every number of ranks. Collective. @return 0, WEISS_ERR_MEMORY, WEISS_ERR_MPI */
int weiss_fingerprint_take(const weiss_mesh *mesh, const weiss_problem *problem, weiss_fingerprint *out);

#endif
