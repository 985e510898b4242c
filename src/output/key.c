#include "output/key.h"

#include "base/units.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define DISC_RADIUS 62

static void set_ink(cairo_t *cairo)
{
    cairo_set_source_rgb(cairo, 0.12, 0.16, 0.20);
}

double weiss_key_text_width(cairo_t *cairo, double size, int bold, const char *text)
{
    cairo_text_extents_t extents;
    cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, size);
    cairo_text_extents(cairo, text, &extents);
    return extents.x_advance;
}

void weiss_key_text(cairo_t *cairo, double x, double y, double size, double align, int bold, const char *text)
{
    double width = weiss_key_text_width(cairo, size, bold, text);
    set_ink(cairo);
    cairo_move_to(cairo, x - align * width, y);
    cairo_show_text(cairo, text);
}

/* A letter with an index below it ("m" and "x") and what follows, centred at x. */
static void draw_indexed(cairo_t *cairo, double x, double y, double size, const char *letter, char index,
                         const char *rest)
{
    const char below[2] = {index, '\0'};
    double first = weiss_key_text_width(cairo, size, 0, letter);
    double second = weiss_key_text_width(cairo, 0.75 * size, 0, below);
    double left = x - (first + second + weiss_key_text_width(cairo, size, 0, rest)) / 2;
    weiss_key_text(cairo, left, y, size, 0, 0, letter);
    weiss_key_text(cairo, left + first, y + 0.22 * size, 0.75 * size, 0, 0, below);
    weiss_key_text(cairo, left + first + second, y, size, 0, 0, rest);
}

/* Paints a small image whose pixels come from a function of their place; false: transparent. */
typedef bool (*painter)(const weiss_colour_map *map, double x, double y, double side, weiss_rgb *colour);

/* Half of the sphere of directions, seen along the normal axis. */
static bool paint_half(const weiss_colour_map *map, double x, double y, double side, weiss_rgb *colour)
{
    double m[3], square = x * x + y * y;
    if (square > 1.0)
        return false;
    m[map->plane[0]] = x;
    m[map->plane[1]] = y;
    m[map->normal] = side * sqrt(1.0 - square);
    *colour = weiss_colour_of(map, m);
    return true;
}

static bool paint_bar(const weiss_colour_map *map, double x, double y, double side, weiss_rgb *colour)
{
    double m[3] = {0};
    (void)x;
    (void)side;
    m[map->component] = y;
    *colour = weiss_colour_of(map, m);
    return true;
}

static void paint(cairo_t *cairo, double x, double y, double width, double height,
                  const weiss_colour_map *map, painter colour_at, double side)
{
    const int fine = 2; /* dots per pixel */
    int columns = (int)width * fine, rows = (int)height * fine;
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, columns, rows);
    if (cairo_surface_status(image) == CAIRO_STATUS_SUCCESS) {
        unsigned char *pixels = cairo_image_surface_get_data(image);
        int stride = cairo_image_surface_get_stride(image);
        for (int j = 0; j < rows; j++) {
            uint32_t *row = (uint32_t *)(void *)(pixels + (size_t)j * (size_t)stride);
            for (int i = 0; i < columns; i++) {
                weiss_rgb c;
                if (colour_at(map, 2.0 * (i + 0.5) / columns - 1.0, 1.0 - 2.0 * (j + 0.5) / rows, side, &c))
                    row[i] = 0xff000000u | (uint32_t)lround(255 * c.r) << 16 |
                             (uint32_t)lround(255 * c.g) << 8 | (uint32_t)lround(255 * c.b);
            }
        }
        cairo_surface_mark_dirty(image);
        cairo_save(cairo);
        cairo_translate(cairo, x, y);
        cairo_scale(cairo, 1.0 / fine, 1.0 / fine);
        cairo_set_source_surface(cairo, image, 0, 0);
        cairo_paint(cairo);
        cairo_restore(cairo);
    }
    cairo_surface_destroy(image);
}

static void draw_disc(cairo_t *cairo, double x, double y, const weiss_colour_map *map, double side)
{
    const double r = DISC_RADIUS;
    static const char names[] = "xyz";
    char label[8];
    paint(cairo, x - r, y - r, 2 * r, 2 * r, map, paint_half, side);
    set_ink(cairo);
    cairo_set_line_width(cairo, 1.4);
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, x, y, r, 0, 2 * M_PI);
    cairo_stroke(cairo);
    snprintf(label, sizeof label, "+%c", names[map->plane[0]]);
    weiss_key_text(cairo, x + r + 6, y + 5, 14, 0, 0, label);
    snprintf(label, sizeof label, "\u2212%c", names[map->plane[0]]);
    weiss_key_text(cairo, x - r - 6, y + 5, 14, 1, 0, label);
    snprintf(label, sizeof label, "+%c", names[map->plane[1]]);
    weiss_key_text(cairo, x, y - r - 7, 14, 0.5, 0, label);
    snprintf(label, sizeof label, "\u2212%c", names[map->plane[1]]);
    weiss_key_text(cairo, x, y + r + 17, 14, 0.5, 0, label);
}

