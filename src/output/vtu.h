/* One VTU file (VTK XML unstructured grid) of the whole mesh, written by all ranks together through MPI-IO.
 *
 *   XML header            written by rank 0; says at which offset each array starts
 *   _                     start of the appended raw data; for each array
 *     UInt64 bytes        its length
 *     values              every rank writes the slab of the nodes or tetrahedra it owns
 *   XML end
 *
 * All offsets and lengths have 64 bits; node numbers have 32 bits where these suffice. */
#ifndef WEISS_OUTPUT_VTU_H
#define WEISS_OUTPUT_VTU_H

#include "mesh/mesh.h"

/** An array on the owned nodes or on the owned tetrahedra: either real or whole numbers. */
typedef struct weiss_vtu_array {
    const char *name;
    int ncomp; /**< 1 or 3 */
    const double *real; /**< ncomp per node or tetrahedron; borrowed; NULL for whole numbers */
    const int32_t *whole; /**< the same */
} weiss_vtu_array;

/** What a file holds. */
typedef struct weiss_vtu {
    const weiss_mesh *mesh; /**< borrowed */
    double time; /**< s; field data "TimeValue" */
    double unit; /**< metres per unit of length in the file; field data "metres_per_unit" */
    bool single; /**< real numbers as Float32 instead of Float64 */
    const weiss_vtu_array *point_array; /**< npoint_arrays; borrowed */
    int npoint_arrays;
    const weiss_vtu_array *cell_array; /**< ncell_arrays; borrowed */
    int ncell_arrays;
    size_t chunk; /**< bytes that a rank writes at a time; 0: 16 MiB. The file does not depend on it */
} weiss_vtu;

/** Writes a file under a temporary name, syncs and renames it. Collective.
 *  @return 0, WEISS_ERR_FILE (@p path is then as before), WEISS_ERR_MEMORY */
int weiss_vtu_write(const weiss_vtu *what, const char *path);

#endif
