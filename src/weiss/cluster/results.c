/* The results of a run in a cluster on their way here: all of them at its end, and each new checkpoint while it lasts. They
 * take the place of what is here in one step. */
#include "weiss/cluster/run-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char finished_script[] = "test -d \"$1\"/\"$2\"";
/** Packs the checkpoint and what has changed since the last time. tar reads the checkpoint first: all else that it packs is
 *  at least as new, and what is newer is cut off by a restart. Its code 1 says that a file grew meanwhile. */
static const char pack_script[] =
    "cd \"$1\" || exit 2\n"
    "touch -d '1 second ago' packing\n"
    "newer=$(test -e packed && echo '-newer packed')\n"
    "{ echo \"$2/checkpoint.h5\"\n"
    "find \"$2\" -type f ! -path \"$2/checkpoint.h5\" ! -name '*.tmp-*' $newer; } |\n"
    "    tar -cf changes.tar --ignore-failed-read -T - 2>/dev/null || [ $? = 1 ] || exit 2\n"
    "mv packing packed\n";

/** Runs a program on this machine. @return true when it went well */
static bool run_here(const char *const *words)
{
    const weiss_process_options options = {.words = (char *const *)words, .in = -1, .out = -1, .err = -1};
    pid_t pid;
    int status = 0;
    return weiss_process_start(&options, &pid, NULL) == 0 &&
           weiss_process_wait(pid, -1, NULL, &status) == 0 && status == 0;
}

static void remove_tree(const char *path)
{
    run_here((const char *const[]){"rm", "-rf", "--", path, NULL});
}

/** Where earlier results go: a free name. */
static void move_aside(const char *directory)
{
    char older[4200];
    for (int i = 1; i < 100000; i++) {
        snprintf(older, sizeof older, "%s.%d", directory, i);
        if (access(older, F_OK) != 0 && rename(directory, older) == 0) {
            printf("the earlier %s is now %s\n", directory, older);
            return;
        }
    }
}

/** Gives @p fresh the name of the results. Those that are there are this run's, or what it went on from, or are moved out of
 *  the way. */
static int publish(weiss_cluster_job *job, const char *fresh, weiss_fault *fault)
{
    bool ours = job->brought || job->options->restart;
    if (access(job->here, F_OK) == 0 && !ours)
        move_aside(job->here);
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, job->here, RENAME_EXCHANGE) == 0) {
        remove_tree(fresh); /* now the older ones */
    } else if (errno != ENOENT || rename(fresh, job->here) != 0) {
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s: the results are in %s: %s", job->here, fresh,
                               strerror(errno));
    }
    job->brought = true;
    return 0;
}

int weiss_cluster_fetch(weiss_cluster_job *job, weiss_fault *fault)
{
    char from[4200], fresh[4200];
    const char *name = weiss_cluster_base_name(job->here);
    if (weiss_cluster_script(job, WEISS_CLUSTER_FIRST, finished_script, name, NULL, NULL) != 0)
        return 0; /* it ended before it made any */
    snprintf(from, sizeof from, "%s:%s/%.4000s", WEISS_CLUSTER_FIRST, job->there, name);
    snprintf(fresh, sizeof fresh, "%s.tmp-%ld", job->here, (long)getpid());
    int code = weiss_cluster_copy(job, from, fresh, fault);
    if (code == 0)
        return publish(job, fresh, fault);
    remove_tree(fresh);
    return code;
}

/** Makes a directory with what is here already (links, no copies) and what @p archive has. */
static int unpack(const weiss_cluster_job *job, const char *archive, const char *fresh, weiss_fault *fault)
{
    bool more = (job->brought || job->options->restart) && access(job->here, F_OK) == 0;
    bool made = more ? run_here((const char *const[]){"cp", "-al", "--", job->here, fresh, NULL})
                     : mkdir(fresh, 0777) == 0;
    if (made && run_here((const char *const[]){"tar", "-xf", archive, "-C", fresh, "--strip-components=1",
                                               "--no-same-owner", NULL}))
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be written: no space, perhaps", fresh);
}

int weiss_cluster_fetch_checkpoint(weiss_cluster_job *job, weiss_fault *fault)
{
    char from[128], archive[4200], fresh[4200];
    const char *name = weiss_cluster_base_name(job->here);
    struct tm local;
    const time_t now = time(NULL);
    snprintf(from, sizeof from, "%s:%s/changes.tar", WEISS_CLUSTER_FIRST, job->there);
    snprintf(archive, sizeof archive, "%s.tmp-%ld.tar", job->here, (long)getpid());
    snprintf(fresh, sizeof fresh, "%s.tmp-%ld", job->here, (long)getpid());
    int code = weiss_cluster_script(job, WEISS_CLUSTER_FIRST, pack_script, name, NULL, fault);
    if (code == 0)
        code = weiss_cluster_copy(job, from, archive, fault);
    if (code == 0)
        code = unpack(job, archive, fresh, fault);
    if (code == 0)
        code = publish(job, fresh, fault);
    else
        remove_tree(fresh);
    unlink(archive);
    if (code == 0)
        strftime(job->saved, sizeof job->saved, "%T", localtime_r(&now, &local));
    return code;
}
