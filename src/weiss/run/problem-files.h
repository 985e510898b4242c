/* The files that a problem names: what another machine needs to run it. */
#ifndef WEISS_COMMAND_PROBLEM_FILES_H
#define WEISS_COMMAND_PROBLEM_FILES_H

#include "base/fault.h"

#include <stddef.h>

#define WEISS_PROBLEM_FILES_MAX 32

typedef struct weiss_problem_files {
    char *name[WEISS_PROBLEM_FILES_MAX]; /**< as the problem names them; owned */
    int n;
} weiss_problem_files;

/** Finds the words of a problem file that name a file that exists, relative to the directory of the problem.
 *  @return 0, WEISS_ERR_FILE (it cannot be read), WEISS_ERR_SYNTAX (no YAML; `weiss run` says more), WEISS_ERR_MEMORY */
int weiss_problem_files_find(const char *problem, weiss_problem_files *files, weiss_fault *fault);
void weiss_problem_files_clear(weiss_problem_files *files);

/** Where the file @p name of @p problem is, as seen from the current directory. @p path has @p size bytes, and is empty
 *  when that is too few. */
void weiss_problem_files_path(const char *problem, const char *name, char *path, size_t size);

#endif
