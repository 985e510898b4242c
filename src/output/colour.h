/* Colours of directions. */
#ifndef WEISS_OUTPUT_COLOUR_H
#define WEISS_OUTPUT_COLOUR_H

#include <stdint.h>

/** sRGB, components 0 to 1. */
typedef struct weiss_rgb {
    double r, g, b;
} weiss_rgb;

/** What the colour of a vector shows. */
typedef struct weiss_colour_map {
    int component; /**< 0, 1, 2: blue (-1) over white (0) to red (+1) of that component; -1: the direction */
    int plane[2]; /**< direction: the hue is the angle from axis plane[0] towards axis plane[1] ... */
    int normal; /**< ... and the lightness the component along this axis: light is positive */
} weiss_colour_map;

/** Colour of a unit vector. Hues have equal lightness (Ottosson's OKLab), so that lightness speaks for itself. */
weiss_rgb weiss_colour_of(const weiss_colour_map *map, const double m[3]);

/** Perceived lightness (OKLab's L) of a colour, 0 to 1. */
double weiss_lightness(weiss_rgb colour);

#endif
