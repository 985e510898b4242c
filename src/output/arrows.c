/* Arrows on the surface of a body. They are bodies themselves, so that their foreshortening shows where they point. */
#include "output/scene.h"

#include <math.h>

#define SIDES 14
#define SHAFT_RADIUS 0.050
#define HEAD_RADIUS 0.155
#define HEAD_LENGTH 0.40

/* What the dots of one arrow need. */
typedef struct arrow {
    const weiss_scene *scene;
    double tail[3], along[3], across[2][3]; /* m; unit vectors */
    double length; /* m */
    weiss_rgb colour;
} arrow;

static weiss_rgb shade_arrow(const void *self, const double value[6])
{
    const arrow *a = self;
    double bright = weiss_scene_shade(a->scene, value);
    return (weiss_rgb){a->colour.r * bright, a->colour.g * bright, a->colour.b * bright};
}

/* A point of the arrow: @p along in lengths from the tail, at @p radius in the direction @p angle. */
static weiss_corner arrow_corner(const arrow *a, double along, double radius, double angle,
                                 const double normal[3])
{
    double point[3];
    for (int k = 0; k < 3; k++)
        point[k] = a->tail[k] + a->length * (along * a->along[k] + radius * (cos(angle) * a->across[0][k] +
                                                                             sin(angle) * a->across[1][k]));
    weiss_corner corner = weiss_scene_corner(a->scene, point);
    for (int k = 0; k < 3; k++)
        corner.value[k] = normal[k];
    return corner;
}

static void radial(const arrow *a, double angle, double normal[3])
{
    for (int k = 0; k < 3; k++)
        normal[k] = cos(angle) * a->across[0][k] + sin(angle) * a->across[1][k];
}

/* A frustum around the axis: from (begin, radius0) to (end, radius1), in lengths of the arrow. */
static void draw_frustum(const arrow *a, double begin, double radius0, double end, double radius1)
{
    for (int i = 0; i < SIDES; i++) {
        double t0 = 2.0 * M_PI * i / SIDES, t1 = 2.0 * M_PI * (i + 1) / SIDES, n0[3], n1[3];
        radial(a, t0, n0);
        radial(a, t1, n1);
        weiss_corner p = arrow_corner(a, begin, radius0, t0, n0), q = arrow_corner(a, begin, radius0, t1, n1);
        weiss_corner r = arrow_corner(a, end, radius1, t1, n1), s = arrow_corner(a, end, radius1, t0, n0);
        const weiss_corner first[3] = {p, q, r}, second[3] = {p, r, s};
        weiss_raster_triangle(a->scene->raster, first, INT32_MAX, shade_arrow, a);
        weiss_raster_triangle(a->scene->raster, second, INT32_MAX, shade_arrow, a);
    }
}

static void draw_disc(const arrow *a, double at, double radius)
{
    double normal[3];
    for (int k = 0; k < 3; k++)
        normal[k] = -a->along[k];
    for (int i = 0; i < SIDES; i++) {
        const weiss_corner corner[3] = {arrow_corner(a, at, 0.0, 0.0, normal),
                                        arrow_corner(a, at, radius, 2.0 * M_PI * i / SIDES, normal),
                                        arrow_corner(a, at, radius, 2.0 * M_PI * (i + 1) / SIDES, normal)};
        weiss_raster_triangle(a->scene->raster, corner, INT32_MAX, shade_arrow, a);
    }
}

/* Two unit vectors at right angles to a->along and to each other. */
static void find_across(arrow *a)
{
    int least = 0;
    for (int k = 1; k < 3; k++)
        if (fabs(a->along[k]) < fabs(a->along[least]))
            least = k;
    double length = sqrt(1.0 - a->along[least] * a->along[least]);
    for (int k = 0; k < 3; k++)
        a->across[0][k] = ((k == least) - a->along[least] * a->along[k]) / length;
    for (int k = 0; k < 3; k++)
        a->across[1][k] = a->along[(k + 1) % 3] * a->across[0][(k + 2) % 3] -
                          a->along[(k + 2) % 3] * a->across[0][(k + 1) % 3];
}

