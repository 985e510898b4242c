/* The finite-element operators around the potential u: the right side from the magnetisation, the stiffness matrix, and
 * the field from the gradient. Linear functions phi_i, V_e and Ms_e volume and magnetisation of element e.
 *
 *     b_i = sum_e Ms_e V_e grad phi_i . (mean of m over e) = sum_j C_ij . m_j,   C_ij = sum_e Ms_e V_e / 4 grad phi_i
 *     K_ij = sum_e V_e grad phi_i . grad phi_j
 *     H_i = -1 / moment_i sum_e Ms_e V_e / 4 grad u|_e = -1 / moment_i sum_j C_ji u_j
 *
 * So sum_i moment_i m_i . H_i = - b . u: the energy is that of the derivative. In the volume C_ji = -C_ij; the two differ
 * only where both nodes lie on the surface or where Ms jumps, so that C and a small correction serve both. */
#ifndef WEISS_FIELD_DEMAG_OPERATORS_H
#define WEISS_FIELD_DEMAG_OPERATORS_H

#include "field/csr.h"

/** Sparse rows of vectors. */
typedef struct weiss_vector_rows {
    int64_t *begin; /**< nrows + 1 */
    weiss_lidx *column; /**< local nodes */
    double *value; /**< 3 per entry, A m */
} weiss_vector_rows;

typedef struct weiss_potential_operators {
    const weiss_space *space; /**< borrowed */
    weiss_csr stiffness; /**< K of owned rows, m */
    weiss_vector_rows source; /**< C_ij of owned rows i; shares begin and column with stiffness */
    weiss_vector_rows extra; /**< C_ji + C_ij of owned rows i, where it is not zero */
} weiss_potential_operators;

/** Local. @return 0, WEISS_ERR_MEMORY */
int weiss_potential_operators_create(const weiss_space *space, weiss_potential_operators **out);
void weiss_potential_operators_destroy(weiss_potential_operators *operators);

/** b of owned nodes; @p m is 3 * nlocal with ghosts. Local. */
void weiss_potential_source(const weiss_potential_operators *operators, const double *m, double *b);
/** Adds H of owned nodes to @p field; @p u is nlocal with ghosts. Returns sum_i moment_i m_i . H_i. Local. */
double weiss_potential_field(const weiss_potential_operators *operators, const double *u, const double *m,
                             double *field);

#endif
