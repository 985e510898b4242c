#include "cloud/tuning/change.h"

#include "cloud/files.h"
#include "cloud/process.h"
#include "cloud/tuning/guests.h"

#include <errno.h>
#include <fcntl.h>
#include <hwloc/linux.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Writes a setting in one write, as the kernel wants it. */
static int write_setting(const weiss_tuning_machine *machine, const char *path, const char *value,
                         weiss_fault *fault)
{
    char name[WEISS_PATH];
    size_t length = strlen(value);
    snprintf(name, sizeof name, "%s%s", machine->root, path);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0 && write(fd, value, length) == (ssize_t)length && close(fd) == 0)
        return 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s cannot be set to \"%s\": %s", path, value,
                           strerror(error));
}

/** True when the process or thread of a path "PID/TID/START" or "PID/START" is the one that was meant. */
static bool lives(const weiss_tuning_machine *machine, const char *path, int *pid, int *tid)
{
    long long start = 0;
    if (sscanf(path, "%d/%d/%lld", pid, tid, &start) != 3) {
        sscanf(path, "%d/%lld", pid, &start);
        *tid = *pid;
    }
    return start != 0 && weiss_tuning_started(machine, *pid, *tid) == start;
}

/** Pins a thread. hwloc does the same as sched_setaffinity(), for any number of processors. */
static int bind_thread(const weiss_tuning_machine *machine, const char *path, const char *list,
                       bool gone_is_right, weiss_fault *fault)
{
    int pid = 0, tid = 0, code = 0;
    hwloc_topology_t topology;
    if (machine->root[0] != '\0')
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "threads are only pinned on this machine, not on the tree %s", machine->root);
    if (!lives(machine, path, &pid, &tid))
        return gone_is_right ? 0 : weiss_fault_set(fault, WEISS_ERR_SYSTEM, "thread %d has ended", tid);
    hwloc_bitmap_t cpus = weiss_tuning_cpus(list);
    if (cpus == NULL || hwloc_topology_init(&topology) != 0) {
        hwloc_bitmap_free(cpus);
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "\"%s\" is no list of processors", list);
    }
    if (hwloc_topology_load(topology) != 0 || hwloc_linux_set_tid_cpubind(topology, tid, cpus) != 0)
        code = weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                               "thread %d of process %d cannot be put on processors %s: %s", tid, pid, list,
                               strerror(errno));
    hwloc_topology_destroy(topology);
    hwloc_bitmap_free(cpus);
    return code != 0 && gone_is_right && !lives(machine, path, &pid, &tid) ? 0 : code;
}

/** Moves a process into a control group. */
static int move(const weiss_tuning_machine *machine, const char *path, const char *group, bool gone_is_right,
                weiss_fault *fault)
{
    char procs[WEISS_TUNING_PATH + 32], number[16];
    int pid = 0, tid = 0;
    if (!lives(machine, path, &pid, &tid))
        return gone_is_right ? 0 : weiss_fault_set(fault, WEISS_ERR_SYSTEM, "process %d has ended", pid);
    snprintf(procs, sizeof procs, "%s/cgroup.procs", group);
    snprintf(number, sizeof number, "%d", pid);
    return write_setting(machine, procs, number, fault);
}

static int run(const weiss_tuning_machine *machine, const char *const *words, weiss_fault *fault)
{
    const weiss_process_options options = {.words = (char *const *)words, .in = -1, .err = STDERR_FILENO};
    const weiss_process_reader reader = {.seconds = 60};
    int code = 0;
    if (machine->root[0] != '\0')
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s is only run on this machine, not on the tree %s",
                               words[0], machine->root);
    WEISS_FAULT_TRY(weiss_process_run(&options, &reader, &code, fault));
    if (code != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "`%s %s%s%s` failed with exit code %d", words[0],
                               words[1], words[2] != NULL ? " " : "", words[2] != NULL ? words[2] : "", code);
    return 0;
}

