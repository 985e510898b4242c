/* Terms with an energy density that depends on m at the same place only. */
#include "field/local.h"

#include <stdlib.h>

/* A share of a node in a material that has the term. */
typedef struct local_site {
    weiss_lidx node;
    int material;
    double volume; /* m^3 */
    double factor; /* -V / (mu0 moment of the node), field per gradient */
} local_site;

typedef struct local_term {
    const weiss_local_law *law; /* borrowed */
    char *constants; /* law->size bytes per material */
    local_site *site;
    weiss_lidx nsites;
} local_term;

static const void *constants_of(const local_term *t, int material)
{
    return t->constants + (size_t)material * t->law->size;
}

/* Reads the constants of all materials; @p present says which have some, @p any whether one has. */
static int read_materials(const weiss_space *space, local_term *t, bool *present, bool *any)
{
    const weiss_problem *problem = space->problem;
    for (int k = 0; k < problem->nmaterials; k++) {
        void *constants = t->constants + (size_t)k * t->law->size;
        WEISS_TRY(t->law->read(space->ctx, &problem->materials[k], constants, &present[k]));
        *any |= present[k];
    }
    return 0;
}

static int collect_sites(const weiss_space *space, local_term *t, const bool *present)
{
    const weiss_lidx nowned = space->mesh->nowned;
    WEISS_TRY(WEISS_NEW(space->ctx, t->site, space->site_begin[nowned]));
    for (weiss_lidx i = 0; i < nowned; i++)
        for (weiss_lidx s = space->site_begin[i]; s < space->site_begin[i + 1]; s++) {
            int material = space->region_material[space->site_region[s]];
            double volume = space->site_volume[s];
            if (present[material])
                t->site[t->nsites++] = (local_site){.node = i,
                                                    .material = material,
                                                    .volume = volume,
                                                    .factor = -volume / (WEISS_MU0 * space->moment[i])};
        }
    return 0;
}

int weiss_local_create(const weiss_space *space, const weiss_local_law *law, void **data)
{
    const int nmaterials = space->problem->nmaterials;
    local_term *t = NULL;
    bool *present = NULL, any = false;
    int code;
    *data = NULL;
    WEISS_TRY_OUT(code, WEISS_NEW(space->ctx, t, 1));
    t->law = law;
    WEISS_TRY_OUT(code, WEISS_NEW(space->ctx, present, nmaterials));
    WEISS_TRY_OUT(code, weiss_alloc(space->ctx, &t->constants, (size_t)nmaterials, law->size));
    WEISS_TRY_OUT(code, read_materials(space, t, present, &any));
    if (any)
        WEISS_TRY_OUT(code, collect_sites(space, t, present));
out:
    free(present);
    code = weiss_agree(space->ctx, code);
    if (code == 0 && any)
        *data = t;
    else
        weiss_local_destroy(t);
    return code;
}

void weiss_local_destroy(void *data)
{
    local_term *t = data;
    if (!t)
        return;
    free(t->constants);
    free(t->site);
    free(t);
}

int weiss_local_evaluate(void *data, const weiss_point *at, double *field, double *energy)
{
    const local_term *t = data;
    double sum = 0;
    for (weiss_lidx s = 0; s < t->nsites; s++) {
        const local_site *site = &t->site[s];
        double gradient[3], *h = field + 3 * (size_t)site->node;
        const double *m = at->m + 3 * (size_t)site->node;
        sum += site->volume * t->law->density(constants_of(t, site->material), m, gradient);
        for (int k = 0; k < 3; k++)
            h[k] += site->factor * gradient[k];
    }
    if (energy)
        *energy += sum;
    return 0;
}

int weiss_local_product(void *data, const weiss_point *at, const double *v, double *out)
{
    const local_term *t = data;
    for (weiss_lidx s = 0; t->law->curvature && s < t->nsites; s++) {
        const local_site *site = &t->site[s];
        const size_t i = 3 * (size_t)site->node;
        double change[3];
        t->law->curvature(constants_of(t, site->material), at->m + i, v + i, change);
        for (int k = 0; k < 3; k++)
            out[i + k] += site->factor * change[k];
    }
    return 0;
}

int weiss_local_diagonal(void *data, const weiss_point *at, double *blocks)
{
    static const double unit[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    const local_term *t = data;
    for (weiss_lidx s = 0; t->law->curvature && s < t->nsites; s++) {
        const local_site *site = &t->site[s];
        double column[3], *block = blocks + 9 * (size_t)site->node;
        for (int l = 0; l < 3; l++) {
            t->law->curvature(constants_of(t, site->material), at->m + 3 * (size_t)site->node, unit[l],
                              column);
            for (int k = 0; k < 3; k++)
                block[3 * k + l] += site->factor * column[k];
        }
    }
    return 0;
}
