/* A problem in which every term is active, with two materials and awkward directions. */
#ifdef WITH_EXAMPLE_TERM
#define EXAMPLE_TERM "    unidirectional: {K: 5e4 J/m^3, direction: [1, 0, 2]}\n"
#else
#define EXAMPLE_TERM ""
#endif

static const double everything_cut[] = {12e-9};
static const test_body_spec everything = {
    .size = {30e-9, 20e-9, 16e-9},
    .cells = {5, 4, 3},
    .cut = everything_cut,
    .ncuts = 1,
    .text = "materials:\n"
            "  soft:\n"
            "    Ms: 0.86e6 A/m\n"
            "    A: 13e-12 J/m\n"
            "    alpha: 0.5\n"
            "    uniaxial: {K1: -2e5 J/m^3, K2: 1.3e5 J/m^3, axis: [1, 2, -2]}\n"
            "  hard:\n"
            "    Ms: 0.4e6 A/m\n"
            "    A: 5e-12 J/m\n"
            "    alpha: 0.1\n"
            "    uniaxial: {K1: 3e5 J/m^3, axis: [0, 1, 1]}\n"
            EXAMPLE_TERM
            "    cubic: {K1: 4e5 J/m^3, K2: -2e5 J/m^3, K3: 1e5 J/m^3, axis1: [1, 1, 0], axis2: [1, -1, 1]}\n"
            "regions: {1: soft, 2: hard}\n"
            "applied:\n"
            "  - {field: [10 mT, 20 mT, 0]}\n"
            "  - {field: [0, 0, 3e4 A/m], regions: [2], time: {sine: {frequency: 1 GHz}}}\n",
};
