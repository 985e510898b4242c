/* How the time of a job changes with the number of its ranks: speedup, efficiency, and what Amdahl's law makes of them. */
#ifndef WEISS_REPORT_SCALING_H
#define WEISS_REPORT_SCALING_H

#include "base/fault.h"
#include "base/statistics.h"

#include <stdbool.h>
#include <stdio.h>

#define WEISS_SCALING_POINTS_MAX 32

/** Where time goes. */
typedef enum weiss_scaling_part {
    WEISS_SCALING_COMPUTE,
    WEISS_SCALING_INSIDE, /**< transfers between ranks of a machine */
    WEISS_SCALING_BETWEEN, /**< between machines of a server */
    WEISS_SCALING_SERVERS, /**< between servers */
    WEISS_SCALING_WAITING, /**< for other ranks */
    WEISS_SCALING_PARTS
} weiss_scaling_part;

typedef struct weiss_scaling_point {
    int ranks;
    weiss_summary seconds; /**< elapsed; n is 0 when it was not measured */
    weiss_summary part[WEISS_SCALING_PARTS]; /**< s, means over ranks; n is 0 when it was not measured */
} weiss_scaling_point;

/** One series: the same job on more and more ranks (strong), or a job that grows with them (weak). */
typedef struct weiss_scaling {
    const char *label; /**< borrowed */
    const char *colour; /**< borrowed */
    bool weak;
    weiss_scaling_point point[WEISS_SCALING_POINTS_MAX]; /**< in ascending order of ranks */
    int n;
} weiss_scaling;

/** Speedup of point @p i over the first one, S = T_0 / T_i; for a weak series the work is ranks_i / ranks_0 times as much, and
 *  S = (ranks_i / ranks_0) T_0 / T_i (Gustafson, CACM 31, 532 (1988)). NAN when one of the two was not measured. */
double weiss_scaling_speedup(const weiss_scaling *scaling, int i);
/** Efficiency, E = S ranks_0 / ranks_i. */
double weiss_scaling_efficiency(const weiss_scaling *scaling, int i);
/** The part of the work that runs in parallel, as a speedup of @p s on @p ratio times as many ranks tells it:
 *  p = (1 - 1/s) / (1 - 1/ratio) (Amdahl, AFIPS Conf. Proc. 30, 483 (1967)). NAN when @p ratio is not above 1. */
double weiss_amdahl_part(double s, double ratio);
/** The speedup that no number of ranks exceeds when a part @p p of the work runs in parallel, 1 / (1 - p). INFINITY when
 *  @p p is 1 or more. */
double weiss_amdahl_limit(double p);

/** Prints a table of each series. */
void weiss_scaling_print(const weiss_scaling *series, int nseries, FILE *to);
/** Prints where the time went, a table of each series that tells: medians, and their shares of the sum. */
void weiss_scaling_print_parts(const weiss_scaling *series, int nseries, FILE *to);
/** True when a point of the series tells where its time went. */
bool weiss_scaling_has_parts(const weiss_scaling *scaling);
/** Name of a part for people, and its colour in pictures. */
const char *weiss_scaling_part_name(weiss_scaling_part part);
const char *weiss_scaling_part_colour(weiss_scaling_part part);
/** Writes CSV: transport,ranks,median_s,min_s,max_s,samples,speedup,efficiency,parallel_part,compute_s,inside_s,between_s,
 *  servers_s,waiting_s. @return 0, WEISS_ERR_FILE, WEISS_ERR_MEMORY */
int weiss_scaling_write_csv(const weiss_scaling *series, int nseries, const char *path, weiss_fault *fault);
/** Draws time.svg and speedup.svg, and split.svg when a series tells where its time went, into a directory that exists. @return as weiss_scaling_write_csv */
int weiss_scaling_draw(const weiss_scaling *series, int nseries, const char *directory, weiss_fault *fault);

#endif
