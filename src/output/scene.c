#include "output/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HUES 512
#define LEVELS 257
#define SMOOTH 0.82 /* cosine of the angle up to which a surface counts as rounded, 35 degrees */

/* Colours of all directions, so that a dot costs a look-up. */
typedef struct palette {
    weiss_colour_map map;
    weiss_rgb (*colour)[LEVELS]; /* HUES rows: by the angle to the axis that lightness, or all, depends on */
    const weiss_scene *scene;
} palette;

weiss_corner weiss_scene_corner(const weiss_scene *scene, const double point[3])
{
    double at[3];
    weiss_view_project(scene->view, point, at);
    return (weiss_corner){.x = scene->raster->width / 2.0 + scene->scale * at[0],
                          .y = scene->raster->height / 2.0 - scene->scale * at[1],
                          .depth = scene->scale * at[2]};
}

double weiss_scene_shade(const weiss_scene *scene, const double normal[3])
{
    /* light from the upper left in front of the picture */
    static const double light[3] = {-0.36, 0.52, 0.775};
    double along = 0.0;
    for (int k = 0; k < 3; k++)
        along += normal[k] * (light[0] * scene->view->right[k] + light[1] * scene->view->up[k] +
                              light[2] * scene->view->towards[k]);
    return fmin(0.70 + 0.387 * fmax(along, 0.0), 1.0);
}

static int palette_create(const weiss_scene *scene, palette *p)
{
    const weiss_colour_map *map = scene->map;
    *p = (palette){.map = *map, .scene = scene};
    WEISS_TRY(WEISS_NEW(scene->ctx, p->colour, HUES));
    for (int h = 0; h < HUES; h++)
        for (int l = 0; l < LEVELS; l++) {
            double m[3], polar = M_PI * l / (LEVELS - 1), hue = 2.0 * M_PI * h / HUES;
            m[map->plane[0]] = sin(polar) * cos(hue);
            m[map->plane[1]] = sin(polar) * sin(hue);
            m[map->normal] = cos(polar);
            if (map->component >= 0)
                m[map->component] = cos(polar);
            p->colour[h][l] = weiss_colour_of(map, m);
        }
    return 0;
}

/* value: the magnetisation, then the normal. */
static weiss_rgb shade_dot(const void *self, const double value[6])
{
    const palette *p = self;
    const double *m = value, *n = value + 3;
    double length = sqrt(m[0] * m[0] + m[1] * m[1] + m[2] * m[2]);
    double size = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    double normal[3] = {n[0] / size, n[1] / size, n[2] / size};
    int shown = p->map.component >= 0 ? p->map.component : p->map.normal;
    double w = length > 0.0 ? fmin(fmax(m[shown] / length, -1.0), 1.0) : 0.0;
    int level = (int)lround(acos(w) / M_PI * (LEVELS - 1)), hue = 0;
    if (p->map.component < 0)
        hue = (int)lround(atan2(m[p->map.plane[1]], m[p->map.plane[0]]) / (2.0 * M_PI) * HUES) & (HUES - 1);
    weiss_rgb c = p->colour[hue][level];
    double bright = weiss_scene_shade(p->scene, normal);
    return (weiss_rgb){c.r * bright, c.g * bright, c.b * bright};
}

static const double *corner_of(const weiss_surface *s, weiss_gidx triangle, int k)
{
    return s->xyz + 3 * s->triangle[3 * triangle + k];
}

/* Unit normal of a triangle; false when it has no area. */
static bool face_normal(const weiss_surface *s, weiss_gidx triangle, double normal[3])
{
    double u[3], v[3];
    for (int c = 0; c < 3; c++) {
        u[c] = corner_of(s, triangle, 1)[c] - corner_of(s, triangle, 0)[c];
        v[c] = corner_of(s, triangle, 2)[c] - corner_of(s, triangle, 0)[c];
    }
    for (int c = 0; c < 3; c++)
        normal[c] = u[(c + 1) % 3] * v[(c + 2) % 3] - u[(c + 2) % 3] * v[(c + 1) % 3];
    double length = sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]);
    for (int c = 0; c < 3; c++)
        normal[c] /= length;
    return length > 0.0;
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* The triangles around each node: those of node i are item[begin[i]] .. item[begin[i + 1] - 1]. */
typedef struct fans {
    weiss_gidx *begin, *item;
    double *normal; /* 3 per triangle; zero for one without area */
} fans;

static void fans_free(fans *f)
{
    free(f->begin);
    free(f->item);
    free(f->normal);
}

