#include "output/axis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int exponent;
    const char *prefix;
} prefixes[] = {{-27, "r"}, {-24, "y"}, {-21, "z"}, {-18, "a"}, {-15, "f"}, {-12, "p"}, {-9, "n"},
                {-6, "µ"},  {-3, "m"},  {0, ""},    {3, "k"},   {6, "M"},   {9, "G"},   {12, "T"}};

static void choose_prefix(weiss_axis *axis, const char *unit)
{
    double largest = fmax(fabs(axis->low), fabs(axis->high));
    size_t last = sizeof prefixes / sizeof *prefixes - 1, i = 0;
    axis->scale = 1.0;
    axis->unit[0] = '\0';
    if (unit[0] == '\0')
        return;
    while (i < last && largest * 1.0001 >= pow(10.0, prefixes[i + 1].exponent))
        i++;
    if (largest == 0.0)
        i = 9;
    axis->scale = pow(10.0, prefixes[i].exponent);
    snprintf(axis->unit, sizeof axis->unit, "%s%s", prefixes[i].prefix, unit);
}

/* The smallest of 1, 2, 2.5, 5 times a power of ten that gives no more than the wanted number of ticks. */
static double round_step(double range, int ticks)
{
    static const double mantissa[] = {1.0, 2.0, 2.5, 5.0, 10.0};
    double least = range / ticks, power = pow(10.0, floor(log10(least)));
    for (size_t i = 0; i < sizeof mantissa / sizeof *mantissa; i++)
        if (mantissa[i] * power >= least * 0.999)
            return mantissa[i] * power;
    return 10.0 * power;
}

/* Digits after the point that show a step, in shown units, without loss. */
static int decimals_of(double step)
{
    for (int decimals = 0; decimals < 12; decimals++) {
        double shifted = step * pow(10.0, decimals);
        if (fabs(shifted - round(shifted)) < 1e-6 * shifted)
            return decimals;
    }
    return 12;
}

weiss_axis weiss_axis_fit(double low, double high, const char *unit, int ticks, double margin)
{
    weiss_axis axis = {0};
    if (!isfinite(low) || !isfinite(high) || low > high)
        low = high = 0.0;
    if (high - low <= 1e-12 * fmax(fabs(low), fabs(high))) {
        double around = low != 0.0 ? 0.1 * fabs(low) : 1.0;
        low -= around;
        high += around;
    }
    axis.low = low - margin * (high - low);
    axis.high = high + margin * (high - low);
    choose_prefix(&axis, unit);
    axis.step = round_step(axis.high - axis.low, ticks);
    axis.first = ceil(axis.low / axis.step - 1e-6) * axis.step;
    axis.nticks = (int)floor((axis.high - axis.first) / axis.step + 1e-6) + 1;
    axis.decimals = decimals_of(axis.step / axis.scale);
    return axis;
}

double weiss_axis_tick(const weiss_axis *axis, int i)
{
    return (round(axis->first / axis->step) + i) * axis->step;
}

char *weiss_axis_label(const weiss_axis *axis, int i, int unicode, char *text, size_t size)
{
    double value = weiss_axis_tick(axis, i) / axis->scale;
    if (fabs(value) < 0.5 * pow(10.0, -axis->decimals))
        value = 0.0;
    snprintf(text, size, "%s%.*f", value < 0.0 ? (unicode ? "\u2212" : "-") : "", axis->decimals,
             fabs(value));
    return text;
}

double weiss_axis_place(const weiss_axis *axis, double value)
{
    return (value - axis->low) / (axis->high - axis->low);
}
