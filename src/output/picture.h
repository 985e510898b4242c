/* Pictures of the magnetisation on the surface of the body, as PNG. */
#ifndef WEISS_OUTPUT_PICTURE_H
#define WEISS_OUTPUT_PICTURE_H

#include "mesh/mesh.h"

#include <stdbool.h>

/** What a picture shows. All borrowed. */
typedef struct weiss_picture {
    const weiss_surface *surface;
    const double *m; /**< 3 * surface->nnodes */
    const char *title;
    const char *subtitle; /**< "t = 300 ps"; "" for none */
    int component; /**< colours: -1 the direction, 0, 1, 2 that component */
    bool arrows;
} weiss_picture;

/** Draws the picture without a display and writes it under a temporary name, then renames it. Local.
 *  @return 0, WEISS_ERR_FILE, WEISS_ERR_MEMORY, WEISS_ERR_LIBRARY (cairo) */
int weiss_picture_write(weiss_context *ctx, const weiss_picture *picture, const char *path);

#endif
