#include "output/raster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int weiss_raster_create(weiss_context *ctx, int width, int height, weiss_raster **out)
{
    int code = 0;
    weiss_raster *r;
    *out = NULL;
    WEISS_TRY(WEISS_NEW(ctx, r, 1));
    r->width = width * WEISS_RASTER_DOTS;
    r->height = height * WEISS_RASTER_DOTS;
    size_t dots = (size_t)r->width * (size_t)r->height;
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, r->depth, dots));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, r->rgb, 3 * dots));
    WEISS_TRY_OUT(code, WEISS_NEW(ctx, r->face, dots));
    for (size_t i = 0; i < dots; i++) {
        r->depth[i] = -INFINITY;
        r->face[i] = -1;
    }
    *out = r;
out:
    if (code != 0)
        weiss_raster_destroy(r);
    return code;
}

void weiss_raster_destroy(weiss_raster *raster)
{
    if (raster == NULL)
        return;
    free(raster->depth);
    free(raster->rgb);
    free(raster->face);
    free(raster);
}

static uint8_t byte_of(double value)
{
    return (uint8_t)(value <= 0.0 ? 0 : value >= 1.0 ? 255 : lround(255.0 * value));
}

static int clamp(double value, int low, int high)
{
    return value < low ? low : value > high ? high : (int)value;
}

/* Twice the signed area of the triangle a b (x, y). */
static double area(const weiss_corner *a, const weiss_corner *b, double x, double y)
{
    return (b->x - a->x) * (y - a->y) - (b->y - a->y) * (x - a->x);
}

void weiss_raster_triangle(weiss_raster *r, const weiss_corner corner[3], int32_t face, weiss_shader shader,
                           const void *self)
{
    const weiss_corner *a = &corner[0], *b = &corner[1], *c = &corner[2];
    double whole = area(a, b, c->x, c->y);
    if (fabs(whole) < 1e-12)
        return;
    int left = clamp(floor(fmin(a->x, fmin(b->x, c->x))), 0, r->width);
    int right = clamp(ceil(fmax(a->x, fmax(b->x, c->x))), 0, r->width);
    int top = clamp(floor(fmin(a->y, fmin(b->y, c->y))), 0, r->height);
    int bottom = clamp(ceil(fmax(a->y, fmax(b->y, c->y))), 0, r->height);
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) {
            double wa = area(b, c, x + 0.5, y + 0.5) / whole, wb = area(c, a, x + 0.5, y + 0.5) / whole;
            double wc = 1.0 - wa - wb, value[6];
            if (wa < 0.0 || wb < 0.0 || wc < -1e-9)
                continue;
            size_t at = (size_t)y * (size_t)r->width + (size_t)x;
            float depth = (float)(wa * a->depth + wb * b->depth + wc * c->depth);
            if (depth <= r->depth[at])
                continue;
            for (int k = 0; k < 6; k++)
                value[k] = wa * a->value[k] + wb * b->value[k] + wc * c->value[k];
            weiss_rgb colour = shader(self, value);
            r->depth[at] = depth;
            r->face[at] = face;
            r->rgb[3 * at] = byte_of(colour.r);
            r->rgb[3 * at + 1] = byte_of(colour.g);
            r->rgb[3 * at + 2] = byte_of(colour.b);
        }
}

static void darken(weiss_raster *r, size_t at, double strength)
{
    for (int k = 0; k < 3; k++)
        r->rgb[3 * at + (size_t)k] = (uint8_t)lround(r->rgb[3 * at + (size_t)k] * (1.0 - strength));
}

void weiss_raster_line(weiss_raster *r, const weiss_corner *a, const weiss_corner *b, double slack, int thick,
                       double strength)
{
    double dx = b->x - a->x, dy = b->y - a->y, length = hypot(dx, dy);
    if (length < 1e-9)
        return;
    double half = thick / 2.0;
    int left = clamp(floor(fmin(a->x, b->x) - half), 0, r->width),
        right = clamp(ceil(fmax(a->x, b->x) + half), 0, r->width);
    int top = clamp(floor(fmin(a->y, b->y) - half), 0, r->height);
    int bottom = clamp(ceil(fmax(a->y, b->y) + half), 0, r->height);
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) {
            double px = x + 0.5 - a->x, py = y + 0.5 - a->y, along = (px * dx + py * dy) / (length * length);
            size_t at = (size_t)y * (size_t)r->width + (size_t)x;
            if (along < 0.0 || along > 1.0 || fabs(px * dy - py * dx) / length > half || r->face[at] < 0)
                continue;
            if (a->depth + along * (b->depth - a->depth) + slack >= r->depth[at])
                darken(r, at, strength);
        }
}

/* True when nothing is drawn at some dot about @p thick dots away. */
static bool near_border(const weiss_raster *r, int x, int y, int thick)
{
    static const int way[8][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {1, -1}, {-1, 1}, {-1, -1}};
    for (int k = 0; k < 8; k++) {
        int reach = k < 4 ? thick : (7 * thick + 5) / 10; /* the same distance along a diagonal */
        int px = x + reach * way[k][0], py = y + reach * way[k][1];
        if (px < 0 || py < 0 || px >= r->width || py >= r->height ||
            r->face[(size_t)py * (size_t)r->width + (size_t)px] < 0)
            return true;
    }
    return false;
}

void weiss_raster_outline(weiss_raster *r, int thick, double strength)
{
    for (int y = 0; y < r->height; y++)
        for (int x = 0; x < r->width; x++) {
            size_t at = (size_t)y * (size_t)r->width + (size_t)x;
            if (r->face[at] >= 0 && near_border(r, x, y, thick))
                darken(r, at, strength);
        }
}

void weiss_raster_resolve(const weiss_raster *r, unsigned char *pixels, int stride)
{
    const int n = WEISS_RASTER_DOTS;
    for (int y = 0; y < r->height / n; y++) {
        uint32_t *row = (uint32_t *)(void *)(pixels + (size_t)y * (size_t)stride);
        for (int x = 0; x < r->width / n; x++) {
            uint32_t sum[3] = {0, 0, 0}, covered = 0;
            for (int j = 0; j < n; j++)
                for (int i = 0; i < n; i++) {
                    size_t at = (size_t)(y * n + j) * (size_t)r->width + (size_t)(x * n + i);
                    if (r->face[at] < 0)
                        continue;
                    covered++;
                    for (int k = 0; k < 3; k++)
                        sum[k] += r->rgb[3 * at + (size_t)k];
                }
            uint32_t dots = (uint32_t)(n * n);
            row[x] = 255 * covered / dots << 24 | sum[0] / dots << 16 | sum[1] / dots << 8 | sum[2] / dots;
        }
    }
}
