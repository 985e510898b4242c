/* A small plot of the mean magnetisation as text, for terminals. */
#ifndef WEISS_OUTPUT_PLOT_H
#define WEISS_OUTPUT_PLOT_H

#include "output/series.h"

typedef struct weiss_plot_style {
    int width, height; /**< of the plotting area, characters; at least 10 and 3 */
    bool ascii; /**< letters x, y, z instead of dots in braille patterns */
    bool colour; /**< ANSI colours */
} weiss_plot_style;

/** Draws <mx>, <my>, <mz> of a table against time (or against the field, or the steps). Local; writes nothing.
 *  @param[out] text  lines that end with a newline, in UTF-8 (ASCII when so asked); free with free()
 *  @return 0, WEISS_ERR_MEMORY, WEISS_ERR_VALUE (a table without those columns, or without rows) */
int weiss_plot_text(weiss_context *ctx, const weiss_series *series, const weiss_plot_style *style,
                    char **text);

#endif
