/* The directory of results: NAME.out in the current directory, or what --out says. */
#ifndef WEISS_COMMAND_RESULTS_H
#define WEISS_COMMAND_RESULTS_H

#include "problem/problem.h"

/** Name of the directory of results of a problem: @p wanted, or NAME.out when it is NULL. Free with free(). Local. */
int weiss_results_name(const weiss_problem *problem, const char *wanted, char **out);

/** Fails early when @p directory could not be made or written, has files that are no run's, or when another run writes
 *  to it (one that is just ending is waited for, five seconds at most). Rank 0 looks; collective.
 *  @return 0, WEISS_ERR_FILE */
int weiss_results_check(weiss_context *ctx, const char *directory);

/** Makes @p directory ready for a run and locks it (flock on the directory), so that no other run writes to it. An
 *  earlier one is moved to DIRECTORY.1 (or the next free number), which a remark says, unless it is a @p restart. Rank 0
 *  works; collective.
 *  @param lock descriptor that holds the lock until it is closed; -1 on other ranks and when it fails
 *  @return 0, WEISS_ERR_FILE */
int weiss_results_begin(weiss_context *ctx, const char *directory, bool restart, int *lock);

#endif
