/* Axes of drawings: round ticks and SI prefixes. */
#ifndef WEISS_OUTPUT_AXIS_H
#define WEISS_OUTPUT_AXIS_H

#include <stddef.h>

typedef struct weiss_axis {
    double low, high; /**< range that is drawn, SI */
    double first, step; /**< ticks at first, first + step, ... up to high, SI */
    int nticks;
    double scale; /**< what one shown unit is in SI: 1e-12 for ps */
    int decimals; /**< of tick labels */
    char unit[16]; /**< with its prefix: "ps"; "" for pure numbers */
} weiss_axis;

/** Makes an axis for values from @p low to @p high (equal or not finite: a range is made up).
 *  @param unit    SI unit without prefix; "" for pure numbers, which get no prefix
 *  @param ticks   about how many ticks
 *  @param margin  share of the range that is left free at both ends */
weiss_axis weiss_axis_fit(double low, double high, const char *unit, int ticks, double margin);

/** Value of a tick, SI; exactly 0 where it is meant to be. */
double weiss_axis_tick(const weiss_axis *axis, int i);
/** Its label, with a minus sign as typographers like it when @p unicode. Returns @p text. */
char *weiss_axis_label(const weiss_axis *axis, int i, int unicode, char *text, size_t size);
/** Place of a value between 0 (low) and 1 (high). */
double weiss_axis_place(const weiss_axis *axis, double value);

#endif
