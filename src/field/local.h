/* Terms that are local: an energy density e(m) at each place, with constants from the material there (anisotropies).
 * Such a term gives its density, gradient and curvature at one vector; this file does the rest.
 *
 * With the sites s of node i (space.h): E = sum_s V_s e(m_i), H_i = -(1 / (mu0 moment_i)) sum_s V_s de/dm. */
#ifndef WEISS_FIELD_LOCAL_H
#define WEISS_FIELD_LOCAL_H

#include "field/term.h"

/** What a local term is. The functions take any m; they need not treat |m| = 1 specially. Local, all of them. */
typedef struct weiss_local_law {
    size_t size; /**< bytes of the constants of one material */
    /** Reads the constants of a material, or leaves @p *present false when it has none of this term.
     *  @param[out] constants  zeroed, of `size` bytes
     *  @return 0, WEISS_ERR_VALUE */
    int (*read)(weiss_context *ctx, const weiss_material *material, void *constants, bool *present);
    /** Energy density e(m) (J/m^3); its gradient de/dm goes to @p gradient. */
    double (*density)(const void *constants, const double m[3], double gradient[3]);
    /** Second derivatives of e(m) times a vector, d(de/dm)/dm v. NULL: the density is linear. */
    void (*curvature)(const void *constants, const double m[3], const double v[3], double out[3]);
} weiss_local_law;

/** To be called by the term's create. Leaves @p *data NULL when no material has constants of @p law. Collective.
 *  @param law  borrowed; usually static */
int weiss_local_create(const weiss_space *space, const weiss_local_law *law, void **data);

/** The functions of the term's class; @p data is what weiss_local_create made. */
void weiss_local_destroy(void *data);
int weiss_local_evaluate(void *data, const weiss_point *at, double *field, double *energy);
int weiss_local_product(void *data, const weiss_point *at, const double *v, double *out);
int weiss_local_diagonal(void *data, const weiss_point *at, double *blocks);

#endif
