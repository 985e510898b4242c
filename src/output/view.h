/* The point from which a body is looked at: a parallel projection that suits its shape. */
#ifndef WEISS_OUTPUT_VIEW_H
#define WEISS_OUTPUT_VIEW_H

#include "mesh/mesh.h"
#include "output/colour.h"

typedef struct weiss_view {
    double right[3], up[3], towards[3]; /**< unit vectors of the picture; towards: from the body to the eye */
    double centre[3]; /**< m, shown in the middle */
    double width, height; /**< m, what the body covers in the picture */
    int plane[2], normal; /**< axes that the colours show best, see weiss_colour_map */
} weiss_view;

/** Chooses the view: thin films from above, all else from the side and a little from above with the longest axis across
 *  or up. Colours: the hue shows the plane of the two longer axes. Local. */
void weiss_view_choose(const weiss_surface *surface, weiss_view *view);

/** Coordinates of a point in the picture, m from its middle: to the right, up, towards the eye. */
static inline void weiss_view_project(const weiss_view *view, const double point[3], double out[3])
{
    const double *const axis[3] = {view->right, view->up, view->towards};
    for (int k = 0; k < 3; k++) {
        out[k] = 0.0;
        for (int c = 0; c < 3; c++)
            out[k] += axis[k][c] * (point[c] - view->centre[c]);
    }
}

#endif
