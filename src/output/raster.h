/* A small software rasteriser: shaded triangles with a depth buffer, drawn several times larger than shown so that edges
 * come out smooth. */
#ifndef WEISS_OUTPUT_RASTER_H
#define WEISS_OUTPUT_RASTER_H

#include "base/context.h"
#include "output/colour.h"

/** Dots per pixel in each direction. */
#define WEISS_RASTER_DOTS 3

typedef struct weiss_raster {
    int width, height; /**< dots */
    float *depth; /**< larger is nearer; -INFINITY where nothing is; owned */
    uint8_t *rgb; /**< 3 per dot; owned */
    int32_t *face; /**< number of what is seen, as given; -1: nothing; owned */
} weiss_raster;

/** A corner of a triangle: place in dots (y downwards), depth, and quantities that change linearly over it. */
typedef struct weiss_corner {
    double x, y, depth;
    double value[6];
} weiss_corner;

/** Colour of a dot from the interpolated quantities. */
typedef weiss_rgb (*weiss_shader)(const void *self, const double value[6]);

/** An empty raster for width x height pixels. Local. @return 0, WEISS_ERR_MEMORY */
int weiss_raster_create(weiss_context *ctx, int width, int height, weiss_raster **out);
void weiss_raster_destroy(weiss_raster *raster);

/** Draws a triangle where it is nearer than what is there. Corners in either sense. */
void weiss_raster_triangle(weiss_raster *raster, const weiss_corner corner[3], int32_t face,
                           weiss_shader shader, const void *self);
/** Darkens a line where it lies on, or nearer than, what is there less @p slack of depth.
 *  @param thick  dots  @param strength  0: not at all, 1: black */
void weiss_raster_line(weiss_raster *raster, const weiss_corner *a, const weiss_corner *b, double slack,
                       int thick, double strength);
/** Darkens the dots at the border of what is drawn. */
void weiss_raster_outline(weiss_raster *raster, int thick, double strength);
/** Averages the dots of each pixel into premultiplied ARGB of 32 bits (cairo's CAIRO_FORMAT_ARGB32). */
void weiss_raster_resolve(const weiss_raster *raster, unsigned char *pixels, int stride);

#endif
