#include "output/picture.h"

#include "base/file.h"
#include "output/key.h"
#include "output/scene.h"

#include <cairo.h>
#include <math.h>

/* Pixels. */
#define MOST_WIDTH 860.0
#define MOST_HEIGHT 680.0
#define LEAST_WIDTH 420.0
#define LEAST_HEIGHT 420.0
#define MARGIN 44.0
#define TOP 84.0
#define BOTTOM 104.0

typedef struct layout {
    double scale; /* pixels per metre */
    int body_width, height; /* of the part of the picture that shows the body */
    double left, top; /* of that part */
    int picture_width, picture_height;
} layout;

static layout plan(const weiss_view *view)
{
    layout l = {.left = MARGIN / 2, .top = TOP};
    l.scale = fmin(MOST_WIDTH / view->width, MOST_HEIGHT / view->height);
    l.body_width = (int)(fmax(view->width * l.scale, LEAST_WIDTH) + MARGIN);
    l.height = (int)(fmax(view->height * l.scale, LEAST_HEIGHT - MARGIN) + MARGIN);
    l.picture_width = (int)(l.left + l.body_width + WEISS_KEY_WIDTH + MARGIN);
    l.picture_height = (int)(TOP + l.height + BOTTOM);
    return l;
}

/* The body in a raster of its own, which is then painted into the picture. */
static int draw_body(weiss_context *ctx, const weiss_picture *picture, const weiss_view *view,
                     const weiss_colour_map *map, const layout *l, cairo_t *cairo)
{
    weiss_raster *raster;
    WEISS_TRY(weiss_raster_create(ctx, l->body_width, l->height, &raster));
    const weiss_scene scene = {.ctx = ctx,
                               .surface = picture->surface,
                               .m = picture->m,
                               .view = view,
                               .map = map,
                               .raster = raster,
                               .scale = l->scale * WEISS_RASTER_DOTS};
    int code = weiss_scene_draw_body(&scene);
    if (code == 0 && picture->arrows) {
        double narrow = fmin(view->width, view->height) * l->scale;
        weiss_scene_draw_arrows(&scene, WEISS_RASTER_DOTS * fmin(fmax(narrow / 8.0, 17.0), 42.0));
    }
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, l->body_width, l->height);
    if (code == 0 && cairo_surface_status(image) == CAIRO_STATUS_SUCCESS) {
        weiss_raster_resolve(raster, cairo_image_surface_get_data(image),
                             cairo_image_surface_get_stride(image));
        cairo_surface_mark_dirty(image);
        cairo_set_source_surface(cairo, image, l->left, l->top);
        cairo_paint(cairo);
    }
    cairo_surface_destroy(image);
    weiss_raster_destroy(raster);
    return code;
}

static int draw(weiss_context *ctx, const weiss_picture *picture, const weiss_view *view, const layout *l,
                cairo_t *cairo)
{
    const weiss_colour_map map = {
        .component = picture->component, .plane = {view->plane[0], view->plane[1]}, .normal = view->normal};
    cairo_set_source_rgb(cairo, 0.972, 0.976, 0.984);
    cairo_paint(cairo);
    WEISS_TRY(draw_body(ctx, picture, view, &map, l, cairo));
    double room = l->picture_width - 2 * MARGIN, wide = weiss_key_text_width(cairo, 22, 1, picture->title);
    weiss_key_text(cairo, MARGIN, 44, wide > room ? 22 * room / wide : 22, 0, 1, picture->title);
    weiss_key_text(cairo, MARGIN, 70, 15, 0, 0, picture->subtitle);
    weiss_key_colours(cairo, l->left + l->body_width, l->top + fmax(0.0, (l->height - WEISS_KEY_HEIGHT) / 2),
                      &map);
    weiss_key_axes(cairo, MARGIN + 42, l->picture_height - 46, view);
    weiss_key_length(cairo, l->left + l->body_width - 20, l->picture_height - 44, l->scale);
    return 0;
}

static cairo_status_t write_bytes(void *file, const unsigned char *data, unsigned int length)
{
    return fwrite(data, 1, length, file) == length ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static int write_png(weiss_context *ctx, cairo_surface_t *image, const char *path)
{
    weiss_new_file file;
    WEISS_TRY(weiss_file_begin(ctx, path, &file));
    cairo_status_t status = cairo_surface_write_to_png_stream(image, write_bytes, file.stream);
    if (status != CAIRO_STATUS_SUCCESS && status != CAIRO_STATUS_WRITE_ERROR) {
        weiss_file_abandon(&file);
        return weiss_fail(ctx, WEISS_ERR_LIBRARY, "%s: cannot be made: %s (cairo)", path,
                          cairo_status_to_string(status));
    }
    return weiss_file_commit(ctx, &file); /* tells why it could not be written */
}

int weiss_picture_write(weiss_context *ctx, const weiss_picture *picture, const char *path)
{
    weiss_view view;
    weiss_view_choose(picture->surface, &view);
    layout l = plan(&view);
    cairo_surface_t *image =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, l.picture_width, l.picture_height);
    cairo_t *cairo = cairo_create(image);
    int code = draw(ctx, picture, &view, &l, cairo);
    cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    if (code == 0 && status != CAIRO_STATUS_SUCCESS)
        code = weiss_fail(ctx, WEISS_ERR_LIBRARY, "%s: cannot be drawn: %s (cairo)", path,
                          cairo_status_to_string(status));
    if (code == 0)
        code = write_png(ctx, image, path);
    cairo_surface_destroy(image);
    return code;
}
