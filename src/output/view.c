#include "output/view.h"

#include <math.h>
#include <string.h>

#define THIN 0.16 /* thickness of a film over its narrower side */

static void cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static void normalise(double v[3])
{
    double length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    for (int k = 0; k < 3; k++)
        v[k] /= length;
}

static void bounding_box(const weiss_surface *surface, double low[3], double high[3])
{
    for (int k = 0; k < 3; k++) {
        low[k] = INFINITY;
        high[k] = -INFINITY;
    }
    for (weiss_gidx i = 0; i < surface->nnodes; i++)
        for (int k = 0; k < 3; k++) {
            low[k] = fmin(low[k], surface->xyz[3 * i + k]);
            high[k] = fmax(high[k], surface->xyz[3 * i + k]);
        }
}

/* The axis whose component is shown as lightness: the shortest one; of equal ones z, then y, but never the longest. */
static int choose_normal(const double extent[3])
{
    int order[3] = {2, 1, 0}, best = -1;
    double longest = fmax(extent[0], fmax(extent[1], extent[2]));
    double shortest = fmin(extent[0], fmin(extent[1], extent[2]));
    for (int i = 0; i < 3 && best < 0; i++) {
        int k = order[i];
        bool stands_out = extent[k] == longest && longest > 1.3 * shortest;
        if (extent[k] <= 1.05 * shortest && !stands_out)
            best = k;
    }
    return best < 0 ? 2 : best;
}

static void choose_direction(const double extent[3], int thin, weiss_view *view)
{
    static const double from_above[3][3] = {{1, 0, 0}, {0, -1, 0}, {0, 0, 1}};
    static const double from_side[3][3] = {{0.26, -0.84, 0.48}, {0.84, -0.26, 0.48}, {0.56, -0.74, 0.36}};
    static const double upright[3] = {0, 0, 1}, away[3] = {0, 1, 0};
    int longest = 2;
    for (int k = 0; k < 2; k++)
        if (extent[k] > 1.05 * extent[longest])
            longest = k;
    const double *towards = thin >= 0 ? from_above[thin] : from_side[longest];
    memcpy(view->towards, towards, sizeof view->towards);
    normalise(view->towards);
    cross(thin == 2 ? away : upright, view->towards, view->right);
    normalise(view->right);
    cross(view->towards, view->right, view->up);
}

/* Moves the centre so that the body is in the middle of the picture, and measures what it covers. */
static void fit(const weiss_surface *surface, weiss_view *view)
{
    double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY}, at[3];
    for (weiss_gidx i = 0; i < surface->nnodes; i++) {
        weiss_view_project(view, surface->xyz + 3 * i, at);
        for (int k = 0; k < 3; k++) {
            low[k] = fmin(low[k], at[k]);
            high[k] = fmax(high[k], at[k]);
        }
    }
    const double *const axis[3] = {view->right, view->up, view->towards};
    for (int k = 0; k < 3; k++)
        for (int c = 0; c < 3; c++)
            view->centre[c] += axis[k][c] * (low[k] + high[k]) / 2;
    view->width = high[0] - low[0];
    view->height = high[1] - low[1];
}

void weiss_view_choose(const weiss_surface *surface, weiss_view *view)
{
    double low[3], high[3], extent[3];
    memset(view, 0, sizeof *view);
    bounding_box(surface, low, high);
    for (int k = 0; k < 3; k++) {
        extent[k] = high[k] - low[k];
        view->centre[k] = (low[k] + high[k]) / 2;
    }
    int normal = choose_normal(extent), thin = -1;
    double narrow = fmin(extent[(normal + 1) % 3], extent[(normal + 2) % 3]);
    if (extent[normal] < THIN * narrow)
        thin = normal;
    choose_direction(extent, thin, view);
    fit(surface, view);
    view->normal = normal;
    view->plane[0] = normal == 0 ? 1 : 0;
    view->plane[1] = normal == 2 ? 1 : 2;
}
