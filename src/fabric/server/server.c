#include "fabric/server/server.h"

#include "fabric/server/control.h"
#include "fabric/server/group.h"
#include "fabric/server/place.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

/** File descriptors for everything but groups. */
#define OTHER_FDS 64

bool weiss_server_trusts(const weiss_server *server, uid_t uid)
{
    return uid == 0 || uid == geteuid() || uid == server->settings->user;
}

weiss_group *weiss_server_find(const weiss_server *server, const char *name)
{
    weiss_group *group = server->groups;
    while (group != NULL && strcmp(group->spec.name, name) != 0)
        group = group->next;
    return group;
}

/** Refuses a group that could use up the file descriptors. So no client can, whatever it does. */
static int check_limit(const weiss_server *server, const weiss_group_spec *spec, weiss_fault *fault)
{
    struct rlimit limit;
    unsigned long needed = weiss_group_spec_fds(spec), used = server->fds + OTHER_FDS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || used + needed <= limit.rlim_cur)
        return 0;
    return weiss_fault_set(
        fault, WEISS_ERR_VALUE,
        "group %s may need %lu file descriptors, and %lu of %lu are taken; raise the limit "
        "(LimitNOFILE= of a systemd unit, ulimit -n), or ask for fewer peers or vectors",
        spec->name, needed, used, (unsigned long)limit.rlim_cur);
}

int weiss_server_add(weiss_server *server, const weiss_group_spec *spec, weiss_group **out,
                     weiss_fault *fault)
{
    weiss_group **link = &server->groups;
    *out = NULL;
    if (weiss_server_find(server, spec->name) != NULL)
        return weiss_fault_set(fault, WEISS_ERR_VALUE, "there is a group %s already", spec->name);
    int code = check_limit(server, spec, fault);
    if (code == 0) {
        weiss_fault cause = {0};
        code = weiss_group_begin(server, spec, out, &cause);
        if (code != 0)
            weiss_fault_set(fault, code, "group %s: %s", spec->name, cause.text);
    }
    if (code != 0)
        return code;
    while (*link != NULL)
        link = &(*link)->next;
    *link = *out;
    server->fds += weiss_group_spec_fds(spec);
    return 0;
}

static void take_signal(weiss_watch *watch, uint32_t events)
{
    weiss_server *server = (weiss_server *)((char *)watch - offsetof(weiss_server, signals));
    struct signalfd_siginfo info;
    (void)events;
    if (read(watch->fd, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    weiss_log("signal %u (%s) from process %u: stopping", info.ssi_signo, strsignal((int)info.ssi_signo),
              info.ssi_pid);
    server->stopping = true;
}

static int watch_signals(weiss_server *server, weiss_fault *fault)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    server->signals =
        (weiss_watch){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = take_signal};
    if (server->signals.fd < 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "signalfd: %s", strerror(errno));
    return weiss_loop_watch(&server->loop, &server->signals, EPOLLIN, fault);
}

static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int start(weiss_server *server, const weiss_group_spec *specs, int nspecs, weiss_fault *fault)
{
    raise_limit();
    int code = watch_signals(server, fault);
    if (code == 0)
        code = weiss_place_directory(server->settings->run_directory, &server->made_directory, fault);
    if (code == 0)
        code = weiss_control_open(server, &server->control, fault);
    if (code == 0 && server->settings->pidfile != NULL) {
        code = weiss_place_write_pid(server->settings->pidfile, fault);
        server->pid_written = code == 0;
    }
    for (int i = 0; i < nspecs && code == 0; i++) {
        weiss_group *group;
        code = weiss_server_add(server, &specs[i], &group, fault);
        if (group != NULL)
            group->initial = true;
    }
    if (code == 0 && nspecs == 0) {
        puts("ready");
        fflush(stdout);
    }
    return code;
}

/** Removes all groups. Who waited for one that will not come is told. */
static void begin_end(weiss_server *server)
{
    weiss_fault fault = {0};
    weiss_fault_set(&fault, WEISS_ERR_SYSTEM, "the server is stopping");
    for (weiss_group *group = server->groups; group != NULL; group = group->next) {
        struct weiss_client *asked = group->asked;
        if (asked != NULL && group->state == WEISS_GROUP_PREPARING) {
            group->asked = NULL;
            weiss_client_answer(asked, &fault);
        }
        weiss_group_remove(group);
    }
}

/** Tells those who wait what has become of a group. @p fault is NULL when what they wanted has come true. */
static void tell(weiss_group *group, const weiss_fault *fault)
{
    struct weiss_client *asked = group->asked;
    group->asked = NULL;
    if (asked != NULL)
        weiss_client_answer(asked, fault);
    if (group->initial && fault == NULL && group->state == WEISS_GROUP_READY) {
        printf("ready %s %s\n", group->spec.name, group->spec.socket);
        fflush(stdout);
        group->initial = false;
    }
}

static void free_group(weiss_server *server, weiss_group **link)
{
    weiss_group *group = *link;
    *link = group->next;
    server->fds -= weiss_group_spec_fds(&group->spec);
    weiss_group_destroy(group);
}

/** One slice of work for each group that has some. */
static void work(weiss_server *server, weiss_fault *fault)
{
    weiss_group **link = &server->groups;
    while (*link != NULL) {
        weiss_group *group = *link;
        if (weiss_group_works(group)) {
            weiss_fault failed = {0};
            int code = weiss_group_step(group, &failed);
            if (code != 0 && group->initial) {
                server->code = weiss_fault_set(fault, code, "%s", failed.text);
                server->stopping = true;
            }
            if (code != 0 || group->state == WEISS_GROUP_READY || group->state == WEISS_GROUP_GONE)
                tell(group, code != 0 ? &failed : NULL);
        }
        if (group->state == WEISS_GROUP_GONE)
            free_group(server, link);
        else
            link = &group->next;
    }
}

static int sooner(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/** Looks after those who keep the server waiting. @return ms that it may sleep, -1: any time */
static int look_after(weiss_server *server)
{
    uint64_t now = weiss_now();
    int sleep = weiss_control_check(server->control, now);
    for (weiss_group *group = server->groups; group != NULL; group = group->next) {
        sleep = sooner(sleep, weiss_group_check(group, now));
        if (weiss_group_works(group))
            sleep = 0;
    }
    return sleep;
}

static int serve(weiss_server *server, weiss_fault *fault)
{
    int code = 0;
    bool ending = false;
    while (code == 0 && (!server->stopping || server->groups != NULL)) {
        if (server->stopping && !ending) {
            begin_end(server);
            ending = true;
        }
        int sleep = look_after(server);
        code = weiss_loop_turn(&server->loop, server->stopping ? 0 : sleep, fault);
        work(server, fault);
    }
    return code != 0 ? code : server->code;
}

int weiss_server_run(const weiss_server_settings *settings, const weiss_group_spec *specs, int nspecs,
                     weiss_fault *fault)
{
    weiss_server server = {.settings = settings, .since = time(NULL), .signals = {.fd = -1}};
    int code = weiss_loop_open(&server.loop, fault);
    if (code == 0)
        code = start(&server, specs, nspecs, fault);
    if (code == 0)
        weiss_log("process %ld serves %s", (long)getpid(), settings->run_directory);
    server.stopping = code != 0;
    int ended = server.control != NULL ? serve(&server, fault) : 0;
    if (server.pid_written)
        unlink(settings->pidfile);
    weiss_control_close(server.control);
    if (server.made_directory)
        rmdir(settings->run_directory); /* others may have put something there */
    weiss_loop_forget(&server.signals);
    weiss_loop_close(&server.loop);
    return code != 0 ? code : ended;
}
