/* Gmsh, loaded only when a shape is asked for: linking it would cost every start of the program its loading time (some
 * 75 ms) and put every binary under Gmsh's licence (GPL). Rank 0 only. */
#ifndef WEISS_MESH_GMSH_LIBRARY_H
#define WEISS_MESH_GMSH_LIBRARY_H

#include "base/context.h"

#include <gmshc.h>

/** The functions of Gmsh's C interface that are used. X(member, function) */
#define WEISS_GMSH_FUNCTIONS(X)                                                                              \
    X(initialize, gmshInitialize)                                                                            \
    X(finalize, gmshFinalize)                                                                                \
    X(set_number, gmshOptionSetNumber)                                                                       \
    X(last_error, gmshLoggerGetLastError)                                                                    \
    X(release, gmshFree)                                                                                     \
    X(add_model, gmshModelAdd)                                                                               \
    X(add_box, gmshModelOccAddBox)                                                                           \
    X(add_cylinder, gmshModelOccAddCylinder)                                                                 \
    X(add_sphere, gmshModelOccAddSphere)                                                                     \
    X(dilate, gmshModelOccDilate)                                                                            \
    X(synchronize, gmshModelOccSynchronize)                                                                  \
    X(set_size_callback, gmshModelMeshSetSizeCallback)                                                       \
    X(generate, gmshModelMeshGenerate)                                                                       \
    X(get_nodes, gmshModelMeshGetNodes)                                                                      \
    X(get_elements, gmshModelMeshGetElementsByType)

typedef struct weiss_gmsh {
    weiss_context *ctx; /**< borrowed */
    void *library; /**< NULL when not loaded */
    char *locale; /**< the program's own, put back by weiss_gmsh_close; owned */
    bool running; /**< between gmshInitialize and gmshFinalize */
#define X(member, function) __typeof__(&function) member;
    WEISS_GMSH_FUNCTIONS(X)
#undef X
} weiss_gmsh;

/** Loads Gmsh (the version of the header that this was built with) and starts it: silent, one thread, no configuration
 *  files, an empty model. Local. Call weiss_gmsh_close also after a failure.
 *  @return 0, WEISS_ERR_LIBRARY, WEISS_ERR_MEMORY */
int weiss_gmsh_open(weiss_context *ctx, weiss_gmsh *gmsh);
/** Ends Gmsh and restores the program's locale. The library stays loaded. */
void weiss_gmsh_close(weiss_gmsh *gmsh);

/** Turns an error code of Gmsh into ours, with its text. @p what completes "Gmsh could not ...".
 *  @return 0 when @p ierr is 0, WEISS_ERR_LIBRARY */
int weiss_gmsh_check(const weiss_gmsh *gmsh, int ierr, const char *what);

#endif
