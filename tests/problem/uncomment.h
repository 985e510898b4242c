/* Printed defaults are the reference, so each setting that is commented out in them must be right as well. */
#ifndef WEISS_TESTS_UNCOMMENT_H
#define WEISS_TESTS_UNCOMMENT_H

#include "problem/problem.h"

/** Prints the defaults and reads them back; then, for each setting that is commented out, does so with the marks of that
 *  setting deleted. A second alternative of a map, or a second way to write a setting, may be refused for being the
 *  second; nothing else may.
 *  @param[out] settings  how many were tried
 *  @return number of failures, each described on standard error */
int uncomment_each(weiss_context *ctx, const weiss_schema_parts *parts, int *settings);

#endif