static int remount(const weiss_tuning_machine *machine, const char *path, const char *option,
                   weiss_fault *fault)
{
    char how[WEISS_TUNING_PATH + 16];
    snprintf(how, sizeof how, "remount,%s", option);
    return run(machine, (const char *const[]){"mount", "-o", how, path, NULL}, fault);
}

static int make_directory(const weiss_tuning_machine *machine, const char *path, weiss_fault *fault)
{
    char name[WEISS_PATH];
    snprintf(name, sizeof name, "%s%s", machine->root, path);
    if (mkdir(name, 0755) == 0 || errno == EEXIST)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the directory %s cannot be made: %s", path,
                           strerror(errno));
}

/** Removes what a change has made: a directory (a control group without processes), or a file that was not there. The files of
 *  a control group cannot be removed and go with it. */
static int take_away(const weiss_tuning_machine *machine, const weiss_tuning_change *change,
                     weiss_fault *fault)
{
    char name[WEISS_PATH];
    snprintf(name, sizeof name, "%s%s", machine->root, change->path);
    if (change->kind == WEISS_TUNING_WRITE)
        return unlink(name), 0;
    if (rmdir(name) == 0 || errno == ENOENT)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "the directory %s cannot be removed: %s", change->path,
                           strerror(errno));
}

int weiss_tuning_make(const weiss_tuning_machine *machine, const weiss_tuning_change *change,
                      weiss_fault *fault)
{
    switch (change->kind) {
    case WEISS_TUNING_WRITE:
        return write_setting(machine, change->path, change->value, fault);
    case WEISS_TUNING_DIRECTORY:
        return make_directory(machine, change->path, fault);
    case WEISS_TUNING_AFFINITY:
        return bind_thread(machine, change->path, change->value, false, fault);
    case WEISS_TUNING_MOVE:
        return move(machine, change->path, change->value, false, fault);
    case WEISS_TUNING_REMOUNT:
        return remount(machine, change->path, change->value, fault);
    case WEISS_TUNING_MODULE:
        return run(machine, (const char *const[]){"modprobe", change->path, NULL, NULL}, fault);
    }
    return WEISS_ERR_INTERNAL;
}

int weiss_tuning_unmake(const weiss_tuning_machine *machine, const weiss_tuning_change *change,
                        weiss_fault *fault)
{
    switch (change->kind) {
    case WEISS_TUNING_WRITE:
        return change->old[0] != '\0' ? write_setting(machine, change->path, change->old, fault)
                                      : take_away(machine, change, fault);
    case WEISS_TUNING_DIRECTORY:
        return take_away(machine, change, fault);
    case WEISS_TUNING_AFFINITY:
        return bind_thread(machine, change->path, change->old, true, fault);
    case WEISS_TUNING_MOVE:
        return move(machine, change->path, change->old, true, fault);
    case WEISS_TUNING_REMOUNT:
        return remount(machine, change->path, change->old, fault);
    case WEISS_TUNING_MODULE:
        return run(machine, (const char *const[]){"modprobe", "-r", change->path, NULL}, fault);
    }
    return WEISS_ERR_INTERNAL;
}

const char *weiss_tuning_command(const weiss_tuning_change *change, char *out, size_t size)
{
    int pid = 0, tid = 0;
    sscanf(change->path, "%d/%d", &pid, &tid);
    switch (change->kind) {
    case WEISS_TUNING_WRITE:
        snprintf(out, size, "echo %s > %s", change->value, change->path);
        break;
    case WEISS_TUNING_DIRECTORY:
        snprintf(out, size, "mkdir %s", change->path);
        break;
    case WEISS_TUNING_AFFINITY:
        snprintf(out, size, "taskset -pc %s %d", change->value, tid);
        break;
    case WEISS_TUNING_MOVE:
        snprintf(out, size, "echo %d > %s/cgroup.procs", pid, change->value);
        break;
    case WEISS_TUNING_REMOUNT:
        snprintf(out, size, "mount -o remount,%s %s", change->value, change->path);
        break;
    case WEISS_TUNING_MODULE:
        snprintf(out, size, "modprobe %s", change->path);
        break;
    }
    return out;
}
