#include "cloud/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** Milliseconds after which a wait looks at the stop flag again: a signal may come just before the wait begins. */
#define GLANCE 100

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/** Writes PLACE/NAME. @return false when it does not fit */
static bool join(char *path, size_t size, const char *place, const char *name)
{
    size_t first = strlen(place), second = strlen(name);
    if (first + second + 2 > size)
        return false;
    memcpy(path, place, first);
    path[first] = '/';
    memcpy(path + first + 1, name, second + 1);
    return true;
}

bool weiss_process_find(const char *program, char *path, size_t size)
{
    const char *set = getenv("PATH");
    char places[8192];
    if (strchr(program, '/') != NULL)
        return snprintf(path, size, "%s", program) < (int)size && access(path, X_OK) == 0;
    snprintf(places, sizeof places, "%s:/usr/sbin:/sbin", set != NULL ? set : "/usr/local/bin:/usr/bin:/bin");
    for (char *rest = places, *place = strsep(&rest, ":"); place != NULL; place = strsep(&rest, ":"))
        if (place[0] != '\0' && join(path, size, place, program) && access(path, X_OK) == 0)
            return true;
    return false;
}

/** In the child: never returns. Tells errno through @p tell when the program cannot be started. */
static void become(const weiss_process_options *options, const char *path, pid_t parent, int tell)
{
    const int streams[3] = {options->in, options->out, options->err};
    sigset_t none;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), kept[3], error;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL); /* the command ignores these two */
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (options->group)
        setpgid(0, 0);
    if (options->death_signal != 0) {
        prctl(PR_SET_PDEATHSIG, options->death_signal);
        if (getppid() != parent)
            _exit(127);
    }
    /* First out of the way of each other: a stream may be given as another one's number. */
    for (int i = 0; i < 3; i++)
        kept[i] = fcntl(streams[i] >= 0 ? streams[i] : null, F_DUPFD_CLOEXEC, 3);
    for (int i = 0; i < 3; i++)
        dup2(kept[i], i);
    for (int i = 0; options->settings != NULL && options->settings[i] != NULL; i++)
        putenv(options->settings[i]);
    execv(path, options->words);
    error = errno;
    while (write(tell, &error, sizeof error) < 0 && errno == EINTR)
        ;
    _exit(127);
}

int weiss_process_start(const weiss_process_options *options, pid_t *pid, weiss_fault *fault)
{
    const char *program = options->words[0];
    char path[4096];
    int told[2], error = 0;
    ssize_t length;
    if (!weiss_process_find(program, path, sizeof path))
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s cannot be started: it is not installed", program);
    if (pipe2(told, O_CLOEXEC) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s cannot be started: %s", program, strerror(errno));
    pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0)
        become(options, path, parent, told[1]);
    error = *pid < 0 ? errno : 0;
    close(told[1]);
    while (*pid > 0 && (length = read(told[0], &error, sizeof error)) < 0 && errno == EINTR)
        ;
    close(told[0]);
    if (error == 0)
        return 0;
    if (*pid > 0)
        waitpid(*pid, NULL, 0);
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s cannot be started: %s", path, strerror(error));
}

static bool stopped(const volatile sig_atomic_t *stop)
{
    return stop != NULL && *stop != 0;
}

/** Waits until @p fd can be read, for GLANCE at most. */
static void glance(int fd)
{
    struct pollfd event = {.fd = fd, .events = POLLIN};
    poll(&event, 1, GLANCE);
}

int weiss_process_wait(pid_t pid, int milliseconds, const volatile sig_atomic_t *stop, int *status)
{
    int64_t end = now() + milliseconds;
    int fd = pidfd_open(pid, 0), code;
    for (;;) {
        pid_t reaped = waitpid(pid, status, WNOHANG);
        code = reaped != 0 ? 0 : stopped(stop) ? WEISS_STOPPED : WEISS_RETRY;
        if (code != WEISS_RETRY || (milliseconds >= 0 && now() >= end))
            break;
        glance(fd);
    }
    if (fd >= 0)
        close(fd);
    return code;
}

void weiss_process_end(pid_t pid)
{
    kill(-pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

int weiss_process_code(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/** Text that has arrived and is not handed on yet. */
typedef struct pending {
    char text[1024];
    size_t used;
} pending;

/** Hands on the complete lines, and all of it when it is full or @p last. */
static void hand_on(pending *p, const weiss_process_reader *reader, bool last)
{
    char *newline;
    while (p->used > 0 &&
           ((newline = memchr(p->text, '\n', p->used)) != NULL || last || p->used == sizeof p->text - 1)) {
        size_t length = newline != NULL ? (size_t)(newline - p->text) : p->used;
        size_t taken = newline != NULL ? length + 1 : length;
        char after = p->text[length];
        p->text[length] = '\0';
        if (reader->line != NULL)
            reader->line(reader->data, p->text);
        p->text[length] = after;
        memmove(p->text, p->text + taken, p->used - taken);
        p->used -= taken;
    }
}

/** Reads until the end, the stop flag or the limit of time. */
static int read_lines(int fd, const weiss_process_reader *reader)
{
    int64_t end = now() + (int64_t)reader->seconds * 1000;
    pending p = {.used = 0};
    for (;;) {
        glance(fd);
        if (stopped(reader->stop))
            return WEISS_STOPPED;
        if (reader->seconds > 0 && now() >= end)
            return WEISS_RETRY;
        ssize_t length = read(fd, p.text + p.used, sizeof p.text - 1 - p.used);
        if (length < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (length > 0)
            p.used += (size_t)length;
        hand_on(&p, reader, length <= 0);
        if (length <= 0)
            return 0;
    }
}

/** Ends a child's group, with time to clean up when it has some. */
static void end_in_time(pid_t pid, int grace, int *status)
{
    if (grace > 0)
        kill(-pid, SIGTERM);
    if (grace == 0 || weiss_process_wait(pid, grace * 1000, NULL, status) != 0)
        weiss_process_end(pid);
}

int weiss_process_run(const weiss_process_options *options, const weiss_process_reader *reader, int *code,
                      weiss_fault *fault)
{
    weiss_process_options own = *options;
    int pipes[2], status = 0;
    pid_t pid;
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return weiss_fault_set(fault, WEISS_ERR_SYSTEM, "no pipe for %s: %s", options->words[0],
                               strerror(errno));
    own.out = pipes[1];
    own.group = true;
    int result = weiss_process_start(&own, &pid, fault);
    close(pipes[1]);
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    if (result == 0) {
        result = read_lines(pipes[0], reader);
        if (result == 0)
            waitpid(pid, &status, 0);
        else
            end_in_time(pid, reader->grace, &status);
        *code = weiss_process_code(status);
        if (result == WEISS_RETRY)
            result = weiss_fault_set(fault, WEISS_ERR_SYSTEM, "%s did not end in %d s", options->words[0],
                                     reader->seconds);
    }
    close(pipes[0]);
    return result;
}
