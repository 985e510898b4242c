/* A chart with two logarithmic axes: something against the size of a message or the number of ranks, one line for each way
 * to send messages. */
#ifndef WEISS_REPORT_LOGLOG_H
#define WEISS_REPORT_LOGLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** A line with its points, and a band from the lowest to the highest of repeated measurements. Arrays are borrowed, of
 *  length n, and hold positive numbers. */
typedef struct weiss_loglog_line {
    const char *label;
    const char *colour;
    size_t n;
    const double *x; /**< bytes or ranks, ascending */
    const double *y, *low, *high; /**< SI */
} weiss_loglog_line;

typedef struct weiss_loglog {
    const char *title;
    const char *label; /**< of the vertical axis, without the unit */
    const char *unit; /**< SI: "s", "B/s"; "": a bare number */
    bool ranks; /**< x counts ranks, not bytes */
    const weiss_loglog_line *line;
    size_t nlines;
} weiss_loglog;

/** Writes the chart as SVG. Lines without points are left out. */
void weiss_loglog_write(const weiss_loglog *chart, FILE *to);

#endif
