#include "weiss/run/results.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
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

/* The ranks of a killed run may need this long to end: they are waited for. */
static const int patience_in_tenths_of_a_second = 50;

/** Locks @p directory for this process. A file system without locks counts as locked.
 *  @param lock descriptor to be closed when the run ends; -1 when there is no such directory */
static int take(weiss_context *ctx, const char *directory, int *lock)
{
    const struct timespec tenth = {.tv_nsec = 100000000};
    *lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; *lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; i++) {
        if (i == patience_in_tenths_of_a_second) {
            close(*lock);
            *lock = -1;
            return weiss_fail(
                ctx, WEISS_ERR_FILE,
                "%s: another run is writing its results here; wait until it ends, or name another "
                "place with --out",
                directory);
        }
        nanosleep(&tenth, NULL);
    }
    return 0;
}

/** Whether @p directory has the results of a run, or nothing, so that it may be moved out of the way. */
static bool is_ours(const char *directory)
{
    static const char *const marks[] = {"run.json", "table.csv", "checkpoint.h5"};
    DIR *stream = opendir(directory);
    bool ours = stream == NULL, empty = true;
    for (struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;) {
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
            ours = ours || strcmp(entry->d_name, marks[i]) == 0;
    }
    if (stream != NULL)
        closedir(stream);
    return ours || empty;
}

static int check_parent(weiss_context *ctx, const char *directory)
{
    char *copy = strdup(directory);
    if (copy == NULL)
        return weiss_fail(ctx, WEISS_ERR_MEMORY, "out of memory");
    const char *parent = dirname(copy);
    int code = 0;
    if (access(parent, W_OK | X_OK) != 0)
        code = weiss_fail(ctx, WEISS_ERR_FILE,
                          "%s: results cannot be written here: %s: %s; name another place with --out",
                          directory, parent, strerror(errno));
    free(copy);
    return code;
}

static int check(weiss_context *ctx, const char *directory)
{
    struct stat facts;
    int lock;
    if (directory[0] == '\0')
        return weiss_fail(ctx, WEISS_ERR_FILE,
                          "--out: expected the name of a directory for the results, "
                          "found nothing");
    if (stat(directory, &facts) == 0 && !S_ISDIR(facts.st_mode))
        return weiss_fail(ctx, WEISS_ERR_FILE,
                          "%s: is a file; expected the name of a directory for the results", directory);
    if (!is_ours(directory))
        return weiss_fail(ctx, WEISS_ERR_FILE,
                          "%s: has files in it, but not the results of a run; name another place with --out",
                          directory);
    WEISS_TRY(check_parent(ctx, directory));
    WEISS_TRY(take(ctx, directory, &lock));
    if (lock >= 0)
        close(lock);
    return 0;
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

static int begin(weiss_context *ctx, const char *directory, bool restart, int *lock)
{
    WEISS_TRY(take(ctx, directory, lock));
    if (restart)
        return 0;
    int earlier = *lock;
    int code = rmdir(directory) != 0 && errno != ENOENT ? move_away(ctx, directory) : 0;
    if (earlier >= 0)
        close(earlier);
    *lock = -1;
    if (code == 0 && mkdir(directory, 0777) != 0)
        code = weiss_fail(ctx, WEISS_ERR_FILE, "%s: the directory of results cannot be made: %s", directory,
                          strerror(errno));
    return code == 0 ? take(ctx, directory, lock) : code;
}

int weiss_results_begin(weiss_context *ctx, const char *directory, bool restart, int *lock)
{
    *lock = -1;
    return weiss_agree(ctx, weiss_rank(ctx) == 0 ? begin(ctx, directory, restart, lock) : 0);
}