static void draw_bar(cairo_t *cairo, double x, double y, const weiss_colour_map *map)
{
    const double width = 26, height = 220, left = x + WEISS_KEY_WIDTH / 2 - width / 2, top = y + 40;
    static const char *const labels[5] = {"1", "0.5", "0", "\u22120.5", "\u22121"};
    draw_indexed(cairo, x + WEISS_KEY_WIDTH / 2, y + 18, 16, "m", "xyz"[map->component], "");
    paint(cairo, left, top, width, height, map, paint_bar, 1.0);
    set_ink(cairo);
    cairo_set_line_width(cairo, 1.2);
    cairo_rectangle(cairo, left, top, width, height);
    cairo_stroke(cairo);
    for (int i = 0; i < 5; i++) {
        double at = top + height * i / 4;
        cairo_move_to(cairo, left + width, at);
        cairo_line_to(cairo, left + width + 5, at);
        cairo_stroke(cairo);
        weiss_key_text(cairo, left + width + 10, at + 5, 14, 0, 0, labels[i]);
    }
}

void weiss_key_colours(cairo_t *cairo, double x, double y, const weiss_colour_map *map)
{
    double middle = x + WEISS_KEY_WIDTH / 2;
    if (map->component >= 0) {
        draw_bar(cairo, x, y, map);
        return;
    }
    for (int half = 0; half < 2; half++) {
        double top = y + half * WEISS_KEY_HEIGHT / 2;
        draw_indexed(cairo, middle, top + 14, 15, "m", "xyz"[map->normal],
                     half == 0 ? " \u2265 0" : " \u2264 0");
        draw_disc(cairo, middle, top + 112, map, half == 0 ? 1.0 : -1.0);
    }
}

static void draw_arrow(cairo_t *cairo, double x, double y, double dx, double dy)
{
    double length = hypot(dx, dy), ux = dx / length, uy = dy / length, head = 9;
    cairo_set_line_width(cairo, 2.2);
    cairo_move_to(cairo, x, y);
    cairo_line_to(cairo, x + dx - ux * head * 0.8, y + dy - uy * head * 0.8);
    cairo_stroke(cairo);
    cairo_move_to(cairo, x + dx, y + dy);
    cairo_line_to(cairo, x + dx - ux * head - uy * head * 0.42, y + dy - uy * head + ux * head * 0.42);
    cairo_line_to(cairo, x + dx - ux * head + uy * head * 0.42, y + dy - uy * head - ux * head * 0.42);
    cairo_close_path(cairo);
    cairo_fill(cairo);
}

/* An axis that points at the eye (a dot in a circle) or away from it (a cross). */
static void draw_end_on(cairo_t *cairo, double x, double y, bool towards)
{
    const double r = 6.5, d = r / sqrt(2.0);
    cairo_set_line_width(cairo, 2.0);
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, x, y, r, 0, 2 * M_PI);
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_fill_preserve(cairo);
    set_ink(cairo);
    cairo_stroke(cairo);
    if (towards) {
        cairo_arc(cairo, x, y, 2.2, 0, 2 * M_PI);
        cairo_fill(cairo);
        return;
    }
    cairo_move_to(cairo, x - d, y - d);
    cairo_line_to(cairo, x + d, y + d);
    cairo_move_to(cairo, x - d, y + d);
    cairo_line_to(cairo, x + d, y - d);
    cairo_stroke(cairo);
}

void weiss_key_axes(cairo_t *cairo, double x, double y, const weiss_view *view)
{
    const double length = 46;
    int end_on = -1;
    set_ink(cairo);
    for (int k = 0; k < 3; k++) {
        double dx = length * view->right[k], dy = -length * view->up[k], shown = hypot(dx, dy);
        char name[2] = {"xyz"[k], '\0'};
        if (shown < 0.15 * length) {
            end_on = k;
            continue;
        }
        set_ink(cairo);
        draw_arrow(cairo, x, y, dx, dy);
        weiss_key_text(cairo, x + dx * (1 + 13 / shown), y + dy * (1 + 13 / shown) + 5, 15, 0.5, 0, name);
    }
    if (end_on >= 0) {
        char name[2] = {"xyz"[end_on], '\0'};
        draw_end_on(cairo, x, y, view->towards[end_on] > 0);
        weiss_key_text(cairo, x - 15, y + 16, 15, 0.5, 0, name);
    }
}

void weiss_key_length(cairo_t *cairo, double right, double y, double scale)
{
    static const double mantissa[] = {5, 2, 1};
    char text[32];
    double most = 190 / scale, power = pow(10, floor(log10(most))), length = power;
    for (int i = 0; i < 3; i++)
        if (mantissa[i] * power <= most) {
            length = mantissa[i] * power;
            break;
        }
    double left = right - length * scale;
    set_ink(cairo);
    cairo_set_line_width(cairo, 2.2);
    cairo_move_to(cairo, left, y - 6);
    cairo_line_to(cairo, left, y);
    cairo_line_to(cairo, right, y);
    cairo_line_to(cairo, right, y - 6);
    cairo_stroke(cairo);
    weiss_format_quantity(length, WEISS_LENGTH, 3, text, sizeof text);
    weiss_key_text(cairo, (left + right) / 2, y + 19, 15, 0.5, 0, text);
}
