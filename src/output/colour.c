#include "output/colour.h"

#include <math.h>

/* B. Ottosson, "A perceptual color space for image processing" (2020): OKLab to linear sRGB. */
static weiss_rgb linear_of_oklab(double L, double a, double b)
{
    double l = L + 0.3963377774 * a + 0.2158037573 * b;
    double m = L - 0.1055613458 * a - 0.0638541728 * b;
    double s = L - 0.0894841775 * a - 1.2914855480 * b;
    l = l * l * l;
    m = m * m * m;
    s = s * s * s;
    return (weiss_rgb){4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                       -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                       -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
}

/* IEC 61966-2-1. */
static double encode(double linear)
{
    linear = linear < 0.0 ? 0.0 : linear > 1.0 ? 1.0 : linear;
    return linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1.0 / 2.4) - 0.055;
}

static double decode(double encoded)
{
    return encoded <= 0.04045 ? encoded / 12.92 : pow((encoded + 0.055) / 1.055, 2.4);
}

static weiss_rgb rgb_of_oklab(double L, double a, double b)
{
    weiss_rgb c = linear_of_oklab(L, a, b);
    return (weiss_rgb){encode(c.r), encode(c.g), encode(c.b)};
}

/* Orange and blue, green and pink stand for the two axes and their opposites. */
static weiss_rgb colour_of_direction(const weiss_colour_map *map, const double m[3])
{
    const double middle = 0.72, light = 0.975, dark = 0.30, chroma = 0.15, first = 55.0 * M_PI / 180.0;
    double x = m[map->plane[0]], y = m[map->plane[1]], w = m[map->normal];
    double flat = sqrt(x * x + y * y), length = sqrt(flat * flat + w * w);
    if (length > 0.0) {
        flat /= length;
        w /= length;
    }
    double hue = atan2(y, x) + first,
           L = w >= 0.0 ? middle + (light - middle) * w : middle + (middle - dark) * w;
    return rgb_of_oklab(L, chroma * flat * cos(hue), chroma * flat * sin(hue));
}

static weiss_rgb colour_of_component(double value)
{
    double t = fmin(fabs(value), 1.0), sign = value < 0.0 ? -1.0 : 1.0;
    double hue = (sign < 0.0 ? 255.0 : 28.0) * M_PI / 180.0, chroma = 0.17 * pow(t, 0.9);
    return rgb_of_oklab(0.97 - 0.45 * t, chroma * cos(hue), chroma * sin(hue));
}

weiss_rgb weiss_colour_of(const weiss_colour_map *map, const double m[3])
{
    return map->component >= 0 ? colour_of_component(m[map->component]) : colour_of_direction(map, m);
}

double weiss_lightness(weiss_rgb c)
{
    double r = decode(c.r), g = decode(c.g), b = decode(c.b);
    double l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    double m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    double s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s;
}
