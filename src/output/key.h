/* What explains a picture: the colours, the axes and the length scale. Drawn with cairo. */
#ifndef WEISS_OUTPUT_KEY_H
#define WEISS_OUTPUT_KEY_H

#include "output/view.h"

#include <cairo.h>

/** Width and height of the colour key, pixels. */
#define WEISS_KEY_WIDTH 190.0
#define WEISS_KEY_HEIGHT 424.0

/** Sets dark ink, a font of that size, and shows text at (x, y); @p align 0: starts there, 0.5: centred, 1: ends there. */
void weiss_key_text(cairo_t *cairo, double x, double y, double size, double align, int bold,
                    const char *text);
/** Width that such a text would take. */
double weiss_key_text_width(cairo_t *cairo, double size, int bold, const char *text);
/** Draws the colour key with its upper left corner at (x, y): two discs for directions (the halves of the sphere seen
 *  from both sides), or a bar for a component. */
void weiss_key_colours(cairo_t *cairo, double x, double y, const weiss_colour_map *map);
/** Draws the axes x, y, z as the view shows them, around (x, y). */
void weiss_key_axes(cairo_t *cairo, double x, double y, const weiss_view *view);
/** Draws a bar of a round length that ends at (right, y). @param scale  pixels per metre */
void weiss_key_length(cairo_t *cairo, double right, double y, double scale);

#endif
