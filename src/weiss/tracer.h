/* The tracer (plan/trace) as the command finds and uses it. */
#ifndef WEISS_COMMAND_TRACER_H
#define WEISS_COMMAND_TRACER_H

#include "plan/times.h"

#include <stdbool.h>

/** Its file, and its settings in the environment of the ranks. */
#define WEISS_TRACER_LIBRARY "libweiss-trace.so"
#define WEISS_TRACER_FILE "WEISS_TRACE_FILE"
#define WEISS_TRACER_TIMES "WEISS_TRACE_TIMES"

/** Finds the library beside this program or where it is installed. @p path has PATH_MAX bytes. @return false when it is in
 *  neither place; @p path tells the second one */
bool weiss_tracer_find(char *path);

/** Splits the time of a run from the texts of its two files.
 *  @param direct  messages between the machines of a server go through memory that they share, not over their network
 *  @param server  of each rank; NULL: all are on one
 *  @return 0, or a code of weiss_times_parse, weiss_traffic_parse, weiss_split_times */
int weiss_tracer_split(const char *times, const char *traffic, const int *server, bool direct,
                       weiss_split *split, weiss_fault *fault);

#endif
