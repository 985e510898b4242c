/* Pictures: the right size, the body where it should be and in the right colours, arrows on it. */
#include "mesh/grid.h"
#include "output/picture.h"
#include "output/view.h"

#include <cairo.h>
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static weiss_context *ctx;

typedef struct body {
    weiss_mesh *mesh;
    double *m;
} body;

static body make_body(double x, double y, double z, const double m[3])
{
    weiss_tetmesh *whole;
    body b;
    const double size[3] = {x, y, z};
    const int64_t cells[3] = {6, 6, 6};
    assert_int_equal(weiss_tetmesh_grid(ctx, size, cells, NULL, 0, &whole), 0);
    assert_int_equal(weiss_mesh_distribute(ctx, whole, &b.mesh), 0);
    weiss_tetmesh_destroy(whole);
    b.m = calloc(3 * (size_t)b.mesh->surface.nnodes, sizeof *b.m);
    assert_non_null(b.m);
    for (weiss_gidx i = 0; i < b.mesh->surface.nnodes; i++)
        memcpy(b.m + 3 * i, m, 3 * sizeof *m);
    return b;
}

static void free_body(body *b)
{
    free(b->m);
    weiss_mesh_destroy(b->mesh);
}

/* Draws the body and reads the picture back. */
static cairo_surface_t *picture_of(const body *b, int component, bool arrows)
{
    char path[] = "/tmp/weiss-test-XXXXXX";
    const weiss_picture picture = {.surface = &b->mesh->surface,
                                   .m = b->m,
                                   .title = "A title & more",
                                   .subtitle = "t = 1 ps",
                                   .component = component,
                                   .arrows = arrows};
    close(mkstemp(path));
    if (weiss_picture_write(ctx, &picture, path) != 0)
        fail_msg("%s", weiss_error_text(ctx));
    cairo_surface_t *image = cairo_image_surface_create_from_png(path);
    assert_int_equal(cairo_surface_status(image), CAIRO_STATUS_SUCCESS);
    unlink(path);
    assert_in_range(cairo_image_surface_get_width(image), 500, 1400);
    assert_in_range(cairo_image_surface_get_height(image), 400, 1000);
    return image;
}

static uint32_t pixel(cairo_surface_t *image, int x, int y)
{
    const unsigned char *data = cairo_image_surface_get_data(image);
    uint32_t value;
    memcpy(&value, data + y * cairo_image_surface_get_stride(image) + 4 * x, sizeof value);
    return value & 0xffffff;
}

/* Share of the pixels that have about that colour. */
static double share_of(cairo_surface_t *image, weiss_rgb c, int tolerance)
{
    int width = cairo_image_surface_get_width(image), height = cairo_image_surface_get_height(image),
        found = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint32_t p = pixel(image, x, y);
            found += abs((int)(p >> 16) - (int)lround(255 * c.r)) <= tolerance &&
                     abs((int)(p >> 8 & 255) - (int)lround(255 * c.g)) <= tolerance &&
                     abs((int)(p & 255) - (int)lround(255 * c.b)) <= tolerance;
        }
    return (double)found / (width * height);
}

static void view_suits_the_shape(void **state)
{
    (void)state;
    static const struct {
        double size[3], towards[3];
        int normal;
    } cases[] = {
        {{500e-9, 125e-9, 3e-9}, {0, 0, 1}, 2}, /* films from above */
        {{500e-9, 3e-9, 125e-9}, {0, -1, 0}, 1}, {{3e-9, 125e-9, 500e-9}, {1, 0, 0}, 0},
        {{30e-9, 30e-9, 100e-9}, {0, 0, 0}, 1}, /* others from the side */
        {{40e-9, 40e-9, 40e-9}, {0, 0, 0}, 2},   {{100e-9, 10e-9, 10e-9}, {0, 0, 0}, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double m[3] = {1, 0, 0};
        weiss_view v;
        body b = make_body(cases[i].size[0], cases[i].size[1], cases[i].size[2], m);
        weiss_view_choose(&b.mesh->surface, &v);
        assert_int_equal(v.normal, cases[i].normal);
        for (int k = 0; k < 3; k++) {
            double handed =
                v.right[(k + 1) % 3] * v.up[(k + 2) % 3] - v.right[(k + 2) % 3] * v.up[(k + 1) % 3];
            assert_true(fabs(handed - v.towards[k]) < 1e-12);
            if (i < 3)
                assert_true(v.towards[k] == cases[i].towards[k]);
        }
        free_body(&b);
    }
}

static void colours_show_the_component(void **state)
{
    (void)state;
    const double m[3] = {0.6, 0, -0.8};
    body b = make_body(200e-9, 100e-9, 4e-9, m);
    for (int component = 0; component < 3; component++) {
        const weiss_colour_map map = {.component = component};
        cairo_surface_t *image = picture_of(&b, component, false);
        assert_true(share_of(image, weiss_colour_of(&map, m), 4) > 0.35);
        cairo_surface_destroy(image);
    }
    free_body(&b);
}

static void colours_show_the_direction(void **state)
{
    (void)state;
    static const double directions[][3] = {{1, 0, 0}, {-1, 0, 0}, {0, 1, 0},
                                           {0, 0, 1}, {0, 0, -1}, {0.6, -0.48, 0.64}};
    const weiss_colour_map map = {.component = -1, .plane = {0, 1}, .normal = 2};
    weiss_rgb seen[6];
    for (size_t i = 0; i < sizeof directions / sizeof *directions; i++) {
        body b = make_body(200e-9, 100e-9, 4e-9, directions[i]);
        cairo_surface_t *image = picture_of(&b, -1, false);
        seen[i] = weiss_colour_of(&map, directions[i]);
        assert_true(share_of(image, seen[i], 6) > 0.3);
        for (size_t k = 0; k < i; k++)
            assert_true(fabs(seen[i].r - seen[k].r) + fabs(seen[i].g - seen[k].g) +
                            fabs(seen[i].b - seen[k].b) >
                        0.15);
        cairo_surface_destroy(image);
        free_body(&b);
    }
    assert_true(weiss_lightness(seen[3]) > 0.9 && weiss_lightness(seen[4]) < 0.4);
}

static void arrows_are_drawn(void **state)
{
    (void)state;
    static const weiss_rgb ink = {0.10, 0.12, 0.15};
    const double m[3] = {1, 0, 0};
    body b = make_body(200e-9, 100e-9, 4e-9, m);
    cairo_surface_t *with = picture_of(&b, -1, true), *without = picture_of(&b, -1, false);
    assert_true(share_of(with, ink, 24) > share_of(without, ink, 24) + 0.01);
    cairo_surface_destroy(with);
    cairo_surface_destroy(without);
    free_body(&b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(view_suits_the_shape),
        cmocka_unit_test(colours_show_the_component),
        cmocka_unit_test(colours_show_the_direction),
        cmocka_unit_test(arrows_are_drawn),
    };
    MPI_Init(&argc, &argv);
    assert_int_equal(weiss_context_create(MPI_COMM_WORLD, &ctx), 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weiss_context_destroy(ctx);
    MPI_Finalize();
    return failed;
}
