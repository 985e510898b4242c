/* Charts of a table: panels one above the other with a common horizontal axis, as SVG. */
#ifndef WEISS_OUTPUT_CHART_H
#define WEISS_OUTPUT_CHART_H

#include "output/abscissa.h"

#define WEISS_CHART_LINES 16

typedef struct weiss_chart_line {
    char label[64]; /**< in the legend; `_x` makes a subscript */
    int column; /**< of the table; -1: @p value */
    const double *value; /**< one per row; borrowed */
    const char *colour;
    double width; /**< pixels */
} weiss_chart_line;

typedef struct weiss_chart_panel {
    const char *label; /**< of the vertical axis, without the unit */
    const char *unit; /**< SI unit; "" for pure numbers */
    int nlines;
    weiss_chart_line line[WEISS_CHART_LINES];
} weiss_chart_panel;

typedef struct weiss_chart {
    const char *title;
    const weiss_series *series; /**< borrowed, as all below */
    const weiss_abscissa *abscissa;
    const weiss_chart_panel *panel;
    int npanels;
} weiss_chart;

/** Writes the chart. Lines of many rows keep the smallest and largest value of each group of rows, so that the file stays
 *  below some hundred kilobytes. Local. */
void weiss_chart_write(const weiss_chart *chart, FILE *to);

#endif
