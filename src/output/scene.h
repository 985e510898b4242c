/* The body in a picture: its surface coloured by the magnetisation, its edges, and arrows that show the direction. */
#ifndef WEISS_OUTPUT_SCENE_H
#define WEISS_OUTPUT_SCENE_H

#include "output/raster.h"
#include "output/view.h"

typedef struct weiss_scene {
    weiss_context *ctx; /**< borrowed, as all below */
    const weiss_surface *surface;
    const double *m; /**< 3 * surface->nnodes */
    const weiss_view *view;
    const weiss_colour_map *map;
    weiss_raster *raster;
    double scale; /**< dots per metre */
} weiss_scene;

/** Place of a point of the body in the raster: dots, and depth in dots. */
weiss_corner weiss_scene_corner(const weiss_scene *scene, const double point[3]);
/** Brightness of a surface with that unit normal (in the coordinates of the body), about 1 where it faces the eye. */
double weiss_scene_shade(const weiss_scene *scene, const double normal[3]);

/** Draws the surface and its edges. Local. @return 0, WEISS_ERR_MEMORY */
int weiss_scene_draw_body(const weiss_scene *scene);
/** Draws arrows on what is seen of the surface, about @p spacing dots apart. Local. */
void weiss_scene_draw_arrows(const weiss_scene *scene, double spacing);

#endif
