/* Traffic: how many messages and bytes each rank sends to each other rank. The communication graph of a program. */
#ifndef WEISS_PLAN_TRAFFIC_H
#define WEISS_PLAN_TRAFFIC_H

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define WEISS_PLAN_RANKS_MAX 20000

/** What one rank sends to another. Counts may be fractions: means over steps. */
typedef struct weiss_flow {
    int from, to;
    double messages, bytes;
} weiss_flow;

typedef struct weiss_traffic {
    int nranks;
    size_t nflows, capacity;
    weiss_flow *
        flow; /**< sorted by from, then to, each pair once, none with itself, after weiss_traffic_settle; owned */
    size_t *start; /**< nranks + 1: flows of rank r are start[r] .. start[r + 1] - 1; owned */
    size_t *back; /**< nflows: the flows by `to`; owned */
    size_t *back_start; /**< nranks + 1: flows to rank r are back[back_start[r]] .. ; owned */
} weiss_traffic;

/** No traffic. Zeroed memory is the same. */
void weiss_traffic_free(weiss_traffic *traffic);
/** Adds a flow; the numbers must not be negative. @return 0, WEISS_ERR_MEMORY */
int weiss_traffic_add(weiss_traffic *traffic, int from, int to, double messages, double bytes,
                      weiss_fault *fault);
/** Sorts the flows, sums those of one pair, leaves out those of a rank with itself, and builds the lists. Call it once after
 *  the last weiss_traffic_add. @p nranks must be above every rank. @return 0, WEISS_ERR_MEMORY */
int weiss_traffic_settle(weiss_traffic *traffic, int nranks, weiss_fault *fault);
/** Divides all counts by @p steps. */
void weiss_traffic_per_step(weiss_traffic *traffic, double steps);

/** Reads a traffic file (docs/plan.md): lines `from,to,messages,bytes`, and comments, of which `# ranks N` is read.
 *  @param file  name for messages
 *  @param[out] traffic  settled; free with weiss_traffic_free; empty on failure
 *  @return 0, WEISS_ERR_SYNTAX, WEISS_ERR_VALUE, WEISS_ERR_MEMORY */
int weiss_traffic_parse(const char *file, const char *text, weiss_traffic *traffic, weiss_fault *fault);
/** The same of a file. @return WEISS_ERR_FILE too */
int weiss_traffic_read(const char *path, weiss_traffic *traffic, weiss_fault *fault);
/** Writes a traffic file. */
void weiss_traffic_write(FILE *to, const weiss_traffic *traffic);

#endif