static int fans_create(const weiss_scene *scene, fans *f)
{
    const weiss_surface *s = scene->surface;
    WEISS_TRY(WEISS_NEW(scene->ctx, f->begin, s->nnodes + 2));
    WEISS_TRY(WEISS_NEW(scene->ctx, f->item, 3 * s->ntriangles));
    WEISS_TRY(WEISS_NEW(scene->ctx, f->normal, 3 * s->ntriangles));
    for (weiss_gidx i = 0; i < 3 * s->ntriangles; i++)
        f->begin[s->triangle[i] + 2]++;
    for (weiss_gidx i = 0; i < s->nnodes; i++)
        f->begin[i + 2] += f->begin[i + 1];
    for (weiss_gidx i = 0; i < 3 * s->ntriangles; i++)
        f->item[f->begin[s->triangle[i] + 1]++] = i / 3;
    for (weiss_gidx t = 0; t < s->ntriangles; t++)
        if (!face_normal(s, t, f->normal + 3 * t))
            memset(f->normal + 3 * t, 0, 3 * sizeof *f->normal);
    return 0;
}

/* Normal of a rounded surface at a corner of a triangle: the mean of the triangles around that lie much as this one. */
static void corner_normal(const fans *f, weiss_gidx triangle, weiss_gidx node, double normal[3])
{
    const double *own = f->normal + 3 * triangle;
    normal[0] = normal[1] = normal[2] = 0.0;
    for (weiss_gidx i = f->begin[node]; i < f->begin[node + 1]; i++) {
        const double *other = f->normal + 3 * f->item[i];
        for (int c = 0; c < 3 && dot(own, other) > SMOOTH; c++)
            normal[c] += other[c];
    }
}

static void draw_triangles(const weiss_scene *scene, const palette *p, const fans *f)
{
    const weiss_surface *s = scene->surface;
    for (weiss_gidx t = 0; t < s->ntriangles; t++) {
        if (dot(f->normal + 3 * t, scene->view->towards) <= 0.0)
            continue;
        weiss_corner corner[3];
        for (int k = 0; k < 3; k++) {
            weiss_gidx node = s->triangle[3 * t + k];
            corner[k] = weiss_scene_corner(scene, s->xyz + 3 * node);
            memcpy(corner[k].value, scene->m + 3 * node, 3 * sizeof(double));
            corner_normal(f, t, node, corner[k].value + 3);
        }
        weiss_raster_triangle(scene->raster, corner, (int32_t)t, shade_dot, p);
    }
}

/* One side of a triangle. */
typedef struct side {
    weiss_gidx low, high; /* its nodes */
    weiss_gidx triangle;
} side;

static int compare_sides(const void *a, const void *b)
{
    const side *p = a, *q = b;
    if (p->low != q->low)
        return p->low < q->low ? -1 : 1;
    return p->high < q->high ? -1 : p->high > q->high;
}

/* Draws the edges at which the surface has a crease. */
static int draw_creases(const weiss_scene *scene, const fans *f)
{
    const weiss_surface *s = scene->surface;
    side *sides;
    size_t count = 3 * (size_t)s->ntriangles;
    WEISS_TRY(WEISS_NEW(scene->ctx, sides, count));
    for (size_t i = 0; i < count; i++) {
        weiss_gidx a = s->triangle[i], b = s->triangle[i % 3 == 2 ? i - 2 : i + 1];
        sides[i] = (side){.low = a < b ? a : b, .high = a < b ? b : a, .triangle = (weiss_gidx)(i / 3)};
    }
    qsort(sides, count, sizeof *sides, compare_sides);
    for (size_t i = 0; i + 1 < count; i++) {
        if (compare_sides(&sides[i], &sides[i + 1]) != 0 ||
            dot(f->normal + 3 * sides[i].triangle, f->normal + 3 * sides[i + 1].triangle) > SMOOTH)
            continue;
        weiss_corner a = weiss_scene_corner(scene, s->xyz + 3 * sides[i].low);
        weiss_corner b = weiss_scene_corner(scene, s->xyz + 3 * sides[i].high);
        weiss_raster_line(scene->raster, &a, &b, 2.0 * WEISS_RASTER_DOTS, WEISS_RASTER_DOTS, 0.45);
    }
    free(sides);
    return 0;
}

int weiss_scene_draw_body(const weiss_scene *scene)
{
    int code = 0;
    palette p = {0};
    fans f = {0};
    WEISS_TRY_OUT(code, palette_create(scene, &p));
    WEISS_TRY_OUT(code, fans_create(scene, &f));
    draw_triangles(scene, &p, &f);
    WEISS_TRY_OUT(code, draw_creases(scene, &f));
    weiss_raster_outline(scene->raster, WEISS_RASTER_DOTS, 0.45);
out:
    free(p.colour);
    fans_free(&f);
    return code;
}
