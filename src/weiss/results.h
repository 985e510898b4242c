/* The directory of results: NAME.out in the current directory, or what --out says. */
#ifndef WEISS_COMMAND_RESULTS_H
#define WEISS_COMMAND_RESULTS_H

#include "problem/problem.h"

/** Name of the directory of results of a problem: @p wanted, or NAME.out when it is NULL. Free with free(). Local. */
int weiss_results_name(const weiss_problem *problem, const char *wanted, char **out);

/** Fails early when @p directory could not be made or written. Rank 0 looks; collective.
 *  @return 0, WEISS_ERR_FILE */
int weiss_results_check(weiss_context *ctx, const char *directory);

/** Makes @p directory ready for a new run: an earlier one is moved to DIRECTORY.1 (or the next free number), which a
 *  remark says. Rank 0 works; collective.
 *  @return 0, WEISS_ERR_FILE */
int weiss_results_begin(weiss_context *ctx, const char *directory);

#endif
