/* The few SVG elements that the curves need, written as text. Coordinates are pixels, y downwards. */
#ifndef WEISS_OUTPUT_SVG_H
#define WEISS_OUTPUT_SVG_H

#include <stddef.h>
#include <stdio.h>

typedef enum weiss_anchor { WEISS_ANCHOR_START, WEISS_ANCHOR_MIDDLE, WEISS_ANCHOR_END } weiss_anchor;

/** How a text looks. */
typedef struct weiss_svg_font {
    double size;
    weiss_anchor anchor;
    const char *colour;
    int bold;
    double turned; /**< degrees, counter-clockwise */
} weiss_svg_font;

void weiss_svg_begin(FILE *to, double width, double height, const char *title);
void weiss_svg_end(FILE *to);
void weiss_svg_line(FILE *to, double x1, double y1, double x2, double y2, const char *colour, double width,
                    const char *dashes);
/** Text; characters that mean something in XML are escaped. `_x` after a letter makes a subscript of the x. */
void weiss_svg_text(FILE *to, double x, double y, const weiss_svg_font *font, const char *text);
/** Characters of @p text as they may stand in XML. */
void weiss_svg_escape(FILE *to, const char *text);

#endif