/* Point of the surface and magnetisation at a dot that shows triangle @p face. */
static void look_up(const weiss_scene *scene, int32_t face, double x, double y, double point[3], double m[3])
{
    const weiss_surface *s = scene->surface;
    const weiss_gidx *node = s->triangle + 3 * (size_t)face;
    weiss_corner c[3];
    double weight[3], sum = 0.0;
    for (int k = 0; k < 3; k++)
        c[k] = weiss_scene_corner(scene, s->xyz + 3 * node[k]);
    for (int k = 0; k < 3; k++) {
        const weiss_corner *p = &c[(k + 1) % 3], *q = &c[(k + 2) % 3];
        weight[k] = (q->x - p->x) * (y - p->y) - (q->y - p->y) * (x - p->x);
        sum += weight[k];
    }
    for (int i = 0; i < 3; i++) {
        point[i] = m[i] = 0.0;
        for (int k = 0; k < 3; k++) {
            point[i] += weight[k] / sum * s->xyz[3 * node[k] + i];
            m[i] += weight[k] / sum * scene->m[3 * node[k] + i];
        }
    }
}

/* True when the body reaches @p reach dots around the dot, so that an arrow has room. */
static bool has_room(const weiss_raster *r, int x, int y, int reach)
{
    static const int way[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    for (int k = 0; k < 4; k++) {
        int px = x + reach * way[k][0], py = y + reach * way[k][1];
        if (px < 0 || py < 0 || px >= r->width || py >= r->height ||
            r->face[(size_t)py * (size_t)r->width + (size_t)px] < 0)
            return false;
    }
    return true;
}

/* Draws the arrow at a dot of the body; its middle floats half its length before the surface. */
static void draw_arrow(const weiss_scene *scene, int32_t face, int x, int y, double length)
{
    static const weiss_rgb dark = {0.10, 0.12, 0.15}, light = {0.97, 0.98, 1.0};
    double point[3], m[3];
    look_up(scene, face, x + 0.5, y + 0.5, point, m);
    double size = sqrt(m[0] * m[0] + m[1] * m[1] + m[2] * m[2]);
    if (!(size > 1e-6))
        return;
    arrow a = {.scene = scene, .length = length / scene->scale};
    for (int k = 0; k < 3; k++) {
        a.along[k] = m[k] / size;
        a.tail[k] = point[k] + a.length * (0.6 * scene->view->towards[k] - 0.5 * a.along[k]);
    }
    find_across(&a);
    a.colour = weiss_lightness(weiss_colour_of(scene->map, a.along)) > 0.5 ? dark : light;
    draw_frustum(&a, 0.0, SHAFT_RADIUS, 1.0 - HEAD_LENGTH, SHAFT_RADIUS);
    draw_frustum(&a, 1.0 - HEAD_LENGTH, HEAD_RADIUS, 1.0, 0.0);
    draw_disc(&a, 0.0, SHAFT_RADIUS);
    draw_disc(&a, 1.0 - HEAD_LENGTH, HEAD_RADIUS);
}

void weiss_scene_draw_arrows(const weiss_scene *scene, double spacing)
{
    weiss_raster *r = scene->raster;
    int nx = (int)(r->width / 2.0 / spacing) + 1, ny = (int)(r->height / 2.0 / spacing) + 1;
    for (int j = -ny; j <= ny; j++)
        for (int i = -nx; i <= nx; i++) {
            int x = (int)lround(r->width / 2.0 + i * spacing), y = (int)lround(r->height / 2.0 + j * spacing);
            if (x < 0 || y < 0 || x >= r->width || y >= r->height)
                continue;
            int32_t face = r->face[(size_t)y * (size_t)r->width + (size_t)x];
            if (face >= 0 && face < INT32_MAX && has_room(r, x, y, (int)(0.3 * spacing)))
                draw_arrow(scene, face, x, y, 0.92 * spacing);
        }
}
