/* Sparse matrices over the nodes of the mesh: rows of owned nodes, columns of local nodes (weiss_csr in term.h). */
#ifndef WEISS_FIELD_CSR_H
#define WEISS_FIELD_CSR_H

#include "field/term.h"

/** A matrix of zeros with an entry for each pair of nodes that share an element. Columns ascend in each row. Local.
 *  @return 0, WEISS_ERR_MEMORY; destroy it in both cases */
int weiss_csr_create(const weiss_mesh *mesh, weiss_csr *matrix);
void weiss_csr_destroy(weiss_csr *matrix);

/** The entry of owned node @p row and local node @p column, which must share an element. Borrowed. */
double *weiss_csr_entry(const weiss_csr *matrix, weiss_lidx row, weiss_lidx column);

/** out_i += sum_j C_ij v_j, three components at once. Local.
 *  @param[in]  v  3 per column, ghosts up to date
 *  @param[out] out  3 per row */
void weiss_csr_multiply(const weiss_csr *matrix, const double *v, double *out);
/** The same; returns sum_i weight_i v_i . (C v)_i over the rows. */
double weiss_csr_multiply_dot(const weiss_csr *matrix, const double *v, const double *weight, double *out);

#endif
