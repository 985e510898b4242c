#include "mesh/gmsh_library.h"

#include <dlfcn.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define STRING_OF(x) #x
#define TEXT_OF(x) STRING_OF(x)
/* Debian names the library after the first two numbers of the version; between them functions change their arguments. */
#define LIBRARY "libgmsh.so." TEXT_OF(GMSH_API_VERSION_MAJOR) "." TEXT_OF(GMSH_API_VERSION_MINOR)

int weiss_gmsh_check(const weiss_gmsh *gmsh, int ierr, const char *what)
{
    int nested;
    char *text = NULL;
    if (ierr == 0)
        return 0;
    gmsh->last_error(&text, &nested);
    int code = weiss_fail(gmsh->ctx, WEISS_ERR_LIBRARY, "Gmsh could not %s: %s", what,
                          text != NULL && text[0] != '\0' ? text : "it gave no reason");
    gmsh->release(text);
    return code;
}

static int load_functions(weiss_gmsh *gmsh)
{
    /* NODELETE: the libraries below Gmsh do not bear being unloaded. */
    gmsh->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (gmsh->library == NULL)
        return weiss_fail(
            gmsh->ctx, WEISS_ERR_LIBRARY,
            "Gmsh is needed to make this shape but cannot be loaded (%s): install it (Debian: libgmsh4.8), "
            "use `grid:`, or give a mesh file",
            dlerror());
#define X(member, function)                                                                                  \
    {                                                                                                        \
        void *address = dlsym(gmsh->library, #function);                                                     \
        if (address == NULL)                                                                                 \
            return weiss_fail(gmsh->ctx, WEISS_ERR_LIBRARY, "%s has no function %s: expected version %s",    \
                              LIBRARY, #function, GMSH_API_VERSION);                                         \
        memcpy(&gmsh->member, &address, sizeof address);                                                     \
    }
    WEISS_GMSH_FUNCTIONS(X)
#undef X
    return 0;
}

/** Same input, same mesh: one thread, a fixed seed. Sizes come from the size callback alone. */
static const struct {
    const char *option;
    double value;
} settings[] = {
    {"General.Terminal", 0},
    {"General.NumThreads", 1},
    {"Mesh.RandomSeed", 1},
    {"Mesh.Algorithm", 6}, /* frontal-Delaunay on surfaces */
    {"Mesh.Algorithm3D", 1}, /* Delaunay */
    {"Mesh.Optimize", 1}, /* swaps and moves in elements worse than the threshold: removes slivers */
    {"Mesh.OptimizeThreshold", 0.8}, /* by default 0.3, which leaves dihedral angles of some 10 degrees */
    {"Mesh.MeshSizeExtendFromBoundary", 0},
    {"Mesh.MeshSizeFromPoints", 0},
    {"Mesh.MeshSizeFromCurvature", 0},
};

int weiss_gmsh_open(weiss_context *ctx, weiss_gmsh *gmsh)
{
    int ierr = 0;
    memset(gmsh, 0, sizeof *gmsh);
    gmsh->ctx = ctx;
    WEISS_TRY(load_functions(gmsh));
    gmsh->locale = strdup(setlocale(LC_ALL, NULL));
    if (gmsh->locale == NULL)
        return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory for the name of the locale");
    gmsh->initialize(0, NULL, 0, &ierr);
    if (ierr != 0)
        return weiss_fail(ctx, WEISS_ERR_LIBRARY, "Gmsh could not be started (error %d)", ierr);
    gmsh->running = true;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        gmsh->set_number(settings[i].option, settings[i].value, &ierr);
        WEISS_TRY(weiss_gmsh_check(gmsh, ierr, settings[i].option));
    }
    gmsh->add_model("weiss", &ierr);
    return weiss_gmsh_check(gmsh, ierr, "start a model");
}

void weiss_gmsh_close(weiss_gmsh *gmsh)
{
    int ierr;
    if (gmsh->running)
        gmsh->finalize(&ierr);
    if (gmsh->locale != NULL)
        setlocale(LC_ALL, gmsh->locale);
    free(gmsh->locale);
    if (gmsh->library != NULL)
        dlclose(gmsh->library);
    memset(gmsh, 0, sizeof *gmsh);
}
