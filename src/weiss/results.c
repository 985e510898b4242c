#include "weiss/results.h"

#include "base/file.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int weiss_results_name(const weiss_problem *problem, const char *wanted, char **out)
{
    const char *stem = wanted != NULL ? wanted : problem->name, *suffix = wanted != NULL ? "" : ".out";
    size_t length = strlen(stem);
    while (wanted != NULL && length > 1 && stem[length - 1] == '/')
        length--;
    size_t size = length + strlen(suffix) + 1;
    WEISS_TRY(weiss_alloc(problem->ctx, out, size, 1));
    snprintf(*out, size, "%.*s%s", (int)length, stem, suffix);
    return 0;
}

static int check(weiss_context *ctx, const char *directory)
{
    struct stat facts;
    char *copy = strdup(directory);
    if (copy == NULL)
        return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory");
    const char *parent = dirname(copy);
    int code = 0;
    if (stat(directory, &facts) == 0 && !S_ISDIR(facts.st_mode))
        code = weiss_fail(ctx, WEISS_ERR_FILE,
                          "%s: is a file; expected the name of a directory for the results", directory);
    else if (access(parent, W_OK | X_OK) != 0)
        code = weiss_fail(ctx, WEISS_ERR_FILE,
                          "%s: results cannot be written here: %s: %s; name another place with --out",
                          directory, parent, strerror(errno));
    free(copy);
    return code;
}

int weiss_results_check(weiss_context *ctx, const char *directory)
{
    return weiss_agree(ctx, weiss_rank(ctx) == 0 ? check(ctx, directory) : 0);
}

/** Moves an earlier directory to the first name that is free. */
static int move_away(weiss_context *ctx, const char *directory)
{
    struct stat facts;
    size_t size = strlen(directory) + 16;
    char *name;
    int code = 0;
    WEISS_TRY(weiss_alloc(ctx, &name, size, 1));
    for (int i = 1;; i++) {
        snprintf(name, size, "%s.%d", directory, i);
        if (lstat(name, &facts) != 0 && errno == ENOENT)
            break;
    }
    if (rename(directory, name) == 0)
        weiss_info(ctx, "the results of an earlier run are now in %s/", name);
    else
        code = weiss_fail(ctx, WEISS_ERR_FILE, "%s: an earlier run's results cannot be moved to %s: %s",
                          directory, name, strerror(errno));
    free(name);
    return code;
}

static int begin(weiss_context *ctx, const char *directory)
{
    if (rmdir(directory) != 0 && errno != ENOENT)
        WEISS_TRY(move_away(ctx, directory));
    if (mkdir(directory, 0777) != 0)
        return weiss_fail(ctx, WEISS_ERR_FILE, "%s: the directory of results cannot be made: %s", directory,
                          strerror(errno));
    return 0;
}

int weiss_results_begin(weiss_context *ctx, const char *directory)
{
    return weiss_agree(ctx, weiss_rank(ctx) == 0 ? begin(ctx, directory) : 0);
}
